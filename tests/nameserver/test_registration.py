"""What brokers register is what clients see, in Java's order of steps."""

from itertools import pairwise

import pytest

from rocketmq_operator.nameserver.processor import Call

A, B, C = "10.0.0.1:10911", "10.0.0.2:10911", "10.0.0.3:10911"
ACTING = {"enableActingMaster": "true"}


def test_a_master_brings_its_topics_and_its_address(pure):
    answer = pure.register(["A", "B"])
    assert (answer.code, answer.ext_fields, answer.body) == (0, {}, b"")
    assert pure.brokers() == {"ba": {0: A}}
    assert pure.topics() == ["A", "B"]
    assert pure.perms("A") == {"ba": 6}


def test_a_slave_is_told_its_master(pure):
    pure.register(haServerAddr="10.0.0.1:10912")
    answer = pure.register(address=B, broker_id=1)
    assert answer.ext_fields == {"masterAddr": A, "haServerAddr": "10.0.0.1:10912"}
    assert pure.brokers() == {"ba": {0: A, 1: B}}


def test_the_order_table_rides_on_the_answer(pure):
    pure.tell(100, namespace="ORDER_TOPIC_CONFIG", key="A", value="ba:4")
    assert pure.register().body == b'{"table":{"A":"ba:4"}}'
    pure.tell(318, b"returnOrderTopicConfigToBroker=false")
    assert pure.register().body == b""


@pytest.mark.parametrize(
    ("change", "code", "remark"),
    [
        ({"bodyCrc32": "5"}, 1, "crc32 not match"),
        ({"brokerId": None}, 1, "brokerId None is not a number"),
        ({"brokerId": "x"}, 1, "brokerId 'x' is not a number"),
        ({"compressed": "true"}, 1, "Failed to decode RegisterBrokerBody"),
        ({"brokerName": None}, 0, None),
        ({"bodyCrc32": "zz", "heartbeatTimeoutMillis": "zz"}, 0, None),
    ],
)
def test_odd_header_fields(pure, change, code, remark):
    answer = pure.register(**change)
    assert answer.code == code
    assert answer.remark == remark or answer.remark.startswith(remark)


def test_one_topic_of_an_unknown_broker_is_refused_and_leaves_a_ghost(pure):
    answer = pure.register(["A"])
    assert (answer.code, answer.remark, answer.ext_fields) == (1, "register broker failed", {})
    assert pure.brokers() == {"ba": {}}
    assert pure.topics() == []
    assert pure.register([]).code == 0
    assert pure.register(["A"], counter=2).code == 0
    assert pure.topics() == ["A"]


def test_topics_of_a_known_version_are_only_added(pure, topic_config):
    pure.register([topic_config("A", queues=4), "B"])
    pure.register([topic_config("A", queues=8), "X"])
    assert pure.route("A").queue_datas[0].read_queue_nums == 4
    assert pure.perms("X") == {"ba": 6}
    pure.register([topic_config("A", queues=8), "B"], counter=2)
    assert pure.route("A").queue_datas[0].read_queue_nums == 8
    assert pure.topics() == ["A", "B", "X"]


def test_delete_topic_with_broker_registration(pure_with):
    pure = pure_with(deleteTopicWithBrokerRegistration="true")
    pure.register(["A", "B"])
    pure.register(["A", "B"], name="bb", address=B)
    pure.register(["B", "X"])
    assert pure.topics() == ["A", "B", "X"]
    assert pure.perms("A") == {"bb": 6}


def test_an_equal_registration_restores_what_was_taken_away(pure):
    pure.register()
    pure.routes.delete_topic("A", None)
    assert pure.topics() == ["B"]
    pure.register()
    assert pure.topics() == ["A", "B"]


def test_an_equal_registration_is_a_sign_of_life_and_changes_nothing_else(pure):
    pure.register()
    revision, pure.now = pure.routes.revision, 100_000
    pure.register()
    assert pure.routes.revision == revision
    assert pure.routes.expired(219_000) == []


def test_a_role_switch_moves_the_address(pure):
    pure.register()
    pure.register(address=B, broker_id=1, **ACTING)
    pure.register(address=B, broker_id=0, state_version=1)
    pure.register(address=A, broker_id=1, state_version=1)
    assert pure.brokers() == {"ba": {0: B, 1: A}}


def test_an_older_state_version_does_not_take_a_living_seat(pure):
    pure.register(state_version=2)
    answer = pure.register(address=B, state_version=1)
    assert (answer.code, answer.ext_fields) == (0, {})
    assert pure.brokers() == {"ba": {0: A}}
    pure.register(address=B, state_version=3)
    assert pure.brokers() == {"ba": {0: B}}


def test_only_the_first_5x_slave_speaks_for_topics(pure):
    pure.register(address=B, broker_id=2, enableActingMaster=None)
    assert pure.topics() == []
    pure.register(address=A, broker_id=1)
    assert pure.perms("A") == {"ba": 6}


def test_acting_master_in_one_picture(pure_with):
    pure = pure_with(supportActingMaster="true")
    for broker_id, address in enumerate((A, B, C)):
        pure.register(address=address, broker_id=broker_id, **ACTING)
    pure.leave()
    assert pure.perms("A") == {"ba": 4}
    assert pure.route("A").broker_datas[0].broker_addrs == {0: B, 2: C}
    pure.register(address=B, broker_id=1, counter=2, **ACTING)
    assert pure.perms("A") == {"ba": 4}
    pure.register(address=B, broker_id=0, counter=3, **ACTING)
    assert pure.perms("A") == {"ba": 6}
    assert pure.brokers() == {"ba": {0: B, 2: C}}


def test_filter_servers_come_and_go(pure):
    pure.register(filters=["f:1"])
    assert pure.route("A").filter_server_table == {A: ["f:1"]}
    pure.register()
    assert pure.route("A").filter_server_table == {}


def test_static_topic_mappings_are_shown_and_never_cleaned(pure):
    info = {"bname": "ba", "currIdMap": {0: 0}, "epoch": 3, "topic": "A", "totalQueues": 1}
    pure.register(mappings={"A": info})
    assert pure.route("A").topic_queue_mapping_by_broker["ba"].epoch == 3
    pure.leave()
    pure.register()
    assert pure.route("A").topic_queue_mapping_by_broker["ba"].epoch == 3


def test_leaving_takes_topics_along_with_the_last_member(pure):
    pure.register()
    pure.register(address=B, broker_id=1)
    pure.register(["B", "X"], name="bb", address=C, cluster="C2")
    pure.leave()
    assert pure.topics() == ["A", "B", "X"]
    pure.leave(address=B, broker_id="1")
    assert pure.topics() == ["B", "X"]
    assert pure.brokers() == {"bb": {0: C}}
    assert pure.tell(106).body.endswith(b'"clusterAddrTable":{"C2":["bb"]}}')


def test_leaving_twice_or_unknown_is_harmless(pure):
    assert pure.leave().code == 0
    assert pure.tell(104).code == 0


def test_query_data_version_tells_changes_and_counts_as_a_heartbeat(pure):
    who = {"brokerName": "ba", "brokerAddr": A, "clusterName": "C1", "brokerId": "0"}
    same = b'{"counter":1,"stateVersion":0,"timestamp":1000}'
    answer = pure.tell(322, same, **who)
    assert (answer.ext_fields, answer.body) == ({"changed": "true"}, b"")
    pure.register()
    pure.now = 100_000
    answer = pure.tell(322, same, **who)
    assert (answer.ext_fields, answer.body) == ({"changed": "false"}, same)
    assert pure.tell(322, b"", **who).ext_fields == {"changed": "true"}
    assert pure.routes.expired(210_000) == []


def test_heartbeats_keep_a_broker_alive(pure):
    pure.register(heartbeatTimeoutMillis="10000")
    pure.now = 9_000
    assert pure.tell(904, brokerName="ba", brokerAddr=A, clusterName="C1").code == 0
    assert pure.routes.expired(19_000) == []
    assert pure.routes.expired(19_001) == [("C1", A)]
    assert pure.tell(904).code == 1


def test_expiry_drops_the_broker_and_its_topics(pure):
    pure.register()
    pure.drop(pure.routes.expired(120_001))
    assert pure.brokers() == {}
    assert pure.topics() == []


def test_a_closed_connection_drops_all_its_brokers_but_only_by_the_last_registration(pure):
    pure.register(channel=1)
    pure.register(name="bb", address=B, channel=1)
    pure.register(channel=2)
    pure.drop(pure.routes.of_channel(1))
    assert pure.brokers() == {"ba": {0: A}}
    pure.drop(pure.routes.of_channel(2))
    assert pure.brokers() == {}


def test_a_replaced_address_is_forgotten_without_hurting_its_successor(pure):
    pure.register(channel=1)
    pure.register(address=B, channel=2)
    pure.drop(pure.routes.of_channel(1))
    assert pure.brokers() == {"ba": {0: B}}
    assert set(pure.routes.live) == {("C1", B)}


def test_a_broker_that_moved_to_another_cluster_name_survives_its_old_entry(pure):
    pure.register()
    pure.now = 100_000
    pure.register(cluster="C2")
    pure.drop(pure.routes.expired(130_000))
    assert pure.brokers() == {"ba": {0: A}}
    pure.drop(pure.routes.expired(230_000))
    assert pure.brokers() == {}


def test_a_large_table_is_applied_in_slices(pure, registration):
    command = registration([f"T{n}" for n in range(7000)])
    call = Call(command, b"", "c", 0)
    known = [0, *(len(pure.topics()) for _ in pure.processor.process(call)), len(pure.topics())]
    assert known[-1] == 7000
    assert max(after - before for before, after in pairwise(known)) <= 2000


def test_equal_topics_share_their_queue_data(pure):
    topics = [f"T{n}" for n in range(100)]
    pure.register(topics)
    pure.register(topics, name="bb", address=B)
    assert len({id(entries) for _, entries in pure.routes.topics.items()}) == 1
    assert pure.routes.topics.count("bb") == 100


def test_a_timeout_that_overflows_with_the_clock_is_over_at_once(pure):
    pure.now = 1000
    pure.register(heartbeatTimeoutMillis=str(2**63 - 1))
    assert pure.routes.expired(pure.now) == [("C1", A)]


def test_a_registration_without_a_table_leaves_a_ghost(pure):
    answer = pure.tell(
        103,
        b'{"topicConfigSerializeWrapper":null}',
        brokerName="ba",
        brokerAddr=A,
        clusterName="C1",
        brokerId="0",
    )
    assert answer.code == 0
    assert pure.brokers() == {"ba": {}}


def test_a_refused_address_keeps_its_filter_servers(pure):
    pure.register(address=A, broker_id=1, filters=["f:1"])
    pure.register(address=B, state_version=9)
    pure.register(address=A, state_version=1)
    assert pure.routes.filters == {("C1", A): ["f:1"]}
