"""What is applied already of a large registration is not applied again, and nobody can tell.

One server remembers them, the other forgets before every request; both must say the same.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocketmq_operator.protocol import registration as layout
from rocketmq_operator.protocol.properties import dump

TOPICS = [f"topic-{number:02}" for number in range(40)]
topics = st.dictionaries(st.sampled_from(TOPICS), st.sampled_from((2, 4, 6)), max_size=3)
brokers = st.sampled_from((0, 1))
STEPS = st.one_of(
    st.tuples(st.just("change"), topics, brokers),
    st.tuples(st.just("same version"), topics, brokers),
    st.tuples(st.just("again"), st.just({}), brokers),
    st.tuples(st.just("lose"), topics, brokers),
    st.tuples(st.just("wipe"), st.just({}), brokers),
    st.tuples(st.just("delete"), topics, brokers),
    st.tuples(st.just("leave"), st.just({}), brokers),
    st.tuples(st.just("slave"), st.just({}), brokers),
    st.tuples(st.just("option"), st.just({}), st.sampled_from((0, 1))),
)


class Broker:
    """A broker name, its table and its version."""

    def __init__(self, number):
        self.name, self.address = f"b{number}", f"10.0.0.{number}:10911"
        self.table = dict.fromkeys(TOPICS, 6)
        self.counter = 1

    def registration(self, make, topic_config, broker_id=0):
        address = self.address if broker_id == 0 else f"{self.address}1"
        configs = [topic_config(topic, perm) for topic, perm in self.table.items()]
        return make(
            configs,
            name=self.name,
            address=address,
            broker_id=broker_id,
            counter=self.counter,
        )


@pytest.fixture
def small_slices(monkeypatch):
    """Slices of some five topics."""
    monkeypatch.setattr(layout, "SLICE", 500)


@pytest.fixture
def java_body(registration, topic_config):
    """A registration with its members in Java's order, which alone is cut."""

    def made(configs, **more):
        return registration(configs, mapping_version=True, **more)

    return made


def forget(server):
    for live in server.routes.live.values():
        live.slices = frozenset()


def said(server):
    return {topic: server.perms(topic) for topic in TOPICS}


def carry_out(server, step, broker, java_body, topic_config):
    what, changed, _ = step
    if what == "wipe":
        server.tell(205, brokerName=broker.name)
    elif what == "delete":
        for topic in changed:
            server.tell(216, topic=topic)
    elif what == "leave":
        server.leave(broker.name, broker.address)
    elif what == "option":
        value = "true" if step[2] else "false"
        server.tell(318, dump({"deleteTopicWithBrokerRegistration": value}).encode())
    else:
        number = 1 if what == "slave" else 0
        assert server.ask(broker.registration(java_body, topic_config, number)).code == 0


@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # none of them changes
)
@given(steps=st.lists(STEPS, min_size=1, max_size=10))
def test_nobody_can_tell_that_parts_were_left_out(
    pure_with, small_slices, java_body, topic_config, steps
):
    remembering, forgetting = pure_with(), pure_with()
    known = [Broker(0), Broker(1)]
    for step in [("again", {}, 0), ("again", {}, 1), *steps, ("again", {}, 0)]:
        broker = known[step[2]]
        if step[0] in ("change", "same version"):
            broker.table.update(step[1])
        if step[0] == "lose":
            broker.table = {k: v for k, v in broker.table.items() if k not in step[1]}
        if step[0] in ("change", "lose", "again"):
            broker.counter += 1
        forget(forgetting)
        for server in (remembering, forgetting):
            carry_out(server, step, broker, java_body, topic_config)
        assert said(remembering) == said(forgetting), step


def test_most_of_a_large_table_is_left_out(pure, small_slices, java_body, topic_config):
    broker = Broker(0)
    pure.ask(broker.registration(java_body, topic_config))
    (live,) = pure.routes.live.values()
    assert len(live.slices) > 5
    before = live.slices
    broker.table[TOPICS[10]] = 4
    broker.counter += 1
    pure.ask(broker.registration(java_body, topic_config))
    assert len(before & live.slices) == len(before) - 1
    assert pure.perms(TOPICS[10]) == {"b0": 4}
