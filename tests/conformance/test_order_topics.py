"""Order topics: orderMessageEnable, returnOrderTopicConfigToBroker and the KV namespace."""

from collections.abc import Iterator

import pytest

from harness.frames import ask
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import body, member, registration

ORDER = "ORDER_TOPIC_CONFIG"
MASTER = member("order")
TOPICS = {"order-a": 4, "order-b": 4}


@pytest.fixture(autouse=True)
def broker(pair: Pair) -> Iterator[None]:
    """A broker with two topics; afterwards both switches are as at the start."""
    pair.same(registration(MASTER, body(TOPICS)), exact=True)
    yield
    pair.same(ask(318, b"orderMessageEnable=false\nreturnOrderTopicConfigToBroker=true"))
    pair.same(ask(104, fields=MASTER))
    for name in (*TOPICS, "other"):
        pair.same(ask(102, namespace=ORDER, key=name))
    pair.settle()


def views(pair: Pair) -> None:
    pair.same_all(everything(topics=[*TOPICS, "other"]))
    pair.same(registration(MASTER, body(TOPICS)))


def test_brokers_get_no_body_before_there_is_the_namespace(pair: Pair) -> None:
    assert pair.answer(registration(MASTER, body(TOPICS))).body in {b"", b'{"table":{}}'}


def test_the_order_of_a_topic_shows_while_it_is_enabled(pair: Pair) -> None:
    for enabled in ("false", "true", "false", "TRUE"):
        pair.same(ask(318, f"orderMessageEnable={enabled}".encode()))
        for value in ("order:4", "", 'ü中;/"'):
            pair.same(ask(100, namespace=ORDER, key="order-a", value=value))
            views(pair)
            for version in (400, 479):
                pair.same(ask(105, topic="order-a", version=version), exact=True)
        pair.same(ask(102, namespace=ORDER, key="order-a"))
        views(pair)


def test_the_order_of_a_topic_that_is_not_there(pair: Pair) -> None:
    pair.same(ask(318, b"orderMessageEnable=true"))
    pair.same(ask(100, namespace=ORDER, key="other", value="order:4"))
    views(pair)


def test_brokers_are_told_all_order_topics_while_that_is_on(pair: Pair) -> None:
    for enabled in ("true", "false", "true"):
        pair.same(ask(318, f"returnOrderTopicConfigToBroker={enabled}".encode()))
        for name in TOPICS:
            pair.same(ask(100, namespace=ORDER, key=name, value="order:4"))
            views(pair)
        for name in TOPICS:
            pair.same(ask(102, namespace=ORDER, key=name))
            views(pair)


def test_refused_and_outdated_brokers_too(pair: Pair) -> None:
    pair.same(ask(100, namespace=ORDER, key="order-a", value="order:4"))
    pair.same(registration(member("order-x"), body({"order-a": 4})))
    pair.same(registration(member("order-y"), b"junk"))
    pair.same(registration(member("order-z"), body(TOPICS), bodyCrc32="1"))
    pair.same(ask(104, fields=member("order-x")))
    pair.settle()


def test_another_namespace_orders_nothing(pair: Pair) -> None:
    pair.same(ask(318, b"orderMessageEnable=true"))
    pair.same(ask(100, namespace="order_topic_config", key="order-a", value="order:4"))
    views(pair)
