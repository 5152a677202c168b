"""One round of looks at all consumer groups, through NameServers and brokers."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from rocketmq_operator.admin import brokers
from rocketmq_operator.admin.groups import connections_of, group_of, route_of, stats_of
from rocketmq_operator.admin.invocation import Invocation
from rocketmq_operator.admin.monitor import judge
from rocketmq_operator.admin.monitor.reports import Offline, Report, UndoneMsgs
from rocketmq_operator.admin.targets import FAILURES
from rocketmq_operator.errors import (
    ProtocolError,
    ResponseError,
    RocketMQError,
    TransportError,
)
from rocketmq_operator.protocol.brokerbodies import (
    ConsumerConnection,
    ConsumerRunningInfo,
    MessageQueue,
    OffsetWrapper,
)
from rocketmq_operator.protocol.codes import ResponseCode

MAX_AT_ONCE: Final = 16
OLDEST_TOLD: Final = 62
"""Clients of earlier releases do not say how they are (``V3_1_8_SNAPSHOT``)."""


async def groups_of(call: Invocation) -> list[str]:
    """All consumer groups, in order, by their retry topics."""
    topics = await call.topic_list()
    return sorted({group for group in map(group_of, topics) if group})


async def look(call: Invocation, groups: Sequence[str]) -> tuple[list[Report], list[RocketMQError]]:
    """What there is to tell of each group, in order, and who could not be asked, each once.

    A group of which a broker says that there is nothing to tell is passed over, as in Java.
    """
    gate = asyncio.Semaphore(MAX_AT_ONCE)
    failures: dict[str, RocketMQError] = {}

    async def one(group: str) -> list[Report]:
        try:
            async with gate:
                return await _group(call, group)
        except (TransportError, ProtocolError) as error:
            failures[str(error)] = error
            return []

    found = await asyncio.gather(*map(one, groups))
    return [report for reports in found for report in reports], list(failures.values())


async def _group(call: Invocation, group: str) -> list[Report]:
    try:
        stats = await stats_of(call, group)
        connected = await _connected(call, group)
        left = judge.undone(group, stats.offsets, await _newest(call, stats.offsets))
    except ResponseError:
        return []
    if connected is None:
        return _offline(group, left)
    broker, connection = connected
    clients = await _running(call, broker, group, connection)
    return [*left, *judge.running(group, clients, int(time.time() * 1000))]


def _offline(group: str, left: Sequence[UndoneMsgs]) -> list[Report]:
    total = sum(each.total for each in left)
    return [*left, Offline(group, total)] if total else []


async def _connected(call: Invocation, group: str) -> tuple[str, ConsumerConnection] | None:
    """As ``connections_of``; None for a group of which nobody is there."""
    try:
        return await connections_of(call, group)
    except ResponseError as error:
        if error.code != ResponseCode.CONSUMER_NOT_ONLINE:
            raise
        return None


async def _running(
    call: Invocation, broker: str, group: str, connection: ConsumerConnection
) -> dict[str, ConsumerRunningInfo]:
    """What each client says of itself; those that do not answer are left out."""
    found = {}
    for client in connection.connection_set:
        if client.version < OLDEST_TOLD:
            continue
        try:
            found[client.client_id] = await call.admin.consumer_running_info(
                broker, group, client.client_id, timeout=call.seconds
            )
        except FAILURES:
            continue
    return found


async def _newest(
    call: Invocation, offsets: Mapping[MessageQueue, OffsetWrapper]
) -> dict[MessageQueue, int]:
    """When the newest message of each queue with a consumed one was stored, ms since 1970."""
    found: dict[MessageQueue, int] = {}
    for topic in {queue.topic for queue, each in offsets.items() if each.last_timestamp > 0}:
        try:
            route = await route_of(call, topic)
        except FAILURES:
            continue
        where = {data.broker_name: brokers.one_of(data) for data in route.broker_datas}
        for queue in (queue for queue in offsets if queue.topic == topic):
            address = where.get(queue.broker_name)
            stored = await _stored(call, address, queue) if address else None
            if stored is not None:
                found[queue] = stored
    return found


async def _stored(call: Invocation, address: str, queue: MessageQueue) -> int | None:
    try:
        last = await call.admin.max_offset(address, queue, timeout=call.seconds) - 1
        if last < 0:
            return None
        pulled = await call.admin.pull(address, queue, last, 1, timeout=call.seconds)
    except FAILURES:
        return None
    return pulled.messages[0].store_timestamp if pulled.messages else None
