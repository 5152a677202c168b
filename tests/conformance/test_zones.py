"""Routes of one zone (Java's ZoneRouteRPCHook)."""

from collections.abc import Iterator

import pytest

from harness.frames import JSON, ROCKETMQ, ask, json_frame
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import body, member, registration

TOPICS = {"zone-t": 4, "zone-u": 2}
MEMBERS = [
    (member("za"), "east"),
    (member("zb"), "West"),
    (member("zc"), ""),
    (member("zd", 1), "north"),
    (member("ze"), "ü中"),
]


@pytest.fixture(autouse=True)
def brokers(pair: Pair) -> Iterator[None]:
    """Masters in three zones and in none, and a slave without master."""
    for who, zone in MEMBERS:
        content = body(TOPICS, filters=(f"{who['brokerName']}:f",))
        pair.same(registration(who, content, fields={"__ZONE_NAME": zone}))
    yield
    for who, _ in MEMBERS:
        pair.same(ask(104, fields=who))
    pair.settle()


@pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
@pytest.mark.parametrize("mode", ["true", "TRUE", "false", "1", " true"])
@pytest.mark.parametrize(
    "zone", ["east", "EAST", "west", "north", "ü中", "nowhere", "", " ", "null"]
)
def test_routes(pair: Pair, kind: int, mode: str, zone: str) -> None:
    fields = {"topic": "zone-t", "__ZONE_MODE": mode, "__ZONE_NAME": zone}
    for version in (400, 479):
        pair.same(ask(105, kind=kind, version=version, fields=fields))
    pair.same(ask(105, kind=kind, fields=fields | {"acceptStandardJsonOnly": "true"}))
    pair.same(ask(105, kind=kind, fields=fields | {"topic": "no-such-topic"}))


@pytest.mark.parametrize("missing", ["__ZONE_MODE", "__ZONE_NAME", "topic"])
def test_missing_fields(pair: Pair, missing: str) -> None:
    fields = {"topic": "zone-t", "__ZONE_MODE": "true", "__ZONE_NAME": "east"}
    del fields[missing]
    pair.same(ask(105, fields=fields))


def test_other_requests_have_no_zone(pair: Pair) -> None:
    fields = {"__ZONE_MODE": "true", "__ZONE_NAME": "east", "brokerName": "za", "cluster": "C1"}
    for code in (106, 206, 224, 901):
        pair.same(ask(code, fields=fields))


def test_a_zone_follows_the_last_registration_of_any_member(pair: Pair) -> None:
    for number, zone in ((0, "south"), (1, "east"), (0, ""), (1, "east")):
        who = member("za", number)
        pair.same(registration(who, body(TOPICS), fields={"__ZONE_NAME": zone}))
        pair.same_all(everything(topics=TOPICS))
        for asked in ("east", "south"):
            pair.same(ask(105, topic="zone-t", __ZONE_MODE="true", __ZONE_NAME=asked))
    pair.same(ask(104, fields=member("za", 1)))
    pair.settle()


def test_a_route_of_a_zone_with_order_and_without_a_broker_left(pair: Pair) -> None:
    pair.same(ask(318, b"orderMessageEnable=true"))
    pair.same(ask(100, namespace="ORDER_TOPIC_CONFIG", key="zone-t", value="za:4"))
    for zone in ("east", "nowhere"):
        pair.same(ask(105, topic="zone-t", __ZONE_MODE="true", __ZONE_NAME=zone))
    pair.same(ask(318, b"orderMessageEnable=false"))


def test_zones_as_numbers_in_the_header(pair: Pair) -> None:
    header = (
        '{"code":105,"extFields":{"topic":"zone-t","__ZONE_MODE":true,"__ZONE_NAME":5},'
        '"flag":0,"language":"GO","opaque":7,"version":479}'
    )
    pair.same(json_frame(header))
