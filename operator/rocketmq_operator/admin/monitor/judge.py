"""From what brokers and consumers say to reports: pure functions, times in ms since 1970.

The limits are those of Java's ``ConsumerRunningInfo`` and ``MonitorService``.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from rocketmq_operator.admin.monitor.reports import (
    Blocked,
    Report,
    SubscriptionDifferent,
    UndoneMsgs,
    queue_text,
)
from rocketmq_operator.protocol.brokerbodies import (
    ConsumerRunningInfo,
    MessageQueue,
    OffsetWrapper,
    ProcessQueueInfo,
    SubscriptionData,
)

SETTLED_MS: Final = 120_000
"""After its start a consumer may want something else than the others for this long."""
BLOCKED_MS: Final = 60_000
"""How long a queue with messages may stand still."""
PASSIVELY: Final = "CONSUME_PASSIVELY"

Offsets = Mapping[MessageQueue, OffsetWrapper]
Clients = Mapping[str, ConsumerRunningInfo]
"""By client id."""


def undone(group: str, offsets: Offsets, newest: Mapping[MessageQueue, int]) -> list[UndoneMsgs]:
    """What is left of each topic, in order; ``newest`` is when a queue's newest was stored."""
    topics = sorted({queue.topic for queue in offsets})
    return [_undone(group, topic, offsets, newest) for topic in topics]


def _undone(
    group: str, topic: str, offsets: Offsets, newest: Mapping[MessageQueue, int]
) -> UndoneMsgs:
    own = {queue: each for queue, each in offsets.items() if queue.topic == topic}
    left = [max(each.undone, 0) for each in own.values()]
    delays = [
        newest[queue] - each.last_timestamp
        for queue, each in own.items()
        if each.last_timestamp > 0 and queue in newest
    ]
    return UndoneMsgs(group, topic, sum(left), max(left, default=0), max([0, *delays]))


def running(group: str, clients: Clients, now: int) -> Iterator[Report]:
    """What is wrong with the clients of a group that are connected."""
    if not subscriptions_agree(clients, now):
        yield SubscriptionDifferent(group)
    for client, info in sorted(clients.items()):
        lines = tuple(_standing(client, info, now))
        if lines:
            yield Blocked(group, client, lines)


def subscriptions_agree(clients: Clients, now: int) -> bool:
    """Whether all want the same; asked of push consumers that have run for a while only."""
    infos = [info for _, info in sorted(clients.items())]
    if not infos or not is_push(infos[0]) or now - _started(infos[0]) <= SETTLED_MS:
        return True
    first = _wanted(infos[0])
    return all(_wanted(info) == first for info in infos)


def is_push(info: ConsumerRunningInfo) -> bool:
    """Whether the client is a push consumer."""
    return info.properties.get("PROP_CONSUME_TYPE") == PASSIVELY


def _started(info: ConsumerRunningInfo) -> int:
    text = info.properties.get("PROP_CONSUMER_START_TIMESTAMP", "")
    return int(text) if text.isdecimal() else 0


def _wanted(info: ConsumerRunningInfo) -> set[tuple[object, ...]]:
    return {_comparable(each) for each in info.subscription_set}


def _comparable(each: SubscriptionData) -> tuple[object, ...]:
    tags, codes = frozenset(each.tags_set), frozenset(each.code_set)
    return (each.topic, each.sub_string, each.expression_type, each.class_filter_mode, tags, codes)


def _standing(client: str, info: ConsumerRunningInfo, now: int) -> Iterator[str]:
    """The queues that a push consumer does not get on with, in Java's words."""
    if not is_push(info):
        return
    orderly = info.properties.get("PROP_CONSUMEORDERLY", "").lower() == "true"
    for queue, each in info.queues.items():
        why = _unlocked(each, now) if orderly else _still(each, now)
        if why:
            yield f"{client} {queue_text(queue)} {why}"


def _unlocked(each: ProcessQueueInfo, now: int) -> str:
    if not each.locked:
        return f"can't lock for a while, {now - each.last_lock_timestamp}ms"
    if each.droped and each.try_unlock_times > 0:
        return f"unlock {each.try_unlock_times} times, still failed"
    return ""


def _still(each: ProcessQueueInfo, now: int) -> str:
    still = now - each.last_consume_timestamp
    if still > BLOCKED_MS and each.cached_msg_count > 0:
        return f"can't consume for a while, maybe blocked, {still}ms"
    return ""
