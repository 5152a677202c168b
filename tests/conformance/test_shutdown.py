"""A server that ends: new enough clients are sent away first, if it is told to do so."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.frames import ROCKETMQ, Answer, ask
from harness.pair import Pair, Peer, start_servers

GO_AWAY = 1500
FRAME = ask(101, namespace="ending", key="none")
SECONDS = 6


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[Pair]:
    """Both servers, a moment after they were told to end gracefully."""
    properties = {"enableShutdownGracefully": "true", "shutdownWaitTimeSeconds": SECONDS}
    with start_servers(tmp_path, properties=properties) as servers, servers.pair() as pair:
        pair.answer(FRAME, "open")
        servers.signal(signal.SIGTERM)
        pair.both(_goes_away, "clients to be sent away")
        yield pair


def _goes_away(peer: Peer) -> bool:
    answer = peer.ask("probe", FRAME)
    return isinstance(answer, Answer) and answer.code == GO_AWAY


def test_who_understands_it_is_sent_away_and_others_are_served(ending: Pair) -> None:
    for connection in ("open", "new"):
        for version in (0, 401, 475, 476, 477, 479, 612):
            for code in (101, 105, 106, 999):
                ending.same(ask(code, version=version, namespace="n", key="k"), connection)
    assert ending.answer(ask(105, kind=ROCKETMQ, topic="t"), "new").code == GO_AWAY
    ending.told(ask(101, version=475, flag=2, namespace="n", key="k"), "new")


def test_after_the_wait_both_end(ending: Pair) -> None:
    for peer in ending.peers:
        assert peer.ask("last", FRAME) != "closed"
    ending.both(lambda peer: not peer.is_open("last"), "the connection to be closed")


def test_by_default_a_server_ends_without_sending_anybody_away(tmp_path: Path) -> None:
    with start_servers(tmp_path) as servers, servers.pair() as pair:
        pair.answer(FRAME, "open")
        servers.signal(signal.SIGTERM)
        pair.both(lambda peer: not peer.is_open("open"), "the connection to be closed")
