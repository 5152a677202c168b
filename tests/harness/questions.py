"""Requests that read everything a NameServer shows."""

from collections.abc import Iterable

from harness.frames import JSON, ask
from harness.registrations import CLUSTER

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
