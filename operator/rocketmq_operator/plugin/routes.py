"""A topic's route, as people read it, and whether all servers tell the same."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rich.text import Text

from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.layout import BAD, HEAD, INDENT, Lines, table

WRITE: Final = 2
READ: Final = 4
"""Bits of a queue's ``perm`` (Java: ``PermName``)."""

Route = Mapping[str, Any]


def groups(answers: Answers) -> list[tuple[Route, list[str]]]:
    """The routes that are told, each with the servers that tell it; the most common first."""
    found: dict[str, list[str]] = {}
    for pod, route in sorted(answers.bodies.items()):
        found.setdefault(canonical(route), []).append(pod)
    ranked = sorted(found.values(), key=len, reverse=True)
    return [(answers.bodies[pods[0]], pods) for pods in ranked]


def canonical(route: Route) -> str:
    """A text that is equal for routes with the same queues and addresses in any order."""
    sorted_lists = {
        name: sorted(value, key=lambda each: str(each.get("brokerName")))
        if isinstance(value, list)
        else value
        for name, value in route.items()
    }
    return json.dumps(sorted_lists, sort_keys=True)


def lines(topic: str, answers: Answers) -> Lines:
    """The route of ``topic``; several where servers tell different ones."""
    found = groups(answers)
    told = [line for route, pods in found for line in _route(topic, route, pods)]
    silent = [
        Text(f"{INDENT}{pod}: {why}", style=BAD) for pod, why in sorted(answers.silent.items())
    ]
    return [*told, *([Text("Not told by", style=HEAD), *silent] if silent else [])]


def _route(topic: str, route: Route, pods: Iterable[str]) -> Iterator[Text]:
    yield Text.assemble((topic, HEAD), f", as told by {', '.join(pods)}")
    order = route.get("orderTopicConf")
    if order:
        yield Text(f"{INDENT}ordered: {order}")
    header = ("BROKER", "CLUSTER", "READ", "WRITE", "PERM", "ADDRESSES")
    yield from table(header, map(_row, rows(route)))


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    addresses = ", ".join(f"{number}: {where}" for number, where in row["addresses"].items())
    return (
        row["broker"], row["cluster"], str(row["readQueues"]), str(row["writeQueues"]),
        row["perm"], addresses,
    )  # fmt: skip


def rows(route: Route) -> list[dict[str, Any]]:
    """A row for each broker of the route."""
    queues = {each["brokerName"]: each for each in route.get("queueDatas") or ()}
    data = {each["brokerName"]: each for each in route.get("brokerDatas") or ()}
    return [
        _broker(name, data.get(name, {}), queues.get(name, {})) for name in sorted({*data, *queues})
    ]


def _broker(name: str, data: Mapping[str, Any], queue: Mapping[str, Any]) -> dict[str, Any]:
    addresses = sorted((data.get("brokerAddrs") or {}).items(), key=lambda each: int(each[0]))
    return {
        "broker": name,
        "cluster": data.get("cluster", ""),
        "readQueues": queue.get("readQueueNums", 0),
        "writeQueues": queue.get("writeQueueNums", 0),
        "perm": permission(queue.get("perm", 0)),
        "addresses": dict(addresses),
    }


def permission(bits: int) -> str:
    """``RW``, ``R``, ``W``, or empty for none."""
    return ("R" if bits & READ else "") + ("W" if bits & WRITE else "")


def similar(topic: str, topics: Iterable[str]) -> list[str]:
    """Topics that may have been meant."""
    return difflib.get_close_matches(topic, list(topics), n=3)
