"""needWaitForService and waitSecondsForService: routes of a server that has just started."""

from collections.abc import Iterator

import pytest

from harness.frames import Answer, ask
from harness.pair import Pair, Peer, Servers, start_servers
from harness.registrations import body, member, registration

SETTINGS = {"needWaitForService": "true", "waitSecondsForService": 3600}
TOPICS = {"ready-a": 1, "ready-b": 1}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both, told to give no routes for an hour."""
    with start_servers(tmp_path_factory.mktemp("waiting"), properties=SETTINGS) as started:
        yield started


def routes(pair: Pair) -> Answer:
    pair.same(ask(105, topic="no-such-topic"))
    pair.same(ask(105))
    pair.same(ask(105, topic="ready-a", version=400))
    pair.same(ask(105, topic="ready-a", __ZONE_MODE="true", __ZONE_NAME="z"))
    return pair.answer(ask(105, topic="ready-a"))


def configure(pair: Pair, text: str) -> None:
    pair.same(ask(318, text.encode()))


def test_only_routes_wait(pair: Pair) -> None:
    assert routes(pair).remark == "name server not ready"
    pair.same(registration(member("ready"), body(TOPICS)))
    assert routes(pair).remark == "name server not ready"
    for code in (100, 101, 102, 104, 106, 205, 206, 216, 217, 219, 224, 304, 311, 322, 327, 901):
        pair.same(ask(code))


def test_both_settings_count_at_once(pair: Pair) -> None:
    for text in (
        "needWaitForService=false",
        "needWaitForService=true",
        "waitSecondsForService=0",
        "waitSecondsForService=-1",
        "waitSecondsForService=3600",
        "waitSecondsForService=junk",
        "waitSecondsForService=2147483647",
        "waitSecondsForService=1\nneedWaitForService=yes",
        "needWaitForService=TRUE\nwaitSecondsForService=3600",
    ):
        configure(pair, text)
        routes(pair)
        routes(pair)


def test_the_wait_ends_by_itself(pair: Pair) -> None:
    configure(pair, "waitSecondsForService=1\nneedWaitForService=true")

    def served(peer: Peer) -> bool:
        answer = peer.ask("admin", ask(105, topic="ready-a"))
        return isinstance(answer, Answer) and answer.code != 1

    pair.both(served, "routes")
    routes(pair)
