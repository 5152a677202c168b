"""GET_BROKER_MEMBER_GROUP (901) and BROKER_HEARTBEAT (904)."""

from harness.frames import ask
from harness.pair import Pair


def test_fields_of_an_unknown_broker_are_echoed(pair: Pair) -> None:
    pair.same(ask(901, brokerName="nobody", clusterName="nowhere"), exact=True)
    pair.same(ask(103))
