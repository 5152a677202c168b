"""Consumer groups as Java's admin tools find them: by their retry topics, through brokers."""

import random
from functools import partial
from typing import Final

from rocketmq_operator.admin import brokers
from rocketmq_operator.admin.invocation import Invocation
from rocketmq_operator.errors import ResponseError
from rocketmq_operator.protocol.bodies import TopicRouteData
from rocketmq_operator.protocol.brokerbodies import ConsumerConnection, ConsumeStats
from rocketmq_operator.protocol.codes import ResponseCode

RETRY: Final = "%RETRY%"
DEAD_LETTERS: Final = "%DLQ%"
BROADCASTING: Final = "BROADCASTING"
NO_OFFSETS: Final = (
    "Not found the consumer group consume stats, because return offset table is empty, "
)


def is_of_groups(topic: str) -> bool:
    """Whether a topic is only there for a consumer group."""
    return topic.startswith((RETRY, DEAD_LETTERS))


def group_of(topic: str) -> str | None:
    """The group whose retry topic it is (``KeyBuilder.parseGroup``), or None."""
    if not topic.startswith(RETRY):
        return None
    name = topic.removeprefix(RETRY)
    parts = name.split("+")
    return parts[0] if len(parts) == 2 else name


async def route_of(call: Invocation, *topics: str) -> TopicRouteData:
    """The route of the first of the topics that has one. Raises ResponseError."""
    for topic in topics:
        route = await call.ask(partial(_route, call, topic))
        if route is not None:
            return route
    text = f"No topic route info in name server for the topic: {topics[-1]}"
    raise ResponseError(ResponseCode.TOPIC_NOT_EXIST, text, ";".join(call.servers))


async def _route(call: Invocation, topic: str, server: str) -> TopicRouteData | None:
    return await call.admin.topic_route(server, topic, timeout=call.seconds)


async def consumers_of(call: Invocation, route: TopicRouteData, topic: str) -> list[str]:
    """The groups that consume a topic, as the first broker of its route knows them."""
    for address in brokers.one_of_each(route):
        return await call.admin.topic_consumers(address, topic, timeout=call.seconds)
    return []


async def connections_of(call: Invocation, group: str) -> tuple[str, ConsumerConnection]:
    """The clients of a group, and the broker that told of them. Raises ResponseError."""
    route = await route_of(call, f"{RETRY}{group}")
    addresses = brokers.one_of_each(route)
    address = random.choice(addresses) if addresses else ""
    found = await call.admin.consumer_connections(address, group, timeout=call.seconds)
    if not found.connection_set:
        text = "Not found the consumer group connection"
        raise ResponseError(ResponseCode.CONSUMER_NOT_ONLINE, text, address)
    return address, found


async def stats_of(call: Invocation, group: str, topic: str = "") -> ConsumeStats:
    """Where a group is in each queue, of one topic or of all. Raises ResponseError."""
    found = [f"{RETRY}{group}", *((topic, f"{RETRY}{group}_{topic}") if topic else ())]
    route = await route_of(call, *found)
    tps, offsets = 0.0, {}
    for address in brokers.one_of_each(route):
        stats = await call.admin.consume_stats(address, group, topic, timeout=3 * call.seconds)
        tps += stats.consume_tps
        offsets.update(stats.offset_table)
    if not offsets:
        await _explain(call, group)
    return ConsumeStats(tps, offsets)


async def _explain(call: Invocation, group: str) -> None:
    """Raise what Java's tools say of a group without an offset; nothing of one that is online."""
    where = ";".join(call.servers)
    try:
        _, connection = await connections_of(call, group)
    except ResponseError as error:
        text = f"{NO_OFFSETS}maybe the consumer not consume any message"
        raise ResponseError(ResponseCode.CONSUMER_NOT_ONLINE, text, where) from error
    if connection.message_model == BROADCASTING:
        text = f"{NO_OFFSETS}the consumer is under the broadcast mode"
        raise ResponseError(ResponseCode.BROADCAST_CONSUMPTION, text, where)
