"""Connections without traffic are closed; servers with too much to do say so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.frames import Answer, ask
from harness.pair import Pair, Peer, start_servers
from harness.registrations import body, member, registration
from harness.wait import until

FRAME = ask(101, namespace="idle", key="none")
BUSY = (2, "[OVERLOAD]system busy, start flow control for a while")


@contextmanager
def _started(directory: Path, **properties: int) -> Iterator[Pair]:
    """Both servers with these properties."""
    with start_servers(directory, properties=properties) as servers, servers.pair() as pair:
        yield pair


def test_an_idle_connection_is_closed_and_its_broker_is_gone(tmp_path: Path) -> None:
    with _started(tmp_path, serverChannelMaxIdleTimeSeconds=2) as pair:
        pair.answer(registration(member("idle"), body({"idle-a": 4, "idle-b": 4})), "broker")
        pair.answer(FRAME, "silent")
        for peer in pair.peers:
            peer.send("half", FRAME[:10])
        pair.answer(ask(105, topic="idle-a"))
        for name in ("broker", "silent", "half"):
            pair.both(lambda peer, name=name: _closed(peer, name), f"{name} to be closed")
        pair.become_same(ask(105, topic="idle-a"), 17)
        pair.same(ask(106))


def _closed(peer: Peer, connection: str) -> bool:
    """Whether an idle connection was closed; another one is kept busy meanwhile."""
    peer.ask("busy", FRAME)
    return not peer.is_open(connection)


def test_a_new_limit_is_for_new_connections(tmp_path: Path) -> None:
    with _started(tmp_path, serverChannelMaxIdleTimeSeconds=2) as pair:
        pair.answer(ask(318, b"serverChannelMaxIdleTimeSeconds=100"), "old")
        pair.answer(FRAME, "new")
        pair.both(lambda peer: not peer.is_open("old"), "the old connection to be closed")
        pair.answer(FRAME, "new")


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    with _started(tmp_path, serverChannelMaxIdleTimeSeconds=1) as pair:
        pair.answer(FRAME, "limited")
        pair.answer(ask(318, b"serverChannelMaxIdleTimeSeconds=0"), "free")
        pair.close("free")
        pair.answer(FRAME, "free")
        pair.both(lambda peer: not peer.is_open("limited"), "the limited one to be closed")
        pair.answer(FRAME, "free")


def test_more_requests_than_may_wait_are_answered_busy(tmp_path: Path) -> None:
    with _started(tmp_path, defaultThreadPoolNums=1, defaultThreadPoolQueueCapacity=1) as pair:
        puts = [
            ask(100, opaque=number, namespace="busy", key=f"k{number}", value="v" * 100)
            for number in range(200)
        ]
        _see(pair, {(0, None), BUSY}, lambda peer: _ask_all(peer, "flood", puts))
        _see(pair, {(0, None)}, lambda peer: [peer.ask("flood", puts[0])])


def test_more_unregistrations_than_may_wait_are_refused(tmp_path: Path) -> None:
    with _started(tmp_path, unRegisterBrokerQueueCapacity=1) as pair:
        leaving = [ask(104, opaque=number, fields=member("nobody")) for number in range(50)]

        def flood(peer: Peer) -> list[Answer | str]:
            topics = {f"large-{number}": 8 for number in range(20_000)}
            peer.send("large", registration(member("large"), body(topics)))
            found = _ask_all(peer, "leaving", leaving)
            peer.receive("large")
            peer.ask("large", ask(104, fields=member("large")))
            return found

        _see(pair, {(0, None), (1, None)}, flood)


def _ask_all(peer: Peer, connection: str, frames: list[bytes]) -> list[Answer | str]:
    """Requests in one write; all their answers, in any order."""
    peer.send(connection, b"".join(frames))
    return peer.receive_all(connection, len(frames))


def _see(
    pair: Pair, wanted: set[tuple[int, str | None]], flood: Callable[[Peer], list[Answer | str]]
) -> None:
    """Repeat until exactly these codes and remarks were seen among the answers, at each."""
    for peer in pair.peers:
        seen: set[tuple[int, str | None]] = set()

        def complete(peer: Peer = peer, seen: set[tuple[int, str | None]] = seen) -> bool:
            answers = flood(peer)
            assert not any(isinstance(each, str) for each in answers), "the connection was closed"
            seen |= {(each.code, each.remark) for each in answers if isinstance(each, Answer)}
            return seen >= wanted

        until(complete, timeout=30, what=f"{wanted} from {peer.address}, so far {seen}")
        assert seen == wanted
