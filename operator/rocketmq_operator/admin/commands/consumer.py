"""Consumers: consumerProgress, statsAll."""

import asyncio
from typing import Final

from rocketmq_operator.admin import brokers
from rocketmq_operator.admin.groups import (
    connections_of,
    consumers_of,
    group_of,
    is_of_groups,
    route_of,
    stats_of,
)
from rocketmq_operator.admin.invocation import Command, Invocation
from rocketmq_operator.admin.options import Option
from rocketmq_operator.admin.output import Output, lines
from rocketmq_operator.admin.render import consumer as render
from rocketmq_operator.admin.render.consumer import Group, TopicStats
from rocketmq_operator.admin.targets import FAILURES
from rocketmq_operator.errors import ProtocolError, RocketMQError, TransportError
from rocketmq_operator.protocol.bodies import TopicRouteData
from rocketmq_operator.protocol.brokerbodies import ConsumerConnection, ConsumeStats, MessageQueue

MAX_AT_ONCE: Final = 16
GROUP: Final = Option("g", "groupName", "consumer group name", takes_value=True)
TOPIC: Final = Option("t", "topicName", "topic name", takes_value=True)
SHOW_CLIENT: Final = Option("s", "showClientIP", "Show Client IP per Queue", takes_value=True)
CLUSTER: Final = Option(
    "c",
    "cluster",
    "Cluster name or lmq parent topic, lmq is used to find the route.",
    takes_value=True,
)
ACTIVE: Final = Option("a", "activeTopic", "print active topic only")
SELECTED: Final = Option("t", "topic", "print select topic only", takes_value=True)
PUT, GOT = "TOPIC_PUT_NUMS", "GROUP_GET_NUMS"
"""Counters of brokers."""


class Unheard:
    """Brokers that could not be asked, each once. That one refuses is an answer like any other."""

    def __init__(self) -> None:
        self._found: dict[str, RocketMQError] = {}

    def note(self, error: Exception) -> None:
        """A question failed."""
        if isinstance(error, TransportError | ProtocolError):
            self._found.setdefault(str(error), error)

    @property
    def failures(self) -> list[RocketMQError]:
        """What is to be told of them."""
        return list(self._found.values())


async def consumer_progress(call: Invocation) -> Output:
    """Where one group is in each queue, or how much all groups have left."""
    group = call.get("groupName")
    return await _all_groups(call) if group is None else await _one_group(call, group)


async def _one_group(call: Invocation, group: str) -> Output:
    stats = await stats_of(call, group, call.text("topicName"))
    clients = await _clients(call, group) if call.says_true("showClientIP") else None
    return Output(lines(render.progress(stats, clients)), render.queue_rows(stats, clients))


async def _clients(call: Invocation, group: str) -> dict[MessageQueue, str]:
    """The address of the client that has a queue; what cannot be found out is left out."""
    found: dict[MessageQueue, str] = {}
    try:
        broker, connection = await connections_of(call, group)
        for client in connection.connection_set:
            info = await call.admin.consumer_running_info(
                broker, group, client.client_id, timeout=call.seconds
            )
            found.update(dict.fromkeys(info.queues, client.client_id.partition("@")[0]))
    except FAILURES:
        pass
    return found


async def _all_groups(call: Invocation) -> Output:
    topics = await call.topic_list()
    names = [group for group in map(group_of, topics) if group is not None]
    gate, unheard = asyncio.Semaphore(MAX_AT_ONCE), Unheard()

    async def look(name: str) -> Group:
        async with gate:
            connection = await _connection(call, unheard, name)
            return Group(name, connection, await _stats(call, unheard, name))

    groups = await asyncio.gather(*map(look, names))
    text = lines(render.group_list(groups))
    return Output(text, [group.row for group in groups], unheard.failures)


async def _connection(call: Invocation, unheard: Unheard, group: str) -> ConsumerConnection | None:
    try:
        return (await connections_of(call, group))[1]
    except FAILURES as error:
        unheard.note(error)
        return None


async def _stats(
    call: Invocation, unheard: Unheard, group: str, topic: str = ""
) -> ConsumeStats | None:
    try:
        return await stats_of(call, group, topic)
    except FAILURES as error:
        unheard.note(error)
        return None


async def stats_all(call: Invocation) -> Output:
    """What goes into each topic, and what each group takes out of it."""
    topics = await call.topic_list()
    wanted = call.text("topic")
    chosen = [t for t in topics if not is_of_groups(t) and wanted in ("", t)]
    gate, unheard = asyncio.Semaphore(MAX_AT_ONCE), Unheard()

    async def look(topic: str) -> list[TopicStats]:
        async with gate:
            return await _topic_stats(call, unheard, topic)

    found = [each for rows in await asyncio.gather(*map(look, chosen)) for each in rows]
    if call.has("activeTopic"):
        found = [each for each in found if each.in_today > 0 or each.out_today > 0]
    told = [render.stats_header(), *map(render.stats_line, found)]
    return Output(lines(told), [each.row for each in found], unheard.failures)


async def _topic_stats(call: Invocation, unheard: Unheard, topic: str) -> list[TopicStats]:
    """A row for each group of a topic, or one; none where the topic cannot be asked about."""
    try:
        route = await route_of(call, topic)
        groups = await consumers_of(call, route, topic)
    except FAILURES as error:
        unheard.note(error)
        return []
    in_tps, in_today = await _counted(call, unheard, route, PUT, topic)
    if not groups:
        return [TopicStats(topic, "", 0, in_tps, 0.0, in_today, 0)]
    found = []
    for group in groups:
        out_tps, out_today = await _counted(call, unheard, route, GOT, f"{topic}@{group}")
        stats = await _stats(call, unheard, group, topic)
        undone = sum(each.undone for each in stats.offset_table.values()) if stats else 0
        counted = (max(undone, 0), in_tps, out_tps, in_today, out_today)
        found.append(TopicStats(topic, group, *counted))
    return found


async def _counted(
    call: Invocation, unheard: Unheard, route: TopicRouteData, name: str, key: str
) -> tuple[float, int]:
    """A counter of all masters of a route: per second, and of the last day."""
    tps, today = 0.0, 0
    for data in route.broker_datas:
        try:
            address = data.broker_addrs[brokers.MASTER]
            stats = await call.admin.broker_stats(address, name, key, timeout=call.seconds)
        except (*FAILURES, KeyError) as error:
            unheard.note(error)
            continue
        tps += stats.stats_minute.tps
        today += stats.today
    return tps, today


COMMANDS: Final = {
    "consumerProgress": Command(
        consumer_progress,
        (GROUP, TOPIC, SHOW_CLIENT, CLUSTER),
        "-g billing -s true -n 127.0.0.1:9876",
    ),
    "statsAll": Command(stats_all, (ACTIVE, SELECTED), "-t orders -n 127.0.0.1:9876"),
}
