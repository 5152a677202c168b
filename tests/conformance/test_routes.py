"""GET_ROUTEINFO_BY_TOPIC (105): dialects by the client's version, byte for byte."""

from collections.abc import Iterator

import pytest

from harness.frames import JSON, ROCKETMQ, ask, json_frame
from harness.pair import Pair, Servers
from harness.registrations import body, member, registration, topic

KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
NAME = "route ü中😀/<>&'\"\\\t"
MEMBERS = [member(NAME, number, cluster='C "ü/') for number in (0, 1, 2, 7)]
VERSIONS = (-2147483648, -1, 0, 36, 37, 399, 400, 401, 412, 413, 479, 612, 613, 9999, 2147483647)


@pytest.fixture(scope="module", autouse=True)
def brokers(servers: Servers) -> Iterator[None]:
    """A group of four with filter servers, a zone, and names that need escapes."""
    with servers.pair() as pair:
        for who in MEMBERS:
            told = body([topic(NAME, 4), topic("plain", 1)], filters=("f/1", "ü"))
            pair.same(registration(who, told, fields={"__ZONE_NAME": "zone/ü"}))
        yield


@KINDS
@pytest.mark.parametrize("version", VERSIONS)
def test_the_dialect_is_that_of_the_version(pair: Pair, kind: int, version: int) -> None:
    short = version if kind == JSON else max(-32768, min(version, 32767))
    for name in (NAME, "plain", "no-such-topic"):
        frame = ask(105, kind=kind, version=short, topic=name)
        first = pair.same(frame)
        assert pair.same(frame) == first
    pair.same(ask(106, kind=kind, version=short))


@KINDS
@pytest.mark.parametrize("version", [0, 400, 401, 479])
@pytest.mark.parametrize("flag", ["true", "TRUE", "True", "false", "1", "yes", " true", ""])
def test_a_client_can_ask_for_standard_json(pair: Pair, kind: int, version: int, flag: str) -> None:
    for _ in range(2):
        fields = {"topic": "plain", "acceptStandardJsonOnly": flag}
        pair.same(ask(105, kind=kind, version=version, fields=fields))


@pytest.mark.parametrize("topic_name", ["", " ", "null", "x" * 2000, "ü中😀\x01\u2028", "a\nb"])
@KINDS
def test_topics_that_are_not_there(pair: Pair, kind: int, topic_name: str) -> None:
    for _ in range(2):
        pair.same(ask(105, kind=kind, topic=topic_name), exact=True)
    pair.same(ask(105, kind=kind))
    pair.same(ask(105, kind=kind, other="1"))


@KINDS
def test_a_body_and_other_fields_are_ignored(pair: Pair, kind: int) -> None:
    for _ in range(2):
        pair.same(ask(105, b"body", kind=kind, topic="plain", ns="n", nsd="true", lo="x"))


@pytest.mark.parametrize("opaque", [0, -1, 1, 9, 10, 99999, 2147483647, -2147483648])
@KINDS
def test_opaques_come_back_from_finished_answers_too(pair: Pair, kind: int, opaque: int) -> None:
    for _ in range(2):
        pair.same(ask(105, kind=kind, opaque=opaque, topic="plain"))


@pytest.mark.parametrize(
    "header",
    [
        '{"opaque":7,"code":105,"extFields":{"topic":"plain"},"version":479}',
        '{"code":105,"opaque":8,"opaque":9,"extFields":{"topic":"plain"},"version":479}',
        '{"code":105,"extFields":{"topic":"plain"},"opaque": 7 ,"version":479}',
        '{"code":105,"extFields":{"topic":"plain","x":"\\"opaque\\":5,"},"opaque":7,"version":479}',
        '{"code":105,"extFields":{"topic":"\\"opaque\\":3,"},"opaque":7,"version":479}',
        '{"code":105,"extFields":{"opaque":3,"topic":"plain"},"opaque":7,"version":479}',
        '{"code":105,"extFields":{"topic":"plain"},"opaque":"7","version":"479"}',
        '{"code":105,"extFields":{"topic":"plain"},"opaque":7,"flag":0,"flag":0,"version":400}',
        '{"code":105,"extFields":{"topic":"plain"},"opaque":07,"version":479}',
        '{"code":105,"extFields":{"topic":"plain"},"remark":"r","opaque":7,"version":479}',
    ],
)
def test_headers_of_other_shapes_do_not_mix_up_finished_answers(pair: Pair, header: str) -> None:
    for _ in range(3):
        pair.same(json_frame(header))
        pair.same(ask(105, topic="plain"))


def test_finished_answers_follow_every_change(pair: Pair) -> None:
    frame = ask(105, topic="plain")
    old = ask(105, topic="plain", version=400)
    for change in (
        ask(205, brokerName=NAME),
        ask(327, brokerName=NAME),
        ask(216, topic="plain", clusterName="nowhere"),
        ask(318, b"supportActingMaster=true"),
        ask(318, b"supportActingMaster=false"),
        ask(100, namespace="ORDER_TOPIC_CONFIG", key="plain", value="x:1"),
        ask(318, b"orderMessageEnable=true"),
        ask(100, namespace="ORDER_TOPIC_CONFIG", key="plain", value="x:2"),
        ask(102, namespace="ORDER_TOPIC_CONFIG", key="plain"),
        ask(318, b"orderMessageEnable=false"),
        registration(MEMBERS[1], body(filters=())),
        registration(MEMBERS[1], body(), fields={"__ZONE_NAME": "other"}),
        registration(MEMBERS[1], body(), enableActingMaster="true"),
        ask(217, b'{"queueDatas":[{"brokerName":"x"}]}', topic="plain"),
        ask(216, topic="plain"),
    ):
        pair.same(change)
        pair.same(frame)
        pair.same(old)
