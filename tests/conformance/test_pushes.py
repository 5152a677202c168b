"""NOTIFY_MIN_BROKER_ID_CHANGE (905): whom the servers tell of a new smallest broker id, and what.

Both servers tell the same listeners; who told is seen by the language in the header.
"""

import contextlib
import selectors
import socket
from collections.abc import Iterator
from typing import Final

import pytest

from harness.frames import Answer, ask, take
from harness.pair import Pair, Servers, start_servers
from harness.registrations import Member, body, member, registration
from harness.wait import until

BOTH: Final = ("JAVA", "PYTHON")
"""The languages in the headers of the two servers."""


class Listeners:
    """Brokers of one group that listen on loopback and remember what they are told."""

    def __init__(self, host: str, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._stack = contextlib.ExitStack()
        self._buffers: dict[socket.socket, tuple[int, bytearray]] = {}
        self.heard: list[tuple[str, int, Answer]] = []
        self.addresses: list[str] = []
        for number in range(count):
            listener = self._stack.enter_context(socket.create_server((host, 0)))
            self.addresses.append(f"{host}:{listener.getsockname()[1]}")
            self._selector.register(listener, selectors.EVENT_READ, number)

    def close(self) -> None:
        """Close everything."""
        self._stack.close()
        self._selector.close()

    def listen(self) -> list[tuple[str, int, Answer]]:
        """Everything that was said until now: by whom, to which broker, what."""
        for key, _ in self._selector.select(0.02):
            stream = key.fileobj
            assert isinstance(stream, socket.socket)
            if stream in self._buffers:
                self._read(stream)
            else:
                connection = self._stack.enter_context(stream.accept()[0])
                self._buffers[connection] = (key.data, bytearray())
                self._selector.register(connection, selectors.EVENT_READ)
        return self.heard

    def _read(self, stream: socket.socket) -> None:
        number, buffer = self._buffers[stream]
        data = stream.recv(65536)
        buffer += data
        if not data:
            self._selector.unregister(stream)
        while (frame := take(buffer)) is not None:
            self.heard.append((frame.language, number, frame))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both, telling brokers of changes and looking for silent ones ten times a second."""
    settings = {"notifyMinBrokerIdChanged": "true", "scanNotActiveBrokerInterval": 100}
    with start_servers(tmp_path_factory.mktemp("pushes"), properties=settings) as started:
        yield started


@pytest.fixture
def listeners(pair: Pair) -> Iterator[Listeners]:
    """Four brokers that listen."""
    host = pair.ours.address.partition(":")[0]
    made = Listeners(host, 4)
    yield made
    made.close()


def group(listeners: Listeners, name: str) -> list[Member]:
    return [
        member(name, number, address=address) for number, address in enumerate(listeners.addresses)
    ]


def register(pair: Pair, who: Member, **more: str) -> None:
    fields = {"enableActingMaster": "true", **more}
    pair.same(registration(who, body({"push-a": 1, "push-b": 1}), fields=fields), who["brokerAddr"])


def both_said(listeners: Listeners, expected: dict[int, dict[str, str]]) -> None:
    """Both told exactly these brokers exactly this next; then forget it.

    One may go on to what is said afterwards before the other has said this.
    """

    def next_of(language: str) -> dict[int, Answer]:
        heard = reversed(listeners.heard)
        return {number: frame for told, number, frame in heard if told == language}

    until(
        lambda: (
            listeners.listen() and all(expected.keys() <= next_of(each).keys() for each in BOTH)
        ),
        timeout=10,
        what=f"{expected} from both",
        interval=0,
    )
    for language in BOTH:
        frames = next_of(language)
        assert {number: frame.fields for number, frame in frames.items()} == expected, language
        for number, frame in frames.items():
            assert (frame.code, frame.flag, frame.remark, frame.body) == (905, 2, None, b"")
            assert frame.version == 479
            listeners.heard.remove((language, number, frame))
        assert len({frame.opaque for frame in frames.values()}) <= 1


def nothing_said(pair: Pair, listeners: Listeners, name: str) -> None:
    """Neither says anything: a change that both tell of comes first."""
    witnesses = group(listeners, f"{name}-witness")
    register(pair, witnesses[3])
    register(pair, witnesses[2])
    both_said(listeners, {3: online(witnesses[2])})
    pair.same(ask(104, fields=witnesses[2]))
    both_said(listeners, {3: offline(witnesses[3], witnesses[2])})
    pair.same(ask(104, fields=witnesses[3]))
    pair.settle()


def online(who: Member) -> dict[str, str]:
    """What is said of a new smallest id."""
    return {
        "minBrokerId": who["brokerId"],
        "minBrokerAddr": who["brokerAddr"],
        "haBrokerAddr": f"{who['brokerAddr']}1",
    }


def offline(who: Member, lost: Member) -> dict[str, str]:
    """What is said of one that went away: ``who`` is the smallest now."""
    return {
        "minBrokerId": who["brokerId"],
        "minBrokerAddr": who["brokerAddr"],
        "offlineBrokerAddr": lost["brokerAddr"],
    }


def test_a_new_smallest_id_is_told_to_the_others(pair: Pair, listeners: Listeners) -> None:
    brokers = group(listeners, "new")
    register(pair, brokers[3])
    register(pair, brokers[2])
    both_said(listeners, {3: online(brokers[2])})
    register(pair, brokers[0])
    both_said(listeners, {3: online(brokers[0]), 2: online(brokers[0])})
    register(pair, brokers[1])
    nothing_said(pair, listeners, "new")


@pytest.mark.parametrize("how", ["unregister", "close", "expire"])
def test_one_that_went_away_is_told_to_all_that_stay(
    pair: Pair, listeners: Listeners, how: str
) -> None:
    brokers = group(listeners, f"away-{how}")
    for who in brokers[1:]:
        register(pair, who)
    register(pair, brokers[0], heartbeatTimeoutMillis="1" if how == "expire" else "60000")
    both_said(listeners, {number: online(brokers[0]) for number in (1, 2, 3)})
    if how == "unregister":
        pair.same(ask(104, fields=brokers[0]))
    elif how == "close":
        pair.close(brokers[0]["brokerAddr"])
    both_said(listeners, {number: offline(brokers[1], brokers[0]) for number in (1, 2, 3)})
    pair.same(ask(104, fields=brokers[2]))
    pair.settle()
    pair.same(ask(104, fields=brokers[1]))
    both_said(listeners, {3: offline(brokers[3], brokers[1])})
    pair.same(ask(104, fields=brokers[3]))
    nothing_said(pair, listeners, f"away-{how}")


def test_groups_without_acting_master_are_told_of_a_new_one_only(
    pair: Pair, listeners: Listeners
) -> None:
    brokers = group(listeners, "plain")
    register(pair, brokers[2], enableActingMaster="false")
    register(pair, brokers[0], enableActingMaster="false")
    both_said(listeners, {2: online(brokers[0])})
    pair.same(ask(104, fields=brokers[0]))
    nothing_said(pair, listeners, "plain")


def test_an_unregistration_that_lies_about_its_id(pair: Pair, listeners: Listeners) -> None:
    brokers = group(listeners, "lie")
    for who in reversed(brokers[1:3]):
        register(pair, who)
    both_said(listeners, {2: online(brokers[1])})
    pair.same(ask(104, fields=brokers[2] | {"brokerId": "1"}))
    both_said(listeners, {1: offline(brokers[1], brokers[2])})
    register(pair, brokers[2])
    pair.same(ask(104, fields=brokers[1] | {"brokerId": "9"}))
    nothing_said(pair, listeners, "lie")


def test_a_slave_that_becomes_master(pair: Pair, listeners: Listeners) -> None:
    brokers = group(listeners, "promoted")
    register(pair, brokers[2])
    register(pair, brokers[1])
    both_said(listeners, {2: online(brokers[1])})
    master = brokers[1] | {"brokerId": "0"}
    register(pair, master)
    both_said(listeners, {2: online(master)})
    register(pair, master)
    nothing_said(pair, listeners, "promoted")


def test_a_broker_alone_that_becomes_master_is_told_itself(
    pair: Pair, listeners: Listeners
) -> None:
    brokers = group(listeners, "self")
    register(pair, brokers[1])
    master = brokers[1] | {"brokerId": "0"}
    register(pair, master)
    both_said(listeners, {1: online(master)})


def test_nothing_is_told_while_that_is_off(pair: Pair, listeners: Listeners) -> None:
    brokers = group(listeners, "off")
    pair.same(ask(318, b"notifyMinBrokerIdChanged=false"))
    register(pair, brokers[2])
    register(pair, brokers[0])
    pair.same(ask(104, fields=brokers[0]))
    pair.settle()
    pair.same(ask(318, b"notifyMinBrokerIdChanged=true"))
    nothing_said(pair, listeners, "off")
