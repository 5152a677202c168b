"""A registration that equals the broker's last one is not applied again, and nobody can tell.

One server compares, the other forgets before every step what it could compare with; whatever
brokers register, lose and leave, both must show the same.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

A, B, C = "10.0.0.1:10911", "10.0.0.2:10911", "10.0.0.3:10911"
BROKERS = {
    1: {"address": A},
    2: {"address": B},
    3: {"address": C, "broker_id": 1},
    4: {"address": A, "broker_id": 1, "enableActingMaster": "true"},
    5: {"address": B, "cluster": "C2", "filters": ["f:1"]},
}
"""What brokers register, each over a connection of its own."""

numbers = st.sampled_from(sorted(BROKERS))
STEPS = st.one_of(
    st.tuples(st.just("register"), numbers),
    st.tuples(st.just("register"), numbers),
    st.tuples(st.sampled_from(("lose", "leave")), numbers),
    st.tuples(st.sampled_from(("wait", "wipe", "delete")), numbers),
)


def carry_out(server, what, told):
    if what == "register":
        server.register(**BROKERS[told], channel=told)
    elif what == "lose":
        server.drop(server.routes.of_channel(told))
    elif what == "leave":
        broker = BROKERS[told]
        cluster, broker_id = broker.get("cluster", "C1"), str(broker.get("broker_id", 0))
        server.leave("ba", broker["address"], cluster, broker_id)
    elif what == "wait":
        server.now += 30_000 * told
        server.drop(server.routes.expired(server.now))
    elif what == "wipe":
        server.tell(205, brokerName="ba")
    else:
        server.tell(216, topic="A")


def forget(server):
    for live in server.routes.live.values():
        live.fingerprint = None


def shown(server):
    routes = [server.tell(105, topic=topic).body for topic in "AB"]
    return server.tell(106).body, routes, sorted(server.routes.live)


@settings(
    max_examples=1000,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it makes new ones each time
)
@given(steps=st.lists(STEPS, min_size=5, max_size=15))
def test_nobody_can_tell_that_a_registration_was_not_applied(pure_with, steps):
    comparing, forgetting = pure_with(), pure_with()
    for step in steps:
        forget(forgetting)
        for server in (comparing, forgetting):
            carry_out(server, *step)
        assert shown(comparing) == shown(forgetting), step
