"""What the commands print that are about topics."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from rocketmq_operator.protocol.bodies import TopicConfig, TopicRouteData

ROUTE_ROW: Final = "{:<45} {:<32} {:<50} {:<10} {:<11} {:<5}"
ROUTE_COLUMNS: Final = (
    "#ClusterName", "#BrokerName", "#BrokerAddrs", "#ReadQueue", "#WriteQueue", "#Perm",
)  # fmt: skip
DASHES: Final = 158
TOPIC_HEADER: Final = "{:<20}  {:<48}  {:<48}"
TOPIC_ROW: Final = "{:<20.20}  {:<64.64}  {:<64.64}"
READ, WRITE, INHERIT = 4, 2, 1
"""Bits of a permission."""


def route_json(route: TopicRouteData) -> str:
    """A route as fastjson prints it for people (``PrettyFormat``)."""
    return pretty(msgspec.to_builtins(route))


def pretty(value: Any, depth: int = 0) -> str:
    """A value of dicts, lists and scalars; members that are None are left out.

    Entries of maps whose keys are numbers stand on one line, without quotes.
    """
    inner, outer = "\n" + "\t" * (depth + 1), "\n" + "\t" * depth
    if isinstance(value, Mapping) and value and all(isinstance(key, int) for key in value):
        entries = (f"{key}:{pretty(each, depth + 1)}" for key, each in sorted(value.items()))
        return f"{{{','.join(entries)}{outer}}}"
    if isinstance(value, Mapping):
        told = sorted((key, each) for key, each in value.items() if each is not None)
        members = [f"{inner}{_scalar(key)}:{pretty(each, depth + 1)}" for key, each in told]
        return f"{{{','.join(members)}{outer}}}" if members else "{}"
    if isinstance(value, list | tuple):
        items = [f"{inner}{pretty(each, depth + 1)}" for each in value]
        return f"[{','.join(items)}{outer}]" if items else "[]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def route_rows(route: TopicRouteData) -> list[dict[str, Any]]:
    """A row for each broker name, in order. One without queues has none."""
    queues = {data.broker_name: data for data in route.queue_datas}
    found = []
    for broker in sorted(route.broker_datas, key=lambda each: each.broker_name):
        data = queues.get(broker.broker_name)
        found.append(
            {
                "cluster": broker.cluster or "",
                "broker": broker.broker_name,
                "addresses": dict(sorted(broker.broker_addrs.items())),
                "readQueues": data.read_queue_nums if data else 0,
                "writeQueues": data.write_queue_nums if data else 0,
                "perm": data.perm if data else 0,
            }
        )
    return found


def route_list(route: TopicRouteData) -> Iterable[str]:
    """The lines of topicRoute -l."""
    found = route_rows(route)
    yield ROUTE_ROW.format(*ROUTE_COLUMNS)
    for row in found:
        row["addresses"] = _java_map(row["addresses"])
        yield ROUTE_ROW.format(*row.values())
    yield "-" * DASHES
    names = len({data.broker_name for data in route.queue_datas})
    sums = [sum(row[name] for row in found) for name in ("readQueues", "writeQueues")]
    yield ROUTE_ROW.format("Total:", names, "", *sums, "")


def topic_config(topic: TopicConfig, *, order: bool, attributes: Mapping[str, str]) -> str:
    """A topic as Java's ``TopicConfig.toString`` has it."""
    return (
        f"TopicConfig [topicName={topic.topic_name}, readQueueNums={topic.read_queue_nums}, "
        f"writeQueueNums={topic.write_queue_nums}, perm={perm_name(topic.perm)}, "
        f"topicFilterType=SINGLE_TAG, topicSysFlag={topic.topic_sys_flag}, "
        f"order={str(order).lower()}, attributes={_java_map(attributes)}]"
    )


def perm_name(perm: int) -> str:
    """``RW-`` for 6 (``PermName.perm2String``)."""
    letters = ((READ, "R"), (WRITE, "W"), (INHERIT, "X"))
    return "".join(letter if perm & bit else "-" for bit, letter in letters)


def _java_map(entries: Mapping[Any, Any]) -> str:
    return f"{{{', '.join(f'{key}={value}' for key, value in entries.items())}}}"
