"""Topics: topicList, topicRoute, topicClusterList, updateTopic, deleteTopic."""

import asyncio
from typing import Final

from rocketmq_operator.admin import brokers
from rocketmq_operator.admin.commands.kv import ORDER_NAMESPACE, put_everywhere
from rocketmq_operator.admin.groups import RETRY, consumers_of, is_of_groups, route_of
from rocketmq_operator.admin.invocation import Command, Invocation
from rocketmq_operator.admin.options import Option
from rocketmq_operator.admin.output import Output, lines
from rocketmq_operator.admin.render import topic as render
from rocketmq_operator.admin.targets import FAILURES, on_every
from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.bodies import ClusterInfo, TopicConfig

MAX_AT_ONCE: Final = 16
QUEUES: Final = 8
"""Of a new topic, as with Java's tools."""
TOPIC: Final = Option("t", "topic", "topic name", takes_value=True, required=True)
BY_CLUSTER: Final = Option("c", "clusterModel", "clusterModel")
LIST: Final = Option("l", "list", "Use list format to print data")
DELETED_FROM: Final = Option(
    "c", "clusterName", "delete topic from which cluster", takes_value=True, required=True
)
WHERE: Final = (
    Option("b", "brokerAddr", "create topic to which broker", takes_value=True, group="where"),
    Option("c", "clusterName", "create topic to which cluster", takes_value=True, group="where"),
)
SETTINGS: Final = (
    Option("a", "attributes", "attribute(+a=b,+c=d,-e)", takes_value=True),
    TOPIC,
    Option("r", "readQueueNums", "set read queue nums", takes_value=True),
    Option("w", "writeQueueNums", "set write queue nums", takes_value=True),
    Option("p", "perm", "set topic's permission(2|4|6), intro[2:W 4:R; 6:RW]", takes_value=True),
    Option("o", "order", "set topic's order(true|false)", takes_value=True),
    Option("u", "unit", "is unit topic (true|false)", takes_value=True),
    Option("s", "hasUnitSub", "has unit sub (true|false)", takes_value=True),
)
UNIT, UNIT_SUB = 1, 2
"""Bits of a topic's system flag (``TopicSysFlag``)."""


async def topic_list(call: Invocation) -> Output:
    """The topics that a NameServer has routes for; with their clusters and consumers if asked."""
    topics = await call.topic_list()
    if not call.has("clusterModel"):
        return Output(lines(topics), [{"topic": topic} for topic in topics])
    info = await call.cluster_info()
    gate = asyncio.Semaphore(MAX_AT_ONCE)

    async def look(topic: str) -> list[tuple[str, str, str]]:
        async with gate:
            return await _used_by(call, info, topic)

    asked = [topic for topic in topics if not is_of_groups(topic)]
    found = [row for rows in await asyncio.gather(*map(look, asked)) for row in rows]
    header = render.TOPIC_HEADER.format("#Cluster Name", "#Topic", "#Consumer Group")
    told = [header, *(render.TOPIC_ROW.format(*row) for row in found)]
    names = ("cluster", "topic", "group")
    return Output(lines(told), [dict(zip(names, row, strict=True)) for row in found])


async def _used_by(call: Invocation, info: ClusterInfo, topic: str) -> list[tuple[str, str, str]]:
    """The topic's cluster with each of its groups; without one where a broker does not tell."""
    cluster, groups = "", list[str]()
    try:
        route = await route_of(call, topic)
        cluster = next(iter(brokers.clusters_of(info, route.broker_datas[0].broker_name)), "")
        groups = await consumers_of(call, route, topic)
    except (*FAILURES, IndexError):
        pass
    return [(cluster, topic, group) for group in groups or [""]]


async def topic_route(call: Invocation) -> Output:
    """The route of a topic."""
    route = await route_of(call, call.text("topic"))
    text = lines(render.route_list(route)) if call.has("list") else render.route_json(route) + "\n"
    return Output(text, render.route_rows(route))


async def topic_cluster_list(call: Invocation) -> Output:
    """The clusters that hold a topic, by the first broker of its route."""
    info, route = await call.cluster_info(), await route_of(call, call.text("topic"))
    first = route.broker_datas[0].broker_name if route.broker_datas else ""
    found = brokers.clusters_of(info, first)
    return Output(lines(found), [{"cluster": cluster} for cluster in found])


async def update_topic(call: Invocation) -> Output:
    """Make a topic, or change it, on one broker or on the masters of a cluster."""
    topic, order = _topic(call), call.says_true("order")
    attributes = _attributes(call.text("attributes"))
    info = await call.cluster_info() if order or call.has("clusterName") else ClusterInfo()
    cluster = call.get("clusterName")
    data = [] if cluster is None else brokers.of_cluster(info, cluster)
    addresses = [call.text("brokerAddr")] if cluster is None else brokers.masters(data)
    told: list[str] = []
    joined = ",".join(f"{key}={value}" if value else key for key, value in attributes.items())
    for address in addresses:
        await call.admin.update_topic(
            address, topic, order=order, attributes=joined, timeout=call.seconds
        )
        told.append(f"create topic to {address} success.")
    if order and cluster is None:
        conf = await _order_of_broker(call, topic, brokers.name_at(info, addresses[0]))
        told.insert(0, f"set broker orderConf. isOrder=true, orderConf=[{conf}]")
    elif order:
        conf = ";".join(f"{each.broker_name}:{topic.write_queue_nums}" for each in data)
        await put_everywhere(call, ORDER_NAMESPACE, topic.topic_name or "", conf)
        told.append(f"set cluster orderConf. isOrder=true, orderConf=[{conf}]")
    told.append(render.topic_config(topic, order=order, attributes=attributes))
    return Output(lines(told), [{"broker": a, "topic": topic.topic_name} for a in addresses])


def _topic(call: Invocation) -> TopicConfig:
    flag = UNIT * call.says_true("unit") + UNIT_SUB * call.says_true("hasUnitSub")
    return TopicConfig(
        topic_name=call.text("topic"),
        perm=call.number("perm", render.READ | render.WRITE),
        read_queue_nums=call.number("readQueueNums", QUEUES),
        topic_sys_flag=flag,
        write_queue_nums=call.number("writeQueueNums", QUEUES),
    )


def _attributes(text: str) -> dict[str, str]:
    """``+a=b,-c`` by name, sign included (``AttributeParser``). Raises SettingsError."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if ("+" if equals else "-") not in name:
            raise SettingsError(f"--attributes {part!r}: want +NAME=VALUE or -NAME")
        if name in found:
            raise SettingsError(f"--attributes: key duplication: {name}")
        found[name] = value
    return found


async def _order_of_broker(call: Invocation, topic: TopicConfig, broker: str) -> str:
    """Give one broker its part in the order of a topic's queues, beside those of the others."""
    key, own = topic.topic_name or "", f"{broker}:{topic.write_queue_nums}"
    before = await call.ask(
        lambda server: call.admin.get_kv(server, ORDER_NAMESPACE, key, timeout=call.seconds)
    )
    parts = {part.partition(":")[0]: part for part in (before or "").split(";") if part}
    await put_everywhere(call, ORDER_NAMESPACE, key, ";".join({**parts, broker: own}.values()))
    return own


async def delete_topic(call: Invocation) -> Output:
    """Delete a topic on the masters of a cluster, then on every NameServer."""
    topic, cluster = call.text("topic"), call.text("clusterName")
    if topic == RETRY:
        raise SettingsError(f"--topic {topic!r}: no group is named")
    for address in brokers.masters(brokers.of_cluster(await call.cluster_info(), cluster)):
        await call.admin.delete_topic_in_broker(address, topic, timeout=call.seconds)
    call.show(Output(f"delete topic [{topic}] from cluster [{cluster}] success.\n", ()))

    async def delete(server: str) -> None:
        await call.admin.delete_topic(server, topic, cluster, timeout=call.seconds)

    await on_every(call.servers, delete)
    return Output(f"delete topic [{topic}] from NameServer success.\n", {"topic": topic})


COMMANDS: Final = {
    "topicList": Command(topic_list, (BY_CLUSTER,), "-n 127.0.0.1:9876"),
    "topicRoute": Command(topic_route, (TOPIC, LIST), "-t orders -n 127.0.0.1:9876"),
    "topicClusterList": Command(topic_cluster_list, (TOPIC,), "-t orders -n 127.0.0.1:9876"),
    "updateTopic": Command(
        update_topic,
        (*WHERE, *SETTINGS),
        "-t orders -c DefaultCluster -r 8 -w 8 -n 127.0.0.1:9876",
    ),
    "deleteTopic": Command(
        delete_topic, (TOPIC, DELETED_FROM), "-t orders -c DefaultCluster -n 127.0.0.1:9876"
    ),
}
