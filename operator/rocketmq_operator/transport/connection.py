"""One connection of a server: frames in, frames out.

A peer that does not read its answers is not read from. The handler decides what a frame means; it
answers at once or takes a ``hold`` and answers later.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple, Protocol, cast

from rocketmq_operator.errors import ProtocolError
from rocketmq_operator.protocol.framing import FrameDecoder

MAX_HELD = 32
"""Requests of one connection that may wait for a later answer; more are not read meanwhile."""


class Handler(Protocol):
    """What a server does with frames."""

    def answer(self, connection: "Connection", payload: bytes) -> bytes | None:
        """The answer's frame, or None: none, or later. Raises ProtocolError to end the peer."""

    def lost(self, connection: "Connection") -> None:
        """The connection is gone."""

    def rejected(self, peer: str, error: ProtocolError) -> None:
        """A peer sent something that cannot be served and is being disconnected."""


class Roll(Protocol):
    """Who keeps the list of open connections."""

    def joined(self, connection: "Connection") -> None:
        """A connection is open."""

    def left(self, connection: "Connection") -> None:
        """A connection ended."""

    def keeps(self, more: int) -> None:
        """A connection keeps so many more (or fewer) bytes of incomplete frames."""


class Limits(NamedTuple):
    """What a connection may cost; sizes in bytes. ``idle_seconds`` 0: it may be idle for ever.

    Above ``write_high`` bytes that wait to be sent the peer is not read from, until they are
    ``write_low``. Kernel buffers of size 0 are left to the kernel.
    """

    idle_seconds: int = 120
    write_high: int = 256 * 1024
    write_low: int = 64 * 1024
    send_buffer: int = 0
    receive_buffer: int = 0


class Connection(asyncio.Protocol):
    """One accepted connection. Compared by identity; ``peer`` is its ``host:port`` for people."""

    def __init__(self, roll: Roll, handler: Handler, peer: str, limits: Limits) -> None:
        self.peer = peer
        self.limits = limits
        self.active = True
        self.idle_since: float | None = None
        self._roll = roll
        self._handler = handler
        self._decoder = FrameDecoder()
        self._backlog: deque[bytes] = deque()
        self._transport: asyncio.Transport | None = None
        self._kept = 0
        self._held = 0
        self._paused = False
        self._reading = True

    @property
    def partial(self) -> int:
        """Bytes of an incomplete frame that are kept for this peer."""
        return self._decoder.buffered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._transport.set_write_buffer_limits(self.limits.write_high, self.limits.write_low)
        self._roll.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._backlog.clear()
        self._forget()
        self._roll.left(self)
        self._handler.lost(self)

    def data_received(self, data: bytes) -> None:
        self.active = True
        decoder = self._decoder
        try:
            payloads = decoder.feed(data)
            if self._backlog or self._paused or self._held >= MAX_HELD:
                self._backlog.extend(payloads)
            elif len(payloads) == 1:
                self._answer_one(payloads[0])
            else:
                self._answer_all(payloads)
            if decoder.failed:
                decoder.feed(b"")
        except ProtocolError as error:
            self._reject(error)
        if decoder.buffered != self._kept:
            self._account()

    def _account(self) -> None:
        more = self._decoder.buffered - self._kept
        self._kept += more
        self._roll.keeps(more)

    def _forget(self) -> None:
        self._decoder = FrameDecoder()
        self._account()

    def _answer_one(self, payload: bytes) -> None:
        """What ``_answer_all`` does, for the usual case."""
        answer = self._handler.answer(self, payload)
        if answer is not None and self._transport is not None:
            self._transport.write(answer)
        elif self._held:
            self._regulate()

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
                if size > self.limits.write_high:
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
            self._handler.rejected(self.peer, error)
            self._backlog.clear()
            self._transport.close()

    def close(self) -> None:
        """Close after what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def discard(self) -> None:
        """Close at once, and forget the incomplete frame now."""
        self._forget()
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()
