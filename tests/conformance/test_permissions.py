"""WIPE (205) and ADD_WRITE_PERM_OF_BROKER (327)."""

from collections.abc import Iterator

import pytest

from harness.frames import JSON, ROCKETMQ, ask
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import body, data_version, member, registration, topic

KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
ONE, TWO = member("perm-1"), member("perm-2")
PERMS = (0, 1, 2, 3, 4, 5, 6, 7, 15)
CONFIGS = [topic(f"perm-{perm}", 4, perm) for perm in PERMS]
NAMES = [f"perm-{perm}" for perm in PERMS]


@pytest.fixture(autouse=True)
def brokers(pair: Pair) -> Iterator[None]:
    """Two brokers with topics of every perm."""
    for who in (ONE, TWO):
        pair.same(registration(who, body(CONFIGS)))
    yield
    for who in (ONE, TWO):
        pair.same(ask(104, fields=who))
    pair.settle()


def views(pair: Pair) -> None:
    pair.same_all(everything(topics=NAMES))


@KINDS
@pytest.mark.parametrize("codes", [(205,), (327,), (205, 205), (205, 327), (327, 205, 327)])
def test_all_topics_of_a_broker_change(pair: Pair, kind: int, codes: tuple[int, ...]) -> None:
    for code in codes:
        count = pair.answer(ask(code, kind=kind, brokerName="perm-1")).fields
        assert set(count.values()) == {str(len(PERMS))}
        views(pair)


@KINDS
@pytest.mark.parametrize("code", [205, 327])
def test_unknown_brokers_have_no_topics(pair: Pair, kind: int, code: int) -> None:
    for name in ("nobody", "", "PERM-1"):
        pair.same(ask(code, kind=kind, brokerName=name))
    views(pair)


def test_a_wiped_broker_gets_its_perms_back_with_a_new_version_only(pair: Pair) -> None:
    pair.same(ask(205, brokerName="perm-1"))
    pair.same(registration(ONE, body(CONFIGS)))
    views(pair)
    pair.same(registration(ONE, body(CONFIGS, version=data_version(2))))
    views(pair)
    pair.same(ask(205, brokerName="perm-1"))
    pair.same(ask(216, topic="perm-7"))
    pair.same(registration(ONE, body(CONFIGS, version=data_version(2))))
    views(pair)


@pytest.mark.parametrize(("code", "perm"), [(205, "perm-6"), (327, "perm-4")])
def test_one_way(pair: Pair, code: int, perm: str) -> None:
    before = pair.answer(ask(105, topic=perm)).body
    pair.told(ask(code, flag=2, brokerName="perm-2"))
    pair.both(lambda peer: peer.ask("admin", ask(105, topic=perm)).body != before, "another perm")
    views(pair)


def test_one_broker_without_topics(pair: Pair) -> None:
    empty = member("perm-3")
    pair.same(registration(empty))
    for code in (205, 327):
        pair.same(ask(code, brokerName="perm-3"))
    pair.same(ask(104, fields=empty))
    pair.settle()
