"""The page of ``kubectl nsc status``: one NameServerCluster on one screen."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from rocketmq_operator.plugin.advice import advice, troubled
from rocketmq_operator.plugin.layout import (
    BAD,
    GOOD,
    HEAD,
    INDENT,
    WARN,
    Cell,
    Lines,
    age,
    section,
    table,
    toned,
)
from rocketmq_operator.reconciler.kinds import Object

TONES: Final = {
    "Running": GOOD,
    "Converged": GOOD,
    "Synced": GOOD,
    "Online": GOOD,
    "Serving": GOOD,
    "True": GOOD,
    "yes": GOOD,
    "Degraded": BAD,
    "Failed": BAD,
    "Diverged": BAD,
    "Drifted": BAD,
    "UnknownKeys": BAD,
    "Offline": BAD,
    "False": BAD,
    "no": BAD,
    "Paused": WARN,
    "Suspended": WARN,
    "Creating": WARN,
    "Updating": WARN,
    "Scaling": WARN,
    "Converging": WARN,
    "Syncing": WARN,
    "RestartRequired": WARN,
    "Unknown": WARN,
}
ORDER: Final = {"Offline": 0, "Diverged": 1, "Online": 2}
MAX_BROKERS: Final = 20
"""Lines of online brokers on the page; those in trouble are all there."""


def summary(nsc: Object, versions: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """What the page tells, for programs; ``versions`` are those of servers that were asked."""
    metadata, status = nsc["metadata"], nsc.get("status") or {}
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "phase": status.get("phase", "Unknown"),
        "message": status.get("message", ""),
        "created": metadata["creationTimestamp"],
        **{name: status.get(name, "") for name in ("version", "ready", "views", "config")},
        "brokersOnline": status.get("brokersOnline", ""),
        "address": status.get("addresses", {}).get("namesrvAddr", ""),
        "conditions": troubled(status.get("conditions", [])),
        "servers": [_server(each, status, versions) for each in status.get("nameServers", [])],
        "brokers": by_trouble(status.get("brokers", [])),
        "brokersNotListed": _not_listed(status),
        "rollout": status.get("rollout", {}),
        "drift": _drift(status),
        "next": advice(nsc, now),
    }


def by_trouble(brokers: list[Object]) -> list[Object]:
    """Offline first, then diverged, then online; the order of the status within each."""
    return sorted(brokers, key=lambda broker: ORDER.get(broker["state"], 0))


def _server(server: Object, status: Object, versions: Mapping[str, str]) -> dict[str, Any]:
    told = versions.get(server["name"], "")
    one = status.get("version", "")
    agreed = one if "," not in one and server.get("state") == "Serving" else ""
    return {**server, "version": told or agreed}


def _not_listed(status: Object) -> int:
    counts = status.get("brokerSummary", {})
    return int(counts.get("known", 0)) - int(counts.get("listed", 0))


def _drift(status: Object) -> dict[str, Any]:
    config = status.get("namesrvConfig", {})
    names = ("drifted", "unknownKeys", "restartRequiredKeys")
    kv = {
        each["kvNamespace"]: each["drifted"]
        for each in status.get("kvConfig", [])
        if each.get("drifted")
    }
    found = {name: config[name] for name in names if config.get(name)}
    return found | ({"kv": kv} if kv else {})


def page(seen: Mapping[str, Any], now: datetime) -> Lines:
    """The page of one summary."""
    return [
        *_header(seen, now),
        *section("Not fine", _conditions(seen, now)),
        *section("Servers", _servers(seen, now)),
        *section("Brokers", _brokers(seen, now)),
        *section("Rollout", list(_rollout(seen["rollout"], now))),
        *section("Drift", list(_drifts(seen["drift"]))),
        *section("What to do next", [Text(f"{INDENT}- {each}") for each in seen["next"]]),
    ]


def _header(seen: Mapping[str, Any], now: datetime) -> Lines:
    who = f"{seen['namespace']}/{seen['name']}"
    title = Text.assemble((who, HEAD), INDENT, toned(seen["phase"], TONES))
    row = [
        seen["ready"],
        seen["brokersOnline"],
        toned(seen["views"], TONES),
        toned(seen["config"], TONES),
        seen["version"],
        age(seen["created"], now),
    ]
    header = ("READY", "BROKERS", "VIEWS", "CONFIG", "VERSION", "AGE")
    told = [Text(f"{INDENT}{seen['message']}")] if seen["message"] else []
    return [title, *told, *table(header, [row])]


def _conditions(seen: Mapping[str, Any], now: datetime) -> Lines:
    rows = [
        (
            Text(each["type"], style=WARN if each["status"] == "Unknown" else BAD),
            each["status"],
            each["reason"],
            age(each["lastTransitionTime"], now),
            each.get("message", ""),
        )
        for each in seen["conditions"]
    ]
    return table(("CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"), rows) if rows else []


def _servers(seen: Mapping[str, Any], now: datetime) -> Lines:
    rows = [_server_row(each, now) for each in seen["servers"]]
    header = ["SERVER", "STATE", "READY", "VERSION", "STARTED", "IN SYNC", "BROKERS", "ERROR"]
    if not any(each.get("error") for each in seen["servers"]):
        header, rows = header[:-1], [row[:-1] for row in rows]
    return table(header, rows) if rows else []


def _server_row(server: Mapping[str, Any], now: datetime) -> list[Cell]:
    return [
        server["name"],
        toned(server.get("state", ""), TONES),
        toned(_yes(server.get("ready")), TONES),
        server["version"],
        age(server.get("startTime", ""), now),
        toned(_in_sync(server), TONES),
        str(server.get("brokers", "")),
        server.get("error", ""),
    ]


def _in_sync(server: Mapping[str, Any]) -> str:
    """``yes``, or what is not in sync; empty where nobody knows."""
    known = {"config": server.get("configInSync"), "KV": server.get("kvInSync")}
    if None in known.values():
        return ""
    return ", ".join(f"not {what}" for what, fine in known.items() if not fine) or "yes"


def _yes(value: bool | None) -> str:
    return "yes" if value else "no"


def _brokers(seen: Mapping[str, Any], now: datetime) -> Lines:
    listed = seen["brokers"]
    troubled_count = sum(each["state"] != "Online" for each in listed)
    shown = listed[: max(MAX_BROKERS, troubled_count)]
    hidden = len(listed) - len(shown) + seen["brokersNotListed"]
    where = f"{seen['name']} -n {seen['namespace']}"
    more = f"{INDENT}and {hidden} more: kubectl nsc brokers {where} --live"
    return brokers(shown, now) + ([Text(more)] if hidden > 0 else [])


def brokers(listed: list[Object], now: datetime) -> Lines:
    """A row for each item of ``status.brokers``."""
    rows = [_broker_row(each, now) for each in listed]
    header = ("BROKER", "ID", "CLUSTER", "ADDRESS", "STATE", "SINCE", "VIEWS", "MISSING FROM")
    return table(header, rows) if rows else []


def _broker_row(broker: Object, now: datetime) -> list[Cell]:
    return [
        broker["name"],
        str(broker["id"]),
        broker["cluster"],
        broker["address"],
        toned(broker["state"], TONES),
        age(broker.get("lastTransitionTime", ""), now),
        broker.get("views", ""),
        ", ".join(broker.get("missingFrom", ())),
    ]


def _rollout(rollout: Mapping[str, Any], now: datetime) -> Iterator[Text]:
    if rollout.get("state", "Idle") == "Idle":
        return
    pod = f", pod {rollout['pod']}" if "pod" in rollout else ""
    since = f", for {age(rollout['since'], now)}" if "since" in rollout else ""
    yield Text(f"{INDENT}{rollout['state']}{pod}{since}")
    if "blockedBy" in rollout:
        yield Text(f"{INDENT}waits for: {rollout['blockedBy']}")
    if "message" in rollout:
        yield Text(f"{INDENT}{rollout['message']}")
    if rollout.get("reasons"):
        yield Text(f"{INDENT}because of: {', '.join(rollout['reasons'])}")


def _drifts(drift: Mapping[str, Any]) -> Iterator[Text]:
    words = {
        "drifted": "configuration differs",
        "unknownKeys": "servers do not know",
        "restartRequiredKeys": "waits for a restart",
    }
    for name, text in words.items():
        if name in drift:
            yield Text(f"{INDENT}{text}: {', '.join(drift[name])}")
    for namespace, keys in drift.get("kv", {}).items():
        yield Text(f"{INDENT}KV {namespace} differs: {', '.join(keys)}")


def row(seen: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One line of a table of several clusters."""
    return {
        "namespace": seen["namespace"],
        "name": seen["name"],
        "ready": seen["ready"],
        "status": seen["phase"],
        "brokers": seen["brokersOnline"],
        "views": seen["views"],
        "config": seen["config"],
        "version": seen["version"],
        "age": age(seen["created"], now),
        "message": seen["message"],
    }
