"""A running server: ties the processor to connections, disk and the clock.

Lookups are answered inside ``data_received``. Changes of the route tables run one after another; a
large one is cut into slices between which lookups go on. Writes to disk are answered when they are
durable (``writes``).
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rocketmq_operator.errors import ProtocolError, SettingsError
from rocketmq_operator.nameserver import processor as rules
from rocketmq_operator.nameserver.brokers import Key
from rocketmq_operator.nameserver.notifier import Notifier
from rocketmq_operator.nameserver.processor import (
    Call,
    ConfigWrite,
    KvWrite,
    Processor,
    Result,
    Steps,
)
from rocketmq_operator.nameserver.replycache import Entry
from rocketmq_operator.nameserver.settings import Options
from rocketmq_operator.nameserver.writes import Write, WriteQueue
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.codes import V5_3_1, RequestCode, ResponseCode
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.transport.connection import Connection, Limits
from rocketmq_operator.transport.server import RemotingServer
from rocketmq_operator.transport.tls import ServerTls

_OVERLOAD = "[OVERLOAD]system busy, start flow control for a while"
_STOP_SECONDS = 3.0
_SWEEP_SECONDS = 0.25
_PAUSE_SECONDS = 2.0
_HEARING_SECONDS = 1.0
"""At least, for brokers to be heard after a pause."""
_TLS_SECONDS = 0.5
"""Between two looks at the certificate's files, as in Java."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counters:
    """What happened since the start."""

    requests: dict[int, int] = field(default_factory=dict)
    frames_rejected: int = 0
    expired: int = 0


class _Change(NamedTuple):
    steps: Steps
    call: Call | None
    done: Callable[[RemotingCommand], None]


class Clock:
    """Milliseconds since the epoch that never jump: wall time at start, monotonic from there."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> int:
        return int((time.monotonic() + self._offset) * 1000)


class Service:
    """The handler of a RemotingServer, and its background tasks.

    ``peers``: what other servers answered at the start, by their address.
    """

    def __init__(
        self,
        processor: Processor,
        kv_path: Path,
        config_path: Path,
        clock: Clock,
        tls: ServerTls,
    ) -> None:
        self.processor = processor
        self._hit = processor.cache.hit
        self.clock = clock
        self.counters = Counters()
        self.peers: dict[str, str] = {}
        options = processor.options
        self.server = RemotingServer(self, tls=tls, limits=_limits(options))
        self._going_away = False
        self._sent_away: frozenset[Connection] = frozenset()
        self._closing = False
        self.address = ""
        self._tls = tls
        self._at_start = options
        self.writes = WriteQueue(processor, kv_path, config_path, self._written)
        self._changes: deque[_Change] = deque()
        self._unregistering = 0
        self._change_due = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._view_changed = asyncio.Event()
        self._seen_revision = 0
        self._values_at_start = processor.configuration.values
        self._notifier = Notifier()
        self._tasks: list[asyncio.Task[None]] = []

    # Life

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen and run; returns the address really bound. Raises OSError."""
        bound = await self.server.listen(host, port)
        loops = [self._change_loop, self.writes.run, self._expiry_loop, self._sweep_loop]
        if self._tls.has_files:
            loops.append(self._tls_loop)
        for loop in loops:
            self._tasks.append(asyncio.create_task(supervised(loop), name=loop.__name__))
        self.address = f"{bound[0]}:{bound[1]}"
        return bound

    @property
    def stopping(self) -> bool:
        """Whether the server is about to end, even if it still answers."""
        return self._going_away or self._closing

    async def go_away(self, at_once: asyncio.Event) -> None:
        """Send clients that understand it elsewhere for as long as the configuration says.

        Ends early with ``at_once``. Java's ``enableShutdownGracefully``; without it nobody is sent.
        Who connects from now on is served: a client that is sent away asks again by the same name
        at once, and if that still leads here, its question is not lost.
        """
        seconds = self.processor.options.go_away_seconds
        if not seconds:
            return
        self._going_away = True
        self._sent_away = frozenset(self.server.connections)
        self._wake_viewers()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await at_once.wait()

    async def stop(self) -> None:
        """Accept nothing more, answer what is waiting, close every connection."""
        self._closing = True
        self._wake_viewers()
        self.server.stop_accepting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._quiet.wait()
        await self.server.close(_STOP_SECONDS / 3)
        await self._notifier.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Frames

    def answer(self, connection: Connection, payload: bytes) -> bytes | None:
        """See ``transport.connection.Handler``: finished answers first, everything else after."""
        frame = None if self._going_away else self._hit(payload)
        return frame if frame is not None else self._answer(connection, payload)

    def _answer(self, connection: Connection, payload: bytes) -> bytes | None:
        command = headers.decode(payload)
        if command.is_response:
            _log.warning("%s: sent a response nobody asked for", connection.peer)
            return None
        code = command.code if command.code in rules.PROCESSORS else -1
        self.counters.requests[code] = self.counters.requests.get(code, 0) + 1
        call = Call(command, payload, connection, self.clock())
        if connection in self._sent_away and command.version > V5_3_1:
            return self._frame(call, rules.failure(call, "please go away", ResponseCode.GO_AWAY))
        result = self._guarded(call, lambda: self.processor.process(call))
        if isinstance(result, RemotingCommand | Entry):
            return self._frame(call, result)
        return self._answer_later(connection, call, result)

    def _answer_later(
        self, connection: Connection, call: Call, result: Steps | KvWrite | ConfigWrite
    ) -> bytes | None:
        if isinstance(result, KvWrite | ConfigWrite):
            waiting = len(self.writes)
        elif not self._changes:
            return self._change_now(connection, call, result)
        else:
            waiting = len(self._changes)
        if waiting >= self._at_start.queue_capacity:
            return self._frame(call, rules.failure(call, _OVERLOAD, ResponseCode.SYSTEM_BUSY))
        if _unregisters(call) and self._unregistering >= self._at_start.unregister_capacity:
            return self._frame(call, call.command.reply(ResponseCode.SYSTEM_ERROR))
        self._queue(connection, call, result)
        return None

    def _queue(
        self, connection: Connection, call: Call, result: Steps | KvWrite | ConfigWrite
    ) -> None:
        connection.hold()
        self._quiet.clear()

        def done(reply: RemotingCommand) -> None:
            connection.release(self._frame(call, reply))

        if isinstance(result, KvWrite | ConfigWrite):
            self.writes.add(Write(result, call, done))
        else:
            self._changes.append(_Change(result, call, done))
            self._unregistering += _unregisters(call)
            self._change_due.set()

    def _frame(self, call: Call, reply: RemotingCommand | Entry) -> bytes | None:
        try:
            return self.processor.frame(call, reply)
        except ProtocolError as error:
            return self.processor.frame(call, rules.failure(call, f"answer too large: {error}"))

    def _guarded(self, call: Call, step: Callable[[], Result]) -> Result:
        """Run one step of one request; whatever goes wrong is that request's answer."""
        try:
            return step()
        except ProtocolError as error:
            return rules.failure(call, str(error))
        except Exception as error:  # noqa: BLE001 - one request's failure ends at its connection
            _log.exception("request %d failed", call.command.code)
            return rules.failure(call, f"internal error: {type(error).__name__}")

    def lost(self, connection: Connection) -> None:
        """See ``transport.connection.Handler``: its brokers are gone."""
        if self.processor.routes.of_channel(connection) and not self._closing:
            self._apply(self._drop_channel(connection))

    def _drop_channel(self, connection: Connection) -> Generator[None, None, None]:
        keys = self.processor.routes.of_channel(connection)
        if keys:
            _log.info("%s: connection closed, brokers gone: %s", connection.peer, _listed(keys))
            yield from self.processor.routes.drop(keys, self.clock())

    def disbelieve(self, keys: Collection[Key], why: str) -> None:
        """Drop brokers that have not registered here, because they are gone elsewhere."""
        self._apply(self._drop_provisional(keys, why))

    def _drop_provisional(self, keys: Collection[Key], why: str) -> Generator[None, None, None]:
        routes = self.processor.routes
        gone = sorted(routes.provisional.keys() & set(keys))
        if gone:
            _log.warning("%s, brokers gone: %s", why, _listed(gone))
            yield from routes.drop(gone, self.clock())

    def rejected(self, peer: str, error: ProtocolError) -> None:
        """See ``transport.connection.Handler``."""
        self.counters.frames_rejected += 1
        _log.warning("%s: closed, refused: %s", peer, error)

    # Changes of the route tables

    def _change_now(self, connection: Connection, call: Call, steps: Steps) -> bytes | None:
        """Run the first slice at once, which mostly is all of it."""
        reply = self._advance(steps, call)
        if reply is None:
            self._queue(connection, call, steps)
            return None
        return self._frame(call, reply)

    def _advance(self, steps: Steps, call: Call | None) -> RemotingCommand | None:
        """Run one slice; returns the answer after the last one, also if it fails."""
        try:
            next(steps)
        except StopIteration as end:
            reply: RemotingCommand = end.value
        except ProtocolError as error:
            reply = _failed(call, str(error))
        except Exception as error:  # noqa: BLE001 - one request's failure ends at its connection
            _log.exception("a change of the route tables failed")
            reply = _failed(call, f"internal error: {type(error).__name__}")
        else:
            return None
        self._changed()
        return reply

    def _apply(self, steps: Generator[None, None, None]) -> None:
        """A change of our own: at once, or in its turn."""
        change = _Change(_unanswered(steps), None, lambda _: None)
        if self._changes or self._advance(change.steps, None) is None:
            self._quiet.clear()
            self._changes.append(change)
            self._change_due.set()

    async def _change_loop(self) -> None:
        while True:
            await self._change_due.wait()
            while self._changes:
                await asyncio.sleep(0)
                change = self._changes[0]
                reply = self._advance(change.steps, change.call)
                if reply is not None:
                    self._changes.popleft()
                    self._unregistering -= _unregisters(change.call)
                    change.done(reply)
                    self._drop_if_lost(change.call)
            self._change_due.clear()
            self._rest()

    def _drop_if_lost(self, call: Call | None) -> None:
        """What a connection registered is entered after it was lost, if that took its time."""
        if call is None or not isinstance(call.channel, Connection) or self._closing:
            return
        if call.channel not in self.server.connections:
            self._apply(self._drop_channel(call.channel))

    def _written(self) -> None:
        """A round of writes is done."""
        self.server.limits = self.server.limits._replace(
            idle_seconds=self.processor.options.idle_seconds
        )
        self._wake_viewers()
        self._rest()

    def _rest(self) -> None:
        if not (self._changes or self.writes):
            self._quiet.set()

    def _changed(self) -> None:
        notices = self.processor.routes.take_notices()
        if self.processor.options.notify_min_broker_id_changed:
            self._notifier.send(notices)
        if self._seen_revision != self.processor.routes.revision:
            self._seen_revision = self.processor.routes.revision
            self._wake_viewers()

    def _wake_viewers(self) -> None:
        self._view_changed.set()
        self._view_changed = asyncio.Event()

    @property
    def settings_revision(self) -> int:
        """Moves with every KV edit and every update of the configuration."""
        return self.writes.kv_edits + self.writes.config_updates

    @property
    def revision(self) -> int:
        """Moves with every change of the brokers' view, of KV and of the configuration."""
        return self.processor.routes.revision + self.settings_revision

    @property
    def restart_required(self) -> list[str]:
        """Properties that were changed since the start and are taken over by a restart only."""
        return self.processor.configuration.waiting_for_restart(self._values_at_start)

    async def view_moved(self, revision: int, seconds: float) -> None:
        """Wait until :attr:`revision` is not ``revision``, at most ``seconds``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.revision == revision and not self.stopping:
                    await self._view_changed.wait()

    # Time

    async def _expiry_loop(self) -> None:
        interval = self.processor.options.scan_interval / 1000
        while True:
            before = time.monotonic()
            await asyncio.sleep(interval)
            if _was_paused(before, interval):
                _log.warning("this process was paused; brokers get some time to be heard")
                await asyncio.sleep(max(0.0, _HEARING_SECONDS - interval))
                continue
            self._apply(self._expire())

    def _expire(self) -> Generator[None, None, None]:
        routes, now = self.processor.routes, self.clock()
        yield from routes.drop_overdue_topics(now)
        keys = routes.expired(now)
        if not keys:
            return
        _log.warning("no sign of life in time, brokers gone: %s", _listed(keys))
        self.counters.expired += len(keys)
        channels = {routes.live[key].channel for key in keys}
        yield from routes.drop(keys, now)
        for channel in channels:
            if isinstance(channel, Connection) and not routes.of_channel(channel):
                channel.abort()

    async def _sweep_loop(self) -> None:
        while True:
            before = time.monotonic()
            idle = self.processor.options.idle_seconds
            interval = min(_SWEEP_SECONDS, idle / 8) or _SWEEP_SECONDS
            await asyncio.sleep(interval)
            if _was_paused(before, interval):
                self.server.forgive_silence()
            self.server.sweep(time.monotonic())

    async def _tls_loop(self) -> None:
        while True:
            await asyncio.sleep(_TLS_SECONDS)
            try:
                if self._tls.refresh():
                    _log.info("certificate loaded again; connections from now on get it")
            except SettingsError as error:
                _log.error("the certificate stays as it was: %s", error)

    # Views

    @property
    def lookups(self) -> int:
        """Route requests answered."""
        slow = self.counters.requests.get(RequestCode.GET_ROUTEINFO_BY_TOPIC, 0)
        return slow + self.processor.cache.hits


def _was_paused(before: float, interval: float) -> bool:
    """Whether far more than ``interval`` seconds passed, in which nobody could be heard."""
    return time.monotonic() - before - interval > max(interval, _PAUSE_SECONDS)


async def supervised(loop: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a background loop to its end: a failure is logged, and tried again a second later."""
    while True:
        try:
            return await loop()
        except Exception:  # noqa: BLE001 - the edge of a background loop
            _log.exception("background task failed; it starts again")
            await asyncio.sleep(1)


def _limits(options: Options) -> Limits:
    """What the configuration says, or our own defaults."""
    limits = Limits(
        idle_seconds=options.idle_seconds,
        send_buffer=options.send_buffer,
        receive_buffer=options.receive_buffer,
    )
    if not options.write_high:
        return limits
    return limits._replace(write_high=options.write_high, write_low=options.write_low)


def _unregisters(call: Call | None) -> bool:
    return call is not None and call.command.code == RequestCode.UNREGISTER_BROKER


def _failed(call: Call | None, remark: str) -> RemotingCommand:
    if call is None:
        return RemotingCommand(ResponseCode.SYSTEM_ERROR)
    return rules.failure(call, remark)


def _unanswered(steps: Generator[None, None, None]) -> Steps:
    yield from steps
    return RemotingCommand(ResponseCode.SUCCESS)


def _listed(keys: list[Key]) -> str:
    return ", ".join(f"{address} ({cluster})" for cluster, address in keys[:20])
