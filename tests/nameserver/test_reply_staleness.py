"""No finished answer outlives what it was made from: every way to change it, every kind of answer.

Each question is asked until the cache answers it; then something is written; then what the server
says must be what it says once its cache is empty.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rocketmq_operator.nameserver.snapshot import Snapshot, adopt, lines
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.codes import V4_9_4
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.protocol.headers import SerializeType

TOPICS = ("A", "B", "S", "none")
QUESTIONS = {
    f"{topic} {version} {form.name}{' zoned' if zone else ''}": headers.encode(
        RemotingCommand(
            105,
            0,
            7,
            version=version,
            ext_fields={"topic": topic} | ({"__ZONE_MODE": "false"} if zone else {}),
        ),
        form,
    )[4:]
    for topic in TOPICS
    for version in (V4_9_4 - 1, V4_9_4)
    for form in SerializeType
    for zone in (False, True)
}
MAPPING = {"S": {"topic": "S", "bname": "ba", "epoch": 3, "currIdMap": {"0": 1}}}
SLAVE = {"broker_id": 1, "address": "10.0.0.2:10911"}
OTHER = {"name": "bb", "address": "10.0.0.3:10911", "cluster": "C2"}


def later(milliseconds):
    def passes(server):
        server.now += milliseconds
        list(server.routes.drop_overdue_topics(server.now))
        server.drop(server.routes.expired(server.now))

    return passes


def adopted(server):
    """What a server of other brokers tells."""
    other = type(server)()
    other.register(("A", "none"), name="bc", address="10.0.0.4:10911")
    told = Snapshot(server.now, server.now)
    for line in lines(other.routes, "other", other.now):
        told.read(line)
    adopt(server.routes, [told], server.now)


WRITES = {
    "a topic's queues": lambda s: s.register(("A", "B", "none"), counter=2),
    "a topic's permission": lambda s: s.register(
        ({"topicName": "A", "perm": 4}, {"topicName": "B", "perm": 4}), counter=3
    ),
    "a static topic": lambda s: s.register(("A", "S"), counter=4, mappings=MAPPING),
    "a static topic's epoch": lambda s: s.register(
        ("A", "S"), counter=9, mappings={"S": {**MAPPING["S"], "epoch": 4}}
    ),
    "the master's address": lambda s: s.register(
        ("A", "B"), address="10.0.0.9:10911", state_version=2
    ),
    "a slave": lambda s: s.register(("A", "B"), **SLAVE),
    "a change of role": lambda s: s.register(
        ("A", "B"), broker_id=2, address="10.0.0.2:10911", enableActingMaster="true"
    ),
    "an acting master": lambda s: s.register(("A", "B"), counter=5, enableActingMaster="true"),
    "a zone": lambda s: s.register(("A", "B"), counter=6, __ZONE_NAME="z"),
    "filter servers": lambda s: s.register(("A", "B"), counter=7, filters=["f:1"]),
    "no filter servers": lambda s: s.register(("A", "B"), counter=8, filters=[]),
    "another broker": lambda s: s.register(("A", "none"), **OTHER),
    "the other broker's end": lambda s: s.leave("bb", "10.0.0.3:10911", "C2"),
    "the master's end": lambda s: s.leave(),
    "a slave's end": lambda s: s.leave(address="10.0.0.2:10911", broker_id="1"),
    "the end of a connection": lambda s: s.drop(s.routes.of_channel("c")),
    "wiped permissions": lambda s: s.tell(205, brokerName="ba"),
    "added permissions": lambda s: s.tell(327, brokerName="ba"),
    "a deleted topic": lambda s: s.tell(216, topic="A"),
    "a topic deleted in a cluster": lambda s: s.tell(216, topic="A", clusterName="C2"),
    "a registered topic": lambda s: s.tell(
        217, b'{"queueDatas":[{"brokerName":"ba","perm":6}]}', topic="none"
    ),
    "an order configuration": lambda s: s.tell(
        100, namespace="ORDER_TOPIC_CONFIG", key="A", value="ba:4"
    ),
    "no order configuration": lambda s: s.tell(102, namespace="ORDER_TOPIC_CONFIG", key="A"),
    "orderMessageEnable": lambda s: s.tell(318, b"orderMessageEnable=true"),
    "no orderMessageEnable": lambda s: s.tell(318, b"orderMessageEnable=false"),
    "supportActingMaster": lambda s: s.tell(318, b"supportActingMaster=true"),
    "deleteTopicWithBrokerRegistration": lambda s: s.tell(
        318, b"deleteTopicWithBrokerRegistration=true"
    ),
    "silence of a broker": later(130_000),
    "what others know": adopted,
}


def check(server, write):
    for payload in QUESTIONS.values():
        server.ask_payload(payload)
    for name, payload in QUESTIONS.items():
        assert server.processor.cache.hit(payload) is not None, f"not remembered: {name}"
    write(server)
    said = {name: server.ask_payload(payload) for name, payload in QUESTIONS.items()}
    server.processor.cache.clear()
    for name, payload in QUESTIONS.items():
        assert said[name] == server.ask_payload(payload), name


@pytest.fixture
def busy(pure_with):
    """A server with two clusters."""
    return lambda: populated(pure_with())


def populated(server):
    server.register(("A", "B", "S"), mappings=MAPPING)
    server.register(("A", "B"), **SLAVE)
    server.register(("A", "B"), **OTHER)
    server.tell(318, b"orderMessageEnable=true")
    server.tell(100, namespace="ORDER_TOPIC_CONFIG", key="B", value="ba:4")
    return server


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_nothing_stale_is_said_after(busy, write):
    check(busy(), write)


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it makes a new one each time
)
@given(names=st.lists(st.sampled_from(sorted(WRITES)), min_size=1, max_size=12))
def test_nothing_stale_is_said_after_any_of_these_in_turn(busy, names):
    server = busy()
    for name in names:
        check(server, WRITES[name])


def test_an_equal_registration_costs_no_answer(busy):
    server = busy()
    for payload in QUESTIONS.values():
        server.ask_payload(payload)
    server.register(("A", "B"), **SLAVE)
    assert all(server.processor.cache.hit(payload) for payload in QUESTIONS.values())


def test_a_client_that_invents_headers_finds_its_bound(pure_with):
    server = populated(pure_with())
    cache = server.processor.cache
    cache._max_headers = 100
    for number in range(1000):
        fields = {"topic": "A", "invented": str(number)}
        assert server.tell(105, **fields).code == 0
    assert len(cache._by_header) == 100
    assert len(cache) == 1
