"""Peers that take what they can: memory stays bounded, and everybody else is served."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from harness.frames import Answer, ask
from harness.memory import peak_memory, resident_memory
from harness.nameserver import NameServer
from harness.peer import Peer
from harness.registrations import body, member, registration
from harness.wait import until

KIB = 2**10
MIB = 2**20
LARGEST = 16 * MIB - 4
"""The largest length word of a frame."""
FRAME = ask(101, namespace="greedy", key="none")

Serve = Callable[..., NameServer]
Figure = Callable[[str], None]


class Crowd:
    """Many plain connections to one server, and one of somebody who means well."""

    def __init__(self, server: NameServer) -> None:
        self.server = server
        self.streams: list[socket.socket] = []
        self._before = resident_memory(server.pid)
        self._friend = Peer(server.address)

    def join(self, count: int) -> list[socket.socket]:
        """Open connections."""
        host, _, port = self.server.address.rpartition(":")
        fresh = []
        for _ in range(count):
            stream = socket.create_connection((host, int(port)), 10)
            self.streams.append(stream)
            fresh.append(stream)
        return fresh

    def others_are_served(self) -> None:
        """Require an answer for somebody else, on an open connection and on a new one."""
        for name in ("friend", "newcomer"):
            answer = self._friend.ask(name, FRAME)
            assert isinstance(answer, Answer)
            assert answer.code == 22
        self._friend.close("newcomer")

    def growth(self) -> int:
        """Bytes of memory that the server has at most used beyond what it started with."""
        return peak_memory(self.server.pid) - self._before

    def resident_growth(self) -> int:
        """Bytes of memory that the server uses now beyond what it started with."""
        return resident_memory(self.server.pid) - self._before

    def close(self) -> None:
        self._friend.close_all()
        for stream in self.streams:
            stream.close()


@pytest.fixture
def crowd_of(serve: Serve) -> Iterator[Callable[..., Crowd]]:
    """A crowd around a server with these properties."""
    with ExitStack() as stack:

        def gather(**properties: str | int) -> Crowd:
            crowd = Crowd(serve(**properties))
            stack.callback(crowd.close)
            return crowd

        yield gather


def _ended(stream: socket.socket) -> bool:
    """Whether the server has closed."""
    stream.setblocking(False)
    try:
        return stream.recv(65536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


DRIPS = {
    "frame": struct.pack(">i", LARGEST),
    "header": struct.pack(">ii", LARGEST, LARGEST - 4) + b'{"code":',
    "proxy": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1",
    "tls": b"\x16\x03\x01\x02\x00\x01",
}


def test_peers_that_send_a_byte_at_a_time(crowd_of: Callable[..., Crowd], figure: Figure) -> None:
    crowd = crowd_of()
    slow = {name: crowd.join(100) for name in DRIPS}
    for at in range(max(map(len, DRIPS.values()))):
        for name, drip in DRIPS.items():
            for stream in slow[name]:
                with contextlib.suppress(ConnectionError):
                    stream.send(drip[at : at + 1])
        crowd.others_are_served()
    figure(f"400 peers that send a byte at a time: {crowd.growth() / 400:.0f} bytes each at most")
    assert crowd.growth() < 400 * 64 * KIB


def test_a_beginning_that_never_becomes_a_request_has_its_time(
    crowd_of: Callable[..., Crowd],
) -> None:
    crowd = crowd_of(serverChannelMaxIdleTimeSeconds=2)
    slow = crowd.join(20)
    sent = iter(b"PROXY UNKNOWN " + b"x" * 90)

    def all_closed() -> bool:
        drop = bytes([next(sent, ord("x"))])
        for stream in slow:
            with contextlib.suppress(OSError):
                stream.send(drop)
        return all(map(_ended, slow))

    until(all_closed, timeout=8, what="peers that dribble a header to be closed")
    crowd.others_are_served()


@pytest.mark.parametrize("asked", [False, True], ids=["silent", "served-once"])
def test_ten_thousand_idle_connections(
    crowd_of: Callable[..., Crowd], figure: Figure, asked: bool
) -> None:
    crowd = crowd_of()
    for _ in range(20):
        for stream in crowd.join(500):
            if asked:
                stream.sendall(FRAME)
                assert stream.recv(4096)
        crowd.others_are_served()
    kind = "after a request each" if asked else "that never said a word"
    each = crowd.resident_growth() / 10_000
    figure(f"10,000 idle connections {kind}: {each:.0f} bytes each in the server")
    assert crowd.resident_growth() < 100 * MIB


def test_the_largest_frames_are_served_and_no_larger_ones(
    crowd_of: Callable[..., Crowd], figure: Figure
) -> None:
    crowd = crowd_of()
    header = ask(319)[8:]
    content = bytes(LARGEST - 4 - len(header))
    frame = struct.pack(">ii", LARGEST, len(header)) + header + content
    for stream in crowd.join(10):
        stream.sendall(frame)
        assert stream.recv(65536)
        crowd.others_are_served()
    (stream,) = crowd.join(1)
    stream.sendall(struct.pack(">i", LARGEST + 1) + header)
    until(lambda: _ended(stream), timeout=10, what="a larger frame to be refused")
    figure(f"ten frames of 16 MiB one after the other: {crowd.growth() / MIB:.0f} MiB at most")
    assert crowd.growth() < 120 * MIB


def test_many_large_frames_at_once_cannot_take_all_memory(
    crowd_of: Callable[..., Crowd], figure: Figure
) -> None:
    crowd = crowd_of()
    almost = struct.pack(">i", LARGEST) + bytes(LARGEST - 1)
    for stream in crowd.join(40):
        with contextlib.suppress(OSError):
            stream.sendall(almost)
        crowd.others_are_served()
    until(
        lambda: any(map(_ended, crowd.streams)),
        timeout=10,
        what="some that hold most memory to be closed",
    )
    crowd.others_are_served()
    figure(f"40 frames of 16 MiB, all but complete: {crowd.growth() / MIB:.0f} MiB at most")
    assert crowd.growth() < 700 * MIB


def test_peers_that_never_read(crowd_of: Callable[..., Crowd], figure: Figure) -> None:
    crowd = crowd_of()
    friend = Peer(crowd.server.address)
    topics = {f"topic-{number:05}": 4 for number in range(5_000)}
    friend.ask("broker", registration(member("many"), body(topics)))
    deaf = crowd.join(50)
    requests = ask(206) * 500
    for stream in deaf:
        stream.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            stream.send(requests)
        crowd.others_are_served()
    _push(deaf, requests)
    crowd.others_are_served()
    friend.close_all()
    each = crowd.growth() / len(deaf) / 1024
    figure(f"50 peers that ask for 4 GiB and never read: {each:.0f} KiB each at most")
    assert crowd.growth() < 100 * MIB


def _push(streams: list[socket.socket], data: bytes) -> None:
    """Send until nothing is taken any more."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        taken = 0
        for stream in streams:
            with contextlib.suppress(BlockingIOError):
                taken += stream.send(data)
        if not taken:
            return
