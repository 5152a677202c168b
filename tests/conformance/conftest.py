"""The Java NameServer and ours, asked the same and compared."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness import java
from harness.loopback import claimed_range
from harness.processes import start
from harness.wait import until
from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol import fastjson, headers
from rocketmq_operator.protocol.framing import FrameDecoder

PROGRAM = Path(sys.executable).with_name("rocketmq-nameserver")
ANSWER_TIMEOUT = 5.0
CLOSED = "closed"


class Answer(NamedTuple):
    """What can be compared of an answer: JSON bodies parsed, lists without their order."""

    code: int
    flag: int
    remark: str | None
    ext_fields: dict[str, str] | None
    body: Any


class Peer:
    """Named connections to one server."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._open: dict[str, tuple[socket.socket, FrameDecoder]] = {}

    def ask(self, name: str, frame: bytes) -> Answer | str:
        """Send a frame; the answer, or that the server closed the connection."""
        connection, decoder = self._connection(name)
        connection.sendall(frame)
        while True:
            try:
                data = connection.recv(1 << 20)
            except ConnectionError:
                data = b""
            if not data:
                self.close(name)
                return CLOSED
            for payload in decoder.feed(data):
                return _answer(payload)

    def close(self, name: str) -> None:
        """Close a connection."""
        self._open.pop(name)[0].close()

    def close_all(self) -> None:
        """Close every connection."""
        for name in list(self._open):
            self.close(name)

    def _connection(self, name: str) -> tuple[socket.socket, FrameDecoder]:
        if name not in self._open:
            connection = socket.create_connection(self._address, ANSWER_TIMEOUT)
            self._open[name] = (connection, FrameDecoder())
        return self._open[name]


class Pair:
    """Both servers; they have been told the same since they started."""

    def __init__(self, theirs: str, ours: str) -> None:
        self.theirs, self.ours = Peer(theirs), Peer(ours)

    def same(self, frame: bytes, connection: str = "admin") -> Answer | str:
        """Ask both and require the same answer; it is returned."""
        theirs, ours = self.theirs.ask(connection, frame), self.ours.ask(connection, frame)
        assert _like(ours, theirs) == theirs
        return ours

    def become_same(self, frame: bytes, wanted: Any) -> None:
        """Ask until both give an answer whose body is `wanted`: for what takes effect later."""
        for peer in (self.theirs, self.ours):
            until(lambda peer=peer: _body(peer, frame) == wanted, timeout=10, what=repr(wanted))

    def close(self, connection: str) -> None:
        """Close a connection to both."""
        self.theirs.close(connection)
        self.ours.close(connection)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    directory = tmp_path_factory.mktemp("pair")
    with java.NameServer(directory / "java") as theirs, claimed_range() as prefix:
        address = f"{prefix}.0.9:9876"
        command = [PROGRAM, "--listen", address, "--data-dir", directory]
        child = start(command, log=directory / "ours.log")
        until(lambda: java.answers(address), timeout=20, what="our server to answer")
        yield theirs.address, address
        child.stop()


@pytest.fixture
def pair(servers: tuple[str, str]) -> Iterator[Pair]:
    """Both servers, with no connection open yet."""
    pair = Pair(*servers)
    yield pair
    pair.theirs.close_all()
    pair.ours.close_all()


def _like(ours: Answer | str, theirs: Answer | str) -> Answer | str:
    """Exception texts name Java's classes and lines: ours may say it in other words."""
    if isinstance(ours, str) or isinstance(theirs, str) or "Exception" not in str(theirs.remark):
        return ours
    return ours._replace(remark=theirs.remark) if ours.remark else ours


def _answer(payload: bytes) -> Answer:
    command = headers.decode(payload)
    return Answer(
        command.code,
        command.flag,
        command.remark,
        command.ext_fields,
        _plain(command.body),
    )


def _plain(body: bytes) -> Any:
    try:
        return _sorted(fastjson.loads(body)) if body else None
    except BodyError:
        return body.decode()


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _body(peer: Peer, frame: bytes) -> Any:
    answer = peer.ask("admin", frame)
    return answer if isinstance(answer, str) else answer.body
