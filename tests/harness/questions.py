"""Requests that read what NameServers show, and what was shown."""

import json
from collections.abc import Iterable

from harness.frames import JSON, Answer, ask
from harness.pair import Pair
from harness.peer import Peer
from harness.registrations import CLUSTER, Member

BEFORE_STANDARD_JSON = 400
"""The last version whose routes have bare numeric names."""


def everything(
    *,
    topics: Iterable[str] = (),
    brokers: Iterable[str] = (),
    clusters: Iterable[str] = (CLUSTER,),
    kind: int = JSON,
) -> list[bytes]:
    """Cluster, topic lists, member groups, and routes in both dialects; opaques rise.

    Not the list of system topics: which broker address it names is a matter of Java's hash order.
    """
    number = iter(range(1000, 100_000))
    plain = [ask(code, kind=kind, opaque=next(number)) for code in (106, 206, 311, 312, 313)]
    lists = [ask(224, kind=kind, opaque=next(number), cluster=each) for each in clusters]
    groups = [
        ask(901, kind=kind, opaque=next(number), brokerName=each, clusterName=CLUSTER)
        for each in brokers
    ]
    routes = [
        ask(105, kind=kind, opaque=next(number), version=version, topic=each)
        for each in topics
        for version in (479, BEFORE_STANDARD_JSON)
    ]
    return plain + lists + groups + routes


def text(peer: Peer, frame: bytes) -> str:
    """The body of an answer; AssertionError if the connection was closed instead."""
    answer = peer.ask("admin", frame)
    assert isinstance(answer, Answer), f"{peer.address} closed the connection"
    return answer.text


def shown(peer: Peer, who: Member) -> bool:
    """Whether a server shows a broker's name or address."""
    told = text(peer, ask(106))
    return f'"{who.get("brokerName")}"' in told or f'"{who.get("brokerAddr")}"' in told


def versions(pair: Pair, who: Member) -> list[object]:
    """The registered data version at both; None without a live entry."""
    return [json.loads(text(peer, ask(322, fields=who)) or "null") for peer in pair.peers]
