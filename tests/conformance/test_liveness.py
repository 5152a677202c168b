"""Who stays and who goes: heartbeats, expiry by the clock, connections that close."""

from collections.abc import Iterator

import pytest

from harness.frames import JSON, ROCKETMQ, Answer, ask
from harness.pair import Pair, Peer, Servers, start_servers
from harness.questions import everything
from harness.registrations import Member, body, data_version, member, registration

TOPICS = {"live-a": 4, "live-b": 4}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both look for silent brokers ten times a second."""
    settings = {"scanNotActiveBrokerInterval": 100}
    with start_servers(tmp_path_factory.mktemp("liveness"), properties=settings) as started:
        yield started


def views(pair: Pair, *names: str) -> None:
    pair.same_all(everything(topics=TOPICS, brokers=names))


def leave(pair: Pair, *members: Member) -> None:
    for who in members:
        pair.same(ask(104, fields=who))
    pair.settle()
    views(pair)


def known(peer: Peer, who: Member) -> bool:
    """Whether a server has a live entry of a broker; asking is a sign of life."""
    answer = peer.ask("admin", ask(322, fields=who))
    return isinstance(answer, Answer) and bool(answer.body)


def listed(peer: Peer, who: Member) -> bool:
    """Whether a server shows the address of a broker."""
    answer = peer.ask("admin", ask(106))
    return isinstance(answer, Answer) and f'"{who["brokerAddr"]}"' in answer.text


def gone(pair: Pair, who: Member) -> None:
    pair.both(lambda peer: not listed(peer, who), f"{who['brokerAddr']} to be gone")


@pytest.mark.parametrize("timeout", ["1", "200", "0", "-1", "-9223372036854775808"])
@pytest.mark.parametrize("acting", ["", "false", "true"])
def test_silent_brokers_go_and_their_connection_is_closed(
    pair: Pair, timeout: str, acting: str
) -> None:
    who = member("silent")
    more = {"heartbeatTimeoutMillis": timeout, "enableActingMaster": acting}
    pair.same(registration(who, body(TOPICS), fields=more), "broker")
    gone(pair, who)
    pair.both(lambda peer: not peer.is_open("broker"), "the broker's connection to close")
    pair.close("broker")
    views(pair, "silent")


@pytest.mark.parametrize("timeout", ["600000", "9223372036854775807", "9223372036854775808", ""])
def test_long_and_unreadable_timeouts(pair: Pair, timeout: str) -> None:
    who, witness = member("patient"), member("witness")
    pair.same(registration(who, body(TOPICS), fields={"heartbeatTimeoutMillis": timeout}), "broker")
    if timeout == "9223372036854775807":  # the sum with the clock overflows in Java
        gone(pair, who)
    pair.same(registration(witness, heartbeatTimeoutMillis="1"), "witness")
    gone(pair, witness)
    views(pair, "patient")
    leave(pair, who)


@pytest.mark.parametrize(("code", "kind"), [(904, ROCKETMQ), (322, JSON), (103, JSON)])
def test_signs_of_life_keep_a_broker(pair: Pair, code: int, kind: int) -> None:
    who, witness = member("beating"), member("witness", 1)
    told = {"heartbeatTimeoutMillis": "1200"}
    frame = registration(who, body(TOPICS), fields=told)
    pair.same(frame, "broker")
    beat = frame if code == 103 else ask(code, kind=kind, fields=who)
    for _ in range(3):
        pair.same(registration(witness, fields={"heartbeatTimeoutMillis": "600"}), "witness")

        def witness_gone(peer: Peer) -> bool:
            peer.ask("broker", beat)
            return not listed(peer, witness)

        pair.both(witness_gone, "the silent one to go")
        for peer in pair.peers:
            peer.ask("broker", beat)
        pair.close("witness")
    views(pair, "beating")
    gone(pair, who)


def test_a_silent_master_leaves_its_slaves_readable(pair: Pair) -> None:
    master, slave = member("half"), member("half", 1)
    for who, timeout in ((slave, "600000"), (master, "1")):
        more = {"heartbeatTimeoutMillis": timeout, "enableActingMaster": "true"}
        pair.same(registration(who, body(TOPICS), fields=more), who["brokerAddr"])
    gone(pair, master)
    views(pair, "half")
    leave(pair, slave)


def test_the_connection_of_the_last_registration_counts(pair: Pair) -> None:
    who = member("moved")
    pair.same(registration(who, body(TOPICS)), "first")
    pair.same(registration(who, body(TOPICS)), "second")
    pair.close("first")
    pair.settle()
    views(pair, "moved")
    pair.same(ask(904, fields=who), "third")
    pair.close("third")
    pair.settle()
    views(pair, "moved")
    pair.close("second")
    pair.settle()
    views(pair, "moved")


def test_a_broker_that_moves_on_the_same_connection(pair: Pair) -> None:
    first, second = member("mover", address="m:1"), member("mover", address="m:2")
    pair.same(registration(first, body(TOPICS)), "broker")
    pair.same(ask(104, fields=first), "broker")
    pair.settle()
    pair.same(registration(second, body(TOPICS)), "broker")
    views(pair, "mover")
    pair.close("broker")
    pair.settle()
    views(pair, "mover")


def test_master_and_slaves_close_one_after_the_other(pair: Pair) -> None:
    members = [member("group", number) for number in range(4)]
    for who in members:
        fields = {"enableActingMaster": "true"}
        pair.same(registration(who, body(TOPICS), fields=fields), who["brokerAddr"])
    for who in members:
        pair.close(who["brokerAddr"])
        pair.settle()
        views(pair, "group")


def test_a_broken_frame_loses_the_broker_too(pair: Pair) -> None:
    who = member("broken")
    pair.same(registration(who, body(TOPICS)), "broker")
    pair.same(b"\xff" * 20, "broker")
    gone(pair, who)
    views(pair, "broken")


def test_filter_servers_go_with_their_broker(pair: Pair) -> None:
    master, slave = member("filters"), member("filters", 1)
    pair.same(registration(master, body(TOPICS, filters=("m:f",))), "master")
    pair.same(registration(slave, body(TOPICS, filters=("s:f",))), "slave")
    pair.close("slave")
    pair.settle()
    views(pair, "filters")
    pair.same(registration(slave, body(TOPICS, filters=None)), "slave")
    views(pair, "filters")
    leave(pair, master, slave)


def test_many_brokers_close_at_once(pair: Pair) -> None:
    members = [member(f"many-{number}") for number in range(30)]
    for who in members:
        pair.same(registration(who, body(TOPICS)), who["brokerName"])
    views(pair)
    for who in members[::2]:
        pair.close(who["brokerName"])
    pair.settle()
    views(pair)
    leave(pair, *members)


def test_a_broker_that_expired_comes_back(pair: Pair) -> None:
    who = member("returning")
    pair.same(registration(who, body(TOPICS), heartbeatTimeoutMillis="1"), "broker")
    gone(pair, who)
    pair.close("broker")
    pair.same(registration(who, body(TOPICS, version=data_version(1))), "broker")
    views(pair, "returning")
    pair.same(ask(322, fields=who))
    leave(pair, who)
