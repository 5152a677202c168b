"""A server that ends: new enough clients are sent away first, if it is told to do so."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.frames import ROCKETMQ, Answer, ask
from harness.pair import Pair, Peer, start_servers
from harness.registrations import body, member, registration

GO_AWAY = 1500
TOPIC_NOT_EXIST = 17
KEY_NOT_FOUND = 22
FRAME = ask(101, namespace="ending", key="none")
SECONDS = 10


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[Pair]:
    """Both servers, a moment after they were told to end gracefully."""
    properties = {"enableShutdownGracefully": "true", "shutdownWaitTimeSeconds": SECONDS}
    with start_servers(tmp_path, properties=properties) as servers, servers.pair() as pair:
        pair.answer(FRAME, "open")
        pair.answer(registration(member("ending"), body({"ending-a": 4, "ending-b": 4})), "broker")
        servers.signal(signal.SIGTERM)
        pair.both(lambda peer: _code(peer, FRAME) == GO_AWAY, "clients to be sent away")
        yield pair


def _code(peer: Peer, frame: bytes, connection: str = "open") -> int | None:
    answer = peer.ask(connection, frame)
    return answer.code if isinstance(answer, Answer) else None


def test_who_understands_it_is_sent_away_and_others_are_served(ending: Pair) -> None:
    for version in (0, 401, 475, 476, 477, 479, 612):
        for code in (101, 105, 106, 999):
            ending.same(ask(code, version=version, namespace="n", key="k"), "open")
    assert ending.answer(ask(105, kind=ROCKETMQ, topic="t"), "open").code == GO_AWAY
    ending.told(ask(101, version=475, flag=2, namespace="n", key="k"), "open")


def test_who_comes_back_by_another_connection_is_served_by_ours_alone(ending: Pair) -> None:
    theirs, ours = (_code(peer, FRAME, "new") for peer in (ending.theirs, ending.ours))
    assert (theirs, ours) == (GO_AWAY, KEY_NOT_FOUND)
    ending.unlike("sent-away-once", theirs, ours)


def test_a_broker_that_leaves_meanwhile_is_gone_for_those_that_stay(ending: Pair) -> None:
    ending.close("broker")
    ending.both(
        lambda peer: _code(peer, ask(105, version=475, topic="ending-a")) == TOPIC_NOT_EXIST,
        "the route of a broker that left to be gone",
    )


def test_after_the_wait_both_end(ending: Pair) -> None:
    for peer in ending.peers:
        assert peer.ask("last", FRAME) != "closed"
    ending.both(lambda peer: not peer.is_open("last"), "the connection to be closed")


def test_by_default_a_server_ends_without_sending_anybody_away(tmp_path: Path) -> None:
    with start_servers(tmp_path) as servers, servers.pair() as pair:
        pair.answer(FRAME, "open")
        servers.signal(signal.SIGTERM)
        pair.both(lambda peer: not peer.is_open("open"), "the connection to be closed")
