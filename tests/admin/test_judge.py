"""What the monitor makes of what brokers and consumers say."""

from typing import Any

import msgspec
import pytest

from rocketmq_operator.admin.monitor import judge
from rocketmq_operator.admin.monitor.reports import OffsetMoved, UndoneMsgs
from rocketmq_operator.protocol.brokerbodies import (
    ConsumerRunningInfo,
    MessageQueue,
    OffsetWrapper,
    ProcessQueueInfo,
    SubscriptionData,
)

NOW = 1_800_000_000_000
QUEUES = [MessageQueue("orders", "broker-a", number) for number in range(3)]
KEY = msgspec.json.encode(QUEUES[0]).decode()


def test_undone_messages_are_added_up_by_topic() -> None:
    offsets = {
        QUEUES[0]: OffsetWrapper(100, 90, NOW - 5000),
        QUEUES[1]: OffsetWrapper(100, 60, NOW - 9000),
        QUEUES[2]: OffsetWrapper(10, 20),  # a consumer ahead of the broker takes nothing away
        MessageQueue("other", "broker-a", 0): OffsetWrapper(7, 7, NOW),
    }
    newest = {QUEUES[0]: NOW, QUEUES[1]: NOW - 1000}
    assert judge.undone("g", offsets, newest) == [
        UndoneMsgs("g", "orders", 50, 40, 8000),
        UndoneMsgs("g", "other", 0, 0, 0),
    ]


def test_a_moved_offset_for_programs() -> None:
    assert OffsetMoved("g", QUEUES[1], 5, 100, NOW).row == {
        "kind": "offsetMoved",
        "group": "g",
        "queue": {"topic": "orders", "broker": "broker-a", "id": 1},
        "offsetRequest": 5,
        "offsetNew": 100,
        "timestamp": NOW,
    }


def client(
    *, age: int = 600_000, push: bool = True, orderly: bool = False, topics: str = "a", **queue: Any
) -> ConsumerRunningInfo:
    """A client that has run for ``age`` ms, with one queue."""
    return ConsumerRunningInfo(
        {
            "PROP_CONSUME_TYPE": "CONSUME_PASSIVELY" if push else "CONSUME_ACTIVELY",
            "PROP_CONSUMEORDERLY": str(orderly).lower(),
            "PROP_CONSUMER_START_TIMESTAMP": str(NOW - age),
        },
        [SubscriptionData(topic) for topic in topics],
        {KEY: ProcessQueueInfo(**queue)} if queue else {},
    )


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        (client(topics="ab"), client(topics="ba"), True),
        (client(topics="a"), client(topics="ab"), False),
        (client(topics="a", age=119_000), client(topics="ab"), True),
        (client(topics="a", push=False), client(topics="ab"), True),
    ],
    ids=["the same", "different", "just started", "not a push consumer"],
)
def test_subscriptions_must_agree_after_a_while(
    first: ConsumerRunningInfo, second: ConsumerRunningInfo, agree: bool
) -> None:
    found = list(judge.running("g", {"c1": first, "c2": second}, NOW))
    assert [each.kind for each in found] == ([] if agree else ["subscriptionDifferent"])


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (
            client(cached_msg_count=1, last_consume_timestamp=NOW - 61_000),
            "can't consume for a while, maybe blocked, 61000ms",
        ),
        (client(cached_msg_count=1, last_consume_timestamp=NOW - 60_000), ""),
        (client(cached_msg_count=0, last_consume_timestamp=0), ""),
        (
            client(orderly=True, last_lock_timestamp=NOW - 7),
            "can't lock for a while, 7ms",
        ),
        (
            client(orderly=True, locked=True, droped=True, try_unlock_times=3),
            "unlock 3 times, still failed",
        ),
        (client(orderly=True, locked=True), ""),
        (client(push=False, cached_msg_count=1), ""),
    ],
)
def test_queues_that_stand_still_are_told_in_javas_words(
    info: ConsumerRunningInfo, words: str
) -> None:
    found = [each.text for each in judge.running("g", {"c1": info}, NOW)]
    start = "[MONITOR]  [NOTIFY] reportConsumerRunningInfo: ConsumerGroup: g, ClientId: c1, c1 "
    queue = "MessageQueue [topic=orders, brokerName=broker-a, queueId=0]"
    assert found == ([f"{start}{queue} {words}\n"] if words else [])
