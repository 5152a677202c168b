"""What a server makes of the tales of others, case by case."""

import pytest

from rocketmq_operator.errors import BodyError
from rocketmq_operator.nameserver.snapshot import Snapshot, adopt, lines

MINUTE = 60_000


def tale(server, *, asked=None):
    """What ``server`` tells now, to somebody who asked at ``asked``."""
    told = Snapshot(server.now if asked is None else asked, server.now)
    for line in lines(server.routes, f"instance {id(server)}", server.now):
        told.read(line)
    return told


@pytest.fixture
def warm(pure_with):
    """A server that starts with what others tell, at the time they have."""

    def started(*others):
        server = pure_with()
        server.now = others[0].now
        adopt(server.routes, [tale(other) for other in others], server.now)
        return server

    return started


def passed(milliseconds, *servers):
    """Time passes, and everything that is due expires."""
    for server in servers:
        server.now += milliseconds
        list(server.routes.drop_overdue_topics(server.now))
        server.drop(server.routes.expired(server.now))


def beats(server, address="10.0.0.1:10911", cluster="C1"):
    assert server.tell(904, clusterName=cluster, brokerAddr=address).code == 0


def test_everything_that_makes_a_route_is_told(pure, warm, topic_config):
    mapping = {"S": {"topic": "S", "bname": "ba", "epoch": 3, "currIdMap": {"0": 1}}}
    pure.register(("A", topic_config("S", perm=4)), mappings=mapping, __ZONE_NAME="z")
    pure.register(("A", "S"), broker_id=1, address="10.0.0.2:10911", filters=["f:1"])
    pure.register(("A", "B"), name="bb", address="10.0.0.3:10911", enableActingMaster="true")
    ours = warm(pure)
    assert [ours.route(topic) for topic in "ABS"] == [pure.route(topic) for topic in "ABS"]
    assert ours.tell(106).body == pure.tell(106).body
    for name in ("ba", "bb"):
        assert ours.tell(901, brokerName=name).body == pure.tell(901, brokerName=name).body


def test_topics_that_were_handed_on_are_as_old_as_they_are(pure, warm):
    pure.register(("A", "B"))
    first = warm(pure)
    passed(MINUTE, first)
    beats(first)
    second = warm(first)
    passed(MINUTE - 1, second)
    beats(second)
    assert second.topics() == ["A", "B"]
    passed(1, second)
    assert second.topics() == []
    assert second.brokers() == {"ba": {0: "10.0.0.1:10911"}}


def test_the_next_registration_keeps_what_it_names(pure, warm):
    pure.register(("A", "B"))
    ours = warm(pure)
    ours.register(("A",), counter=2)
    passed(119_999, ours)
    ours.register(("A",), counter=2)
    assert ours.topics() == ["A", "B"]
    passed(1, ours)
    assert ours.topics() == ["A"]


def test_each_part_of_a_split_registration_replaces_what_was_told(pure, warm, topic_config):
    pure.register(("A", "B"))
    ours = warm(pure)
    ours.register((topic_config("A", perm=4),), counter=2)
    ours.register((topic_config("B", perm=4),), counter=2)
    assert ours.perms("A") == ours.perms("B") == {"ba": 4}


def test_a_broker_that_left_and_came_back_keeps_its_topics(pure, warm):
    pure.register(("A", "B"))
    ours = warm(pure)
    ours.leave()
    assert ours.topics() == []
    ours.register(("A", "B"))
    passed(100_000, ours)
    beats(ours)
    passed(100_000, ours)
    assert ours.topics() == ["A", "B"]


def test_a_topic_that_was_deleted_meanwhile_does_not_come_back_to_be_dropped(pure, warm):
    pure.register(("A", "B"))
    ours = warm(pure)
    ours.tell(216, topic="A")
    ours.register(("A", "B"))
    passed(119_000, ours)
    ours.register(("A", "B"))
    passed(2_000, ours)
    assert ours.topics() == ["A", "B"]


def test_that_a_provisional_broker_was_not_heard_of_says_nothing(pure, warm):
    pure.register(heartbeatTimeoutMillis="10000")
    silent, heard = warm(pure), warm(pure)
    passed(9_000, silent, heard)
    beats(heard)
    passed(2_000, silent, heard)
    assert silent.brokers() == {}
    assert warm(silent, heard).brokers() == {"ba": {0: "10.0.0.1:10911"}}


def test_a_farewell_counts_even_where_the_broker_was_provisional(pure, warm):
    pure.register()
    told, missed = warm(pure), warm(pure)
    passed(1, told, missed)
    told.leave()
    assert warm(told, missed).brokers() == {}


def test_who_came_back_elsewhere_is_not_gone(pure, pure_with, warm):
    other = pure_with()
    pure.register()
    other.register()
    passed(1, pure, other)
    pure.leave()
    assert warm(pure, other).brokers() == {"ba": {0: "10.0.0.1:10911"}}


def test_of_two_addresses_on_a_seat_the_newer_state_wins(pure, pure_with, warm):
    other = pure_with()
    pure.register(address="10.0.0.1:10911", state_version=2)
    other.register(address="10.0.0.2:10911", state_version=1)
    assert warm(pure, other).brokers() == {"ba": {0: "10.0.0.1:10911"}}


def test_topics_come_from_the_server_with_the_newest_table(pure, pure_with, warm):
    other = pure_with()
    pure.register(("A", "B"), counter=1)
    other.register(("B", "C"), counter=2)
    other.register(("C", "D"), name="bb", address="10.0.0.2:10911")
    assert warm(pure, other).topics() == ["B", "C", "D"]


def test_a_registration_wins_against_a_provisional_holder_of_the_seat(pure, warm):
    pure.register(address="10.0.0.1:10911", state_version=5)
    ours = warm(pure)
    ours.register(address="10.0.0.2:10911", state_version=1)
    assert ours.brokers() == {"ba": {0: "10.0.0.2:10911"}}


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b'{"topics":[["A",0]]}', b'{"members":[{}]}'])
def test_nonsense_is_refused(line):
    with pytest.raises(BodyError, match="no line of a snapshot"):
        Snapshot(0, 0).read(line)
