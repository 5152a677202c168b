"""Servers started with ROCKETMQ_SERIALIZE_TYPE=ROCKETMQ answer everybody in binary headers."""

from collections.abc import Iterator

import pytest

from harness.frames import JSON, ROCKETMQ, ask
from harness.pair import Pair, Servers, start_servers
from harness.questions import everything
from harness.registrations import body, member, registration

KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
CODES = (
    *(100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 217, 219, 224, 304, 311, 312, 313, 318),
    *(322, 327, 901, 904, 0, -1, 999, 32767),
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both, with binary headers."""
    environment = {"ROCKETMQ_SERIALIZE_TYPE": "ROCKETMQ"}
    with start_servers(tmp_path_factory.mktemp("binary"), environment=environment) as started:
        yield started


@KINDS
@pytest.mark.parametrize("code", CODES)
def test_every_code(pair: Pair, kind: int, code: int) -> None:
    fields = {"namespace": "n", "key": "k", "topic": "t", "brokerName": "b", "cluster": "C1"}
    assert pair.answer(ask(code, kind=kind, fields=fields)).kind == ROCKETMQ
    assert pair.answer(ask(code, kind=kind)).kind == ROCKETMQ


@KINDS
def test_values_of_every_kind(pair: Pair, kind: int) -> None:
    for value in ("v", "", "ü中😀", "x" * 40_000, "\x00"):
        pair.same(ask(100, kind=kind, namespace="n", key="k", value=value))
        pair.same(ask(101, kind=kind, namespace="n", key="k"))
        pair.same(ask(101, kind=kind, namespace=value, key=value))
    pair.same(ask(102, kind=kind, namespace="n", key="k"))


@KINDS
def test_routes_and_registrations(pair: Pair, kind: int) -> None:
    master, slave = member("binary"), member("binary", 1)
    for who in (master, slave, master, slave):
        pair.same(registration(who, body({"t-a": 4, "t-b": 4}), kind=kind), who["brokerAddr"])
        for _ in range(2):
            pair.same_all(everything(topics=["t-a", "t-c"], brokers=["binary"], kind=kind))
    pair.same(ask(322, kind=kind, fields=master))
    for who in (master, slave):
        pair.same(ask(104, kind=kind, fields=who))
    pair.settle()


@KINDS
@pytest.mark.parametrize("opaque", [0, -1, 1, 2147483647, -2147483648])
def test_opaques(pair: Pair, kind: int, opaque: int) -> None:
    for _ in range(2):
        pair.same(ask(105, kind=kind, opaque=opaque, topic="t"))
        pair.same(ask(105, kind=kind, opaque=opaque, version=400, topic="t"))
