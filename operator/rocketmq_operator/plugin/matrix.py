"""Brokers by servers: what each server says of each broker."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.layout import (
    BAD,
    GOOD,
    WARN,
    Lines,
    counted,
    duration,
    table,
    toned,
)
from rocketmq_operator.reconciler.kinds import Object

REGISTERED: Final = "registered"
PROVISIONAL: Final = "provisional"
MISSING: Final = "missing"
UNKNOWN: Final = "no answer"
OLDER: Final = "older"
"""Registered, but with an older list of topics than another server has."""

TONES: Final = {REGISTERED: GOOD, PROVISIONAL: WARN, OLDER: WARN, UNKNOWN: WARN, MISSING: BAD}


class Place(NamedTuple):
    """One broker process at one address."""

    cluster: str
    name: str
    id: int
    address: str


def matrix(answers: Answers) -> dict[Place, dict[str, str]]:
    """What each server says of each broker that any of them shows, by server."""
    shown = {pod: _brokers(body) for pod, body in answers.bodies.items()}
    places = sorted({place for brokers in shown.values() for place in brokers})
    newest = {place: max(_version(brokers.get(place)) for brokers in shown.values())
              for place in places}  # fmt: skip
    return {
        place: {
            pod: _said(place, shown.get(pod), answers.bodies.get(pod, {}), newest[place])
            for pod in answers.pods
        }
        for place in places
    }


def _brokers(body: Mapping[str, Any]) -> dict[Place, Object]:
    return {place(each): each for each in body.get("brokers", ())}


def place(broker: Mapping[str, Any]) -> Place:
    """Who a broker of a server's view is."""
    return Place(broker["cluster"], broker["name"], broker["id"], broker["address"])


def _version(broker: Object | None) -> tuple[int, ...]:
    version = (broker or {}).get("dataVersion", {})
    return tuple(version.get(part, 0) for part in ("stateVersion", "timestamp", "counter"))


def _said(
    wanted: Place,
    brokers: Mapping[Place, Object] | None,
    body: Mapping[str, Any],
    newest: tuple[int, ...],
) -> str:
    if brokers is None:
        return UNKNOWN
    broker = brokers.get(wanted)
    if broker is None:
        left = departed(body, wanted.address)
        return MISSING if left is None else f"left {duration(left)} ago"
    if broker.get("provisional"):
        return PROVISIONAL
    return OLDER if _version(broker) < newest else REGISTERED


def departed(body: Mapping[str, Any], address: str) -> float | None:
    """Seconds since a broker at this address left a server; None if it is not known to have."""
    ages = [
        each["age"]
        for each in body.get("departures", ())
        if each["address"] == address and "age" in each
    ]
    return min(ages) / 1000 if ages else None


def lines(found: Mapping[Place, Mapping[str, str]], pods: Iterable[str]) -> Lines:
    """A row for each broker, a column for each server."""
    names = list(pods)
    header = ("BROKER", "ID", "CLUSTER", "ADDRESS", *(name.upper() for name in names))
    rows = [
        (who.name, str(who.id), who.cluster, who.address, *(_cell(said[name]) for name in names))
        for who, said in found.items()
    ]
    return table(header, rows, indent="")


def _cell(said: str) -> Any:
    return toned(said, TONES if said in TONES else {said: BAD})


def rows(found: Mapping[Place, Mapping[str, str]]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [{**who._asdict(), "servers": dict(said)} for who, said in found.items()]


def from_status(status: Object) -> dict[Place, dict[str, str]]:
    """As far as the status tells it, for servers that have no HTTP side."""
    servers = {each["name"]: each for each in status.get("nameServers", ())}
    return {
        place(broker): {
            name: UNKNOWN if "brokers" not in server else _mirrored(broker, name)
            for name, server in servers.items()
        }
        for broker in status.get("brokers", ())
    }


def _mirrored(broker: Object, server: str) -> str:
    gone = broker["state"] == "Offline" or server in broker.get("missingFrom", ())
    return MISSING if gone else REGISTERED


def agreement(found: Mapping[Place, Mapping[str, str]], pods: Iterable[str]) -> str:
    """One sentence on whether the servers agree."""
    answering = [p for p in pods if any(said[p] != UNKNOWN for said in found.values())]
    differing = [who for who, said in found.items() if _disputed(said)]
    if not found:
        return "no server knows a broker"
    if differing:
        return f"not the same everywhere: {', '.join(f'{w.name} (id {w.id})' for w in differing)}"
    servers, brokers = counted(len(answering), "server"), counted(len(found), "broker")
    return f"{servers}, the same {brokers} on each"


def _disputed(said: Mapping[str, str]) -> bool:
    return len({words for words in said.values() if words != UNKNOWN} - {REGISTERED}) > 0


def merged(answers: Answers) -> list[dict[str, Any]]:
    """Every broker that a server shows, with the servers that do not have it registered."""
    topics = {
        place(each): each.get("topics", 0)
        for body in answers.bodies.values()
        for each in body.get("brokers", ())
    }
    return [
        {
            **who._asdict(),
            "topics": topics[who],
            "missingFrom": [p for p, words in said.items() if words not in (REGISTERED, UNKNOWN)],
        }
        for who, said in matrix(answers).items()
    ]


def merged_lines(listed: Iterable[Mapping[str, Any]]) -> Lines:
    """A row for each of :func:`merged`, those in trouble first."""
    rows = [
        (
            each["name"],
            str(each["id"]),
            each["cluster"],
            each["address"],
            str(each["topics"]),
            ", ".join(each["missingFrom"]),
        )
        for each in sorted(listed, key=lambda each: not each["missingFrom"])
    ]
    header = ("BROKER", "ID", "CLUSTER", "ADDRESS", "TOPICS", "NOT REGISTERED WITH")
    return table(header, rows) if rows else []
