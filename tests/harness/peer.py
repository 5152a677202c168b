"""Named connections to one NameServer, and what comes back over them."""

import contextlib
import socket
from typing import Final

from harness.frames import Answer, take

ANSWER_TIMEOUT: Final = 5.0
CLOSED: Final = "closed"
Outcome = Answer | str
"""What a frame led to: an answer, or CLOSED."""


class Peer:
    """Named connections to one server."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._open: dict[str, tuple[socket.socket, bytearray]] = {}

    def connect(self) -> socket.socket:
        """A new connection that belongs to the caller."""
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host, int(port)), ANSWER_TIMEOUT)

    def ask(self, connection: str, frame: bytes) -> Outcome:
        """Send bytes; the first answer, or that the server closed the connection."""
        self.send(connection, frame)
        return self.receive(connection)

    def send(self, connection: str, data: bytes) -> None:
        """Send bytes; the connection is opened if it is not."""
        stream, _ = self._connection(connection)
        with contextlib.suppress(ConnectionError):  # `receive` tells
            stream.sendall(data)

    def receive(self, connection: str) -> Outcome:
        """The next answer. Raises TimeoutError if neither that nor a close comes in time."""
        stream, waiting = self._connection(connection)
        while True:
            answer = take(waiting)
            if answer is not None:
                return answer
            data = _received(stream)
            if not data:
                self.close(connection)
                return CLOSED
            waiting += data

    def receive_all(self, connection: str, count: int) -> list[Outcome]:
        """The next answers, in the order of their opaques."""
        found = [self.receive(connection) for _ in range(count)]
        return sorted(found, key=lambda each: each.opaque if isinstance(each, Answer) else -1)

    def close(self, connection: str) -> None:
        """Close a connection, if it is open, once the server has seen its end."""
        if connection not in self._open:
            return
        stream, _ = self._open.pop(connection)
        try:
            stream.shutdown(socket.SHUT_WR)
            while _received(stream):
                pass
        except OSError:
            pass  # it was closed from the other side
        finally:
            stream.close()

    def close_all(self) -> None:
        """Close every connection."""
        for name in list(self._open):
            self._open.pop(name)[0].close()

    def is_open(self, connection: str) -> bool:
        """Whether the server has not closed a connection of ours, as far as is known now."""
        if connection not in self._open:
            return False
        stream, waiting = self._open[connection]
        stream.setblocking(False)
        try:
            data = stream.recv(1 << 16)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        finally:
            stream.settimeout(ANSWER_TIMEOUT)
        waiting += data
        return bool(data)

    def _connection(self, name: str) -> tuple[socket.socket, bytearray]:
        if name not in self._open:
            self._open[name] = (self.connect(), bytearray())
        return self._open[name]


def _received(stream: socket.socket) -> bytes:
    try:
        return stream.recv(1 << 20)
    except ConnectionError:
        return b""
