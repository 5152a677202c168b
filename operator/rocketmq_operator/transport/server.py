"""The server side of connections: frames in, frames out, nobody can make it hold much or wait long.

A peer that does not read its answers is not read from; an idle one is closed. The handler decides
what a frame means; it answers at once or takes a ``hold`` and answers later.
"""

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import Iterable
from typing import Protocol, cast

from rocketmq_operator.errors import ProtocolError
from rocketmq_operator.protocol.framing import FrameDecoder

BACKLOG = 1024
MAX_HELD = 32
"""Requests of one connection that may wait for a later answer; more are not read meanwhile."""
WRITE_HIGH = 256 * 1024
WRITE_LOW = 64 * 1024
MAX_PARTIAL = 256 * 1024 * 1024
"""Bytes of incomplete frames over all connections; beyond it the largest is closed."""

_log = logging.getLogger(__name__)


class Handler(Protocol):
    """What a server does with frames."""

    def answer(self, connection: "Connection", payload: bytes) -> bytes | None:
        """The answer's frame, or None: none, or later. Raises ProtocolError to end the peer."""

    def lost(self, connection: "Connection") -> None:
        """The connection is gone."""

    def rejected(self, connection: "Connection", error: ProtocolError) -> None:
        """The peer sent something unreadable and is being disconnected."""


class Connection(asyncio.Protocol):
    """One accepted connection. Compared by identity; ``peer`` is its ``host:port`` for people."""

    def __init__(self, server: "RemotingServer", handler: Handler) -> None:
        self.peer = "?"
        self.active = True
        self.idle_since: float | None = None
        self._server = server
        self._handler = handler
        self._decoder = FrameDecoder()
        self._backlog: deque[bytes] = deque()
        self._transport: asyncio.Transport | None = None
        self._held = 0
        self._paused = False
        self._reading = True

    @property
    def partial(self) -> int:
        """Bytes of an incomplete frame that are kept for this peer."""
        return self._decoder.buffered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._transport.set_write_buffer_limits(WRITE_HIGH, WRITE_LOW)
        name = transport.get_extra_info("peername")
        self.peer = f"{name[0]}:{name[1]}" if name else "?"
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._backlog.clear()
        self._server.left(self)
        self._handler.lost(self)

    def data_received(self, data: bytes) -> None:
        self.active = True
        try:
            payloads = self._decoder.feed(data)
            if self._backlog or self._blocked:
                self._backlog.extend(payloads)
            else:
                self._answer_all(payloads)
            if self._decoder.failed:
                self._decoder.feed(b"")
        except ProtocolError as error:
            self._reject(error)

    def _answer_all(self, payloads: Iterable[bytes]) -> None:
        """Answer ``payloads`` with one write, or until the peer has to be waited for."""
        answers: list[bytes] = []
        size = 0
        waiting = iter(payloads)
        try:
            for payload in waiting:
                answer = self._handler.answer(self, payload)
                if answer is not None:
                    answers.append(answer)
                    size += len(answer)
                if size > WRITE_HIGH:
                    self._write(answers)
                    answers, size = [], 0
                if self._blocked:
                    break
        finally:
            self._write(answers)
        self._backlog.extend(waiting)
        self._regulate()

    def _write(self, answers: list[bytes]) -> None:
        if answers and self._transport is not None:
            self._transport.write(answers[0] if len(answers) == 1 else b"".join(answers))

    @property
    def _blocked(self) -> bool:
        return self._paused or self._held >= MAX_HELD

    def _regulate(self) -> None:
        """Read from the peer exactly while nothing of it is waiting."""
        wanted = not (self._blocked or self._backlog)
        if self._transport is None or wanted == self._reading or self._transport.is_closing():
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        self._paused = True
        self._regulate()

    def resume_writing(self) -> None:
        self._paused = False
        self._continue()

    def hold(self) -> None:
        """Announce an answer that comes later, by ``release``."""
        self._held += 1

    def release(self, frame: bytes | None) -> None:
        """Send the answer that was announced, if there is one and the peer is still there."""
        self._held -= 1
        if self._transport is None or self._transport.is_closing():
            return
        self.active = True
        if frame is not None:
            self._transport.write(frame)
        self._continue()

    def _continue(self) -> None:
        if self._backlog and not self._blocked:
            payloads, self._backlog = self._backlog, deque()
            try:
                self._answer_all(payloads)
            except ProtocolError as error:
                self._reject(error)
        self._regulate()

    def _reject(self, error: ProtocolError) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._handler.rejected(self, error)
            self._backlog.clear()
            self._transport.close()

    def close(self) -> None:
        """Close after what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()


class RemotingServer:
    """A listener and its connections. ``max_partial``: bytes of incomplete frames, all together."""

    def __init__(self, handler: Handler, *, max_partial: int = MAX_PARTIAL) -> None:
        self._max_partial = max_partial
        self.connections: set[Connection] = set()
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()

    def joined(self, connection: Connection) -> None:
        """A connection was accepted."""
        self.connections.add(connection)
        self._empty.clear()

    def left(self, connection: Connection) -> None:
        """A connection ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Start to accept; returns the address really bound. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self, self._handler),
            host,
            port,
            backlog=BACKLOG,
            reuse_address=True,
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
        )
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    def sweep(self, now: float, idle_seconds: float) -> None:
        """Abort connections without a read or a write for ``idle_seconds``, and memory hogs.

        ``now`` in seconds; called regularly, it sees activity as of the call before.
        """
        for connection in list(self.connections):
            if connection.active or connection.idle_since is None:
                connection.active = False
                connection.idle_since = now
            elif now - connection.idle_since >= idle_seconds:
                _log.info("%s: closed, idle for %d s", connection.peer, now - connection.idle_since)
                connection.abort()
        self._bound_memory()

    def _bound_memory(self) -> None:
        total = sum(connection.partial for connection in self.connections)
        by_size = sorted(self.connections, key=lambda connection: connection.partial)
        while total > self._max_partial:
            largest = by_size.pop()
            _log.warning(
                "%s: closed, %d bytes of an incomplete frame while all peers together hold %d",
                largest.peer,
                largest.partial,
                total,
            )
            total -= largest.partial
            largest.abort()

    def stop_accepting(self) -> None:
        """Refuse new connections; the present ones stay."""
        if self._server is not None:
            self._server.close()

    async def close(self, grace: float) -> None:
        """Close all connections, those that do not finish within ``grace`` seconds at once."""
        self.stop_accepting()
        for connection in list(self.connections):
            connection.close()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), grace)
        for connection in list(self.connections):
            connection.abort()
