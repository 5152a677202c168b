"""GET_BROKER_MEMBER_GROUP (901): members by id, with the names that were asked for."""

import pytest

from harness.frames import JSON, ROCKETMQ, ask
from harness.pair import Pair
from harness.registrations import body, member, registration

KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])


@KINDS
@pytest.mark.parametrize(
    "fields",
    [
        {"brokerName": "nobody", "clusterName": "nowhere"},
        {"brokerName": "nobody"},
        {"clusterName": "nowhere"},
        {"brokerName": "", "clusterName": ""},
        {"brokerName": 'ü中"/\\', "clusterName": 'ü中"/\\'},
    ],
)
def test_fields_of_an_unknown_broker_are_echoed(
    pair: Pair, kind: int, fields: dict[str, str]
) -> None:
    pair.same(ask(901, kind=kind, fields=fields))
    pair.same(ask(901, b"body", kind=kind, fields=fields))


@KINDS
def test_members_come_and_go(pair: Pair, kind: int) -> None:
    members = [member("group", number) for number in (5, 0, 3, 15)]
    for who in members:
        pair.same(registration(who, body()))
        for cluster in ("C1", "another", ""):
            asked = {"brokerName": "group", "clusterName": cluster}
            pair.same(ask(901, kind=kind, fields=asked), exact=True)
    for who in members:
        pair.same(ask(104, kind=kind, fields=who))
        pair.settle()
        pair.same(ask(901, kind=kind, brokerName="group", clusterName="C1"), exact=True)
