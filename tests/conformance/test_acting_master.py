"""Slaves that act as masters: what supportActingMaster and the group's flag show and change."""

from collections.abc import Iterator

import pytest

from harness.frames import ask
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import body, data_version, member, registration, topic

SYNC = "rmq_sys_SYNC_BROKER_MEMBER_act"
NAMES = ["act-a", "act-b", SYNC]
CONFIGS = [topic("act-a", 4), topic("act-b", 8, 7), topic(SYNC, 1)]
GROUP = [member("act", number) for number in range(4)]


@pytest.fixture(autouse=True, params=["true", "false"])
def supported(pair: Pair, request: pytest.FixtureRequest) -> Iterator[None]:
    """With supportActingMaster and without; every test leaves nothing behind."""
    pair.same(ask(318, f"supportActingMaster={request.param}".encode()))
    yield
    for each in GROUP:
        pair.same(ask(104, fields=each))
    pair.settle()
    for name in NAMES:
        pair.same(ask(216, topic=name))
    views(pair)


def register(pair: Pair, number: int, acting: str = "true", counter: int = 1) -> None:
    content = body(CONFIGS, version=data_version(counter))
    pair.same(registration(GROUP[number], content, enableActingMaster=acting), f"b{number}")
    views(pair)


def leave(pair: Pair, number: int) -> None:
    pair.same(ask(104, fields=GROUP[number]))
    pair.settle()
    views(pair)


def views(pair: Pair) -> None:
    pair.same_all(everything(topics=NAMES, brokers=["act"]))


@pytest.mark.parametrize("acting", ["true", "false", ""])
def test_a_master_leaves_and_comes_back(pair: Pair, acting: str) -> None:
    for number in (0, 1, 2):
        register(pair, number, acting)
    leave(pair, 0)
    register(pair, 1, acting)
    register(pair, 2, acting)
    register(pair, 0, acting)
    register(pair, 0, acting, counter=2)
    leave(pair, 1)
    leave(pair, 0)
    leave(pair, 2)


@pytest.mark.parametrize("acting", ["true", "false", ""])
def test_a_master_is_lost(pair: Pair, acting: str) -> None:
    for number in (0, 1, 3):
        register(pair, number, acting)
    pair.close("b0")
    pair.settle()
    views(pair)
    register(pair, 1, acting, counter=2)
    register(pair, 3, acting, counter=2)
    pair.close("b1")
    pair.settle()
    views(pair)


@pytest.mark.parametrize("acting", ["true", "false", ""])
def test_slaves_come_before_the_master(pair: Pair, acting: str) -> None:
    for number in (3, 1, 2, 0):
        register(pair, number, acting)
    pair.same(ask(327, brokerName="act"))
    views(pair)
    leave(pair, 0)
    pair.same(ask(327, brokerName="act"))
    views(pair)
    register(pair, 1, acting)


def test_the_last_registration_decides_for_the_group(pair: Pair) -> None:
    register(pair, 1, "true")
    register(pair, 2, "true")
    for acting in ("", "true", "false", "true"):
        register(pair, 2, acting)
    register(pair, 1, "")
    leave(pair, 1)


def test_a_slave_becomes_master(pair: Pair) -> None:
    register(pair, 0)
    register(pair, 1)
    leave(pair, 0)
    promoted = GROUP[1] | {"brokerId": "0"}
    for counter in (1, 2):
        content = body(CONFIGS, version=data_version(counter))
        pair.same(registration(promoted, content, enableActingMaster="true"), "b1")
        views(pair)
    register(pair, 1)
    pair.same(registration(promoted, body(CONFIGS), enableActingMaster=""), "b1")
    views(pair)


def test_permissions_of_a_group_without_master(pair: Pair) -> None:
    register(pair, 0)
    register(pair, 1)
    leave(pair, 0)
    for code in (327, 205, 327):
        pair.same(ask(code, brokerName="act"))
        views(pair)
    leave(pair, 0)


def test_several_groups_of_a_topic(pair: Pair) -> None:
    other = member("act2", 5)
    register(pair, 1)
    pair.same(registration(other, body(CONFIGS), enableActingMaster="true"))
    views(pair)
    register(pair, 0)
    pair.same(registration(other, body(CONFIGS), enableActingMaster="false"))
    views(pair)
    leave(pair, 0)
    pair.same(ask(104, fields=other))
    pair.settle()
    views(pair)
