"""What administrators ask: permissions, topics of a cluster, system topics, member groups."""

import socket
import threading

import pytest

from rocketmq_operator.protocol import bodies, headers
from rocketmq_operator.protocol.bodies import GetBrokerMemberGroup, TopicList
from rocketmq_operator.protocol.framing import FrameDecoder

B = "10.0.0.2:10911"


def listed(answer):
    return sorted(bodies.decode(answer.body, TopicList).topic_list)


def test_write_permission_is_wiped_and_added_and_counted(pure, topic_config):
    pure.register([topic_config("A", perm=7), "B"])
    answer = pure.tell(205, brokerName="ba")
    assert answer.ext_fields == {"wipeTopicCount": "2"}
    assert (pure.perms("A"), pure.perms("B")) == ({"ba": 5}, {"ba": 4})
    pure.register([topic_config("A", perm=7), "B"])
    assert pure.perms("A") == {"ba": 5}
    assert pure.tell(327, brokerName="ba").ext_fields == {"addTopicCount": "2"}
    assert pure.perms("A") == {"ba": 6}
    assert pure.tell(205, brokerName="nobody").ext_fields == {"wipeTopicCount": "0"}


def test_a_topic_is_deleted_in_one_cluster_or_everywhere(pure):
    pure.register()
    pure.register(name="bb", address=B, cluster="C2")
    assert pure.tell(216, topic="A", clusterName="C1").code == 0
    assert pure.perms("A") == {"bb": 6}
    assert pure.tell(216, topic="A").code == 0
    assert pure.topics() == ["B"]
    assert pure.tell(216).code == 0


@pytest.mark.parametrize(("name", "topics"), [("ba", ["A", "B", "X"]), ("unknown", ["A", "B"])])
def test_a_single_topic_is_registered_for_known_brokers(pure, name, topics):
    pure.register()
    queue = b'{"brokerName":"%b","perm":6,"readQueueNums":8,"writeQueueNums":8}' % name.encode()
    assert pure.tell(217, b'{"queueDatas":[%b]}' % queue, topic="X").code == 0
    assert pure.topics() == topics


def test_topics_by_cluster_and_by_unit(pure, topic_config):
    unit, sub, both = (topic_config(name) for name in ("unit", "sub", "both"))
    for config, flag in ((unit, 1), (sub, 2), (both, 3)):
        config["topicSysFlag"] = flag
    pure.register([unit, sub, both])
    pure.register(["A", "B"], name="bb", address=B, cluster="C2")
    assert listed(pure.tell(224, cluster="C2")) == ["A", "B"]
    assert listed(pure.tell(224, cluster="none")) == []
    assert listed(pure.tell(311)) == ["both", "unit"]
    assert listed(pure.tell(312)) == ["both", "sub"]
    assert listed(pure.tell(313)) == ["sub"]
    pure.tell(318, b"enableTopicList=false")
    assert (pure.tell(224).code, pure.tell(311).remark) == (1, "disable")


def test_system_topics_are_cluster_and_broker_names(pure):
    assert pure.tell(304).body == b'{"topicList":[]}'
    pure.register()
    answer = bodies.decode(pure.tell(304).body, TopicList)
    assert answer == TopicList(["C1", "ba"], "10.0.0.1:10911")


def test_a_member_group_echoes_what_was_asked(pure):
    pure.register()
    answer = pure.tell(901, clusterName="other", brokerName="ba")
    assert (answer.code, answer.remark) == (0, "not set any response code")
    group = bodies.decode(answer.body, GetBrokerMemberGroup).broker_member_group
    assert (group.cluster, group.broker_addrs) == ("other", {0: "10.0.0.1:10911"})


def received(listener, into):
    """The first frame somebody sends to ``listener``."""
    with listener.accept()[0] as peer:
        peer.settimeout(10)
        decoder, frames = FrameDecoder(), []
        while not frames:
            frames = decoder.feed(peer.recv(65536))
        into.append(headers.decode(frames[0]))


def test_members_hear_that_the_smallest_id_left(start, connect, registration):
    server = start("--data-dir", str(start.directory))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        slave = f"127.0.0.1:{listener.getsockname()[1]}"
        master, other = connect(server.address), connect(server.address)
        master.tell(318, b"notifyMinBrokerIdChanged=true")
        master.ask(registration(enableActingMaster="true"))
        other.ask(registration(address=slave, broker_id=1, enableActingMaster="true"))
        heard = []
        thread = threading.Thread(target=received, args=(listener, heard))
        thread.start()
        master.socket.close()
        thread.join(10)
    assert heard[0].code == 905
    assert heard[0].is_oneway
    assert heard[0].ext_fields == {
        "minBrokerId": "1",
        "minBrokerAddr": slave,
        "offlineBrokerAddr": "10.0.0.1:10911",
    }
