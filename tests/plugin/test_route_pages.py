"""A topic's route as people read it."""

from typing import Any

import pytest

from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.layout import plain
from rocketmq_operator.plugin.routes import groups, lines, permission, rows, similar


def route(queues: int = 4, **more: Any) -> dict[str, Any]:
    queue = {"brokerName": "a", "readQueueNums": queues, "writeQueueNums": queues, "perm": 6}
    addresses = {"1": "a1:10911", "0": "a0:10911"}
    broker = {"cluster": "c", "brokerName": "a", "brokerAddrs": addresses}
    return {"brokerDatas": [broker], "queueDatas": [queue], **more}


def test_one_route_that_all_tell() -> None:
    answers = Answers({"s0": route(), "s1": route()})
    assert plain(lines("orders", answers)) == (
        "orders, as told by s0, s1\n"
        "  BROKER   CLUSTER   READ   WRITE   PERM   ADDRESSES\n"
        "  a        c         4      4       RW     0: a0:10911, 1: a1:10911\n"
    )


def test_routes_that_differ_are_all_shown_the_most_common_first() -> None:
    answers = Answers({"s0": route(8), "s1": route(), "s2": route()})
    assert [pods for _, pods in groups(answers)] == [["s1", "s2"], ["s0"]]


def test_the_order_of_brokers_makes_no_difference() -> None:
    one, other = route(), route()
    more = {"cluster": "c", "brokerName": "b", "brokerAddrs": {}}
    one["brokerDatas"] = [*one["brokerDatas"], more]
    other["brokerDatas"] = [more, *other["brokerDatas"]]
    assert len(groups(Answers({"s0": one, "s1": other}))) == 1


def test_a_server_without_the_topic_is_named() -> None:
    answers = Answers({"s0": route()}, refused={"s1": "no route of topic orders"})
    assert plain(lines("orders", answers)).endswith("Not told by\n  s1: no route of topic orders\n")


def test_the_order_of_an_ordered_topic_is_shown() -> None:
    assert "  ordered: a:4\n" in plain(lines("t", Answers({"s0": route(orderTopicConf="a:4")})))


def test_a_broker_without_queues_is_still_there() -> None:
    (row,) = rows({**route(), "queueDatas": None})
    assert (row["readQueues"], row["perm"]) == (0, "")


@pytest.mark.parametrize(("bits", "text"), [(6, "RW"), (4, "R"), (2, "W"), (0, ""), (7, "RW")])
def test_permissions(bits: int, text: str) -> None:
    assert permission(bits) == text


def test_what_may_have_been_meant() -> None:
    assert similar("order", ["orders", "payments"]) == ["orders"]
