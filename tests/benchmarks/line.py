"""One patient connection on which servers are told what to know, and asked what they know."""

import socket
from collections.abc import Sequence
from typing import Final

from harness.errors import HarnessError
from harness.frames import Answer, take

TIMEOUT: Final = 60.0
"""Java takes seconds for its first large registrations."""
AT_ONCE: Final = 50
"""Requests on their way at a time; their answers come in any order."""


class Line:
    """A connection to `host:port`. Its methods raise HarnessError if the server closes it."""

    def __init__(self, address: str) -> None:
        self.address = address
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), TIMEOUT)
        self._waiting = bytearray()

    def ask(self, frame: bytes) -> Answer:
        """The answer to one request. Raises OSError, such as TimeoutError."""
        self._socket.sendall(frame)
        return self._answer()

    def ask_all(self, frames: Sequence[bytes]) -> list[Answer]:
        """The answers to requests whose opaques rise, in the order of the requests."""
        answers: list[Answer] = []
        for start in range(0, len(frames), AT_ONCE):
            some = frames[start : start + AT_ONCE]
            self._socket.sendall(b"".join(some))
            answers += sorted((self._answer() for _ in some), key=lambda answer: answer.opaque)
        return answers

    def close(self) -> None:
        """Close the connection; brokers that registered on it are gone."""
        self._socket.close()

    def _answer(self) -> Answer:
        while (answer := take(self._waiting)) is None:
            data = self._socket.recv(1 << 20)
            if not data:
                raise HarnessError(f"{self.address} closed the connection in place of an answer")
            self._waiting += data
        return answer
