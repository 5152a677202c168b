"""The server side of connections: who is let in, and that nobody hoards memory or sits idle."""

import asyncio
import contextlib
import logging
import socket

from rocketmq_operator.errors import FrameError
from rocketmq_operator.protocol.tlssettings import TlsMode
from rocketmq_operator.transport.arrivals import Arrival
from rocketmq_operator.transport.connection import Connection, Handler, Limits
from rocketmq_operator.transport.listening import EVERYWHERE, listener, named
from rocketmq_operator.transport.tls import ServerTls

MAX_PARTIAL = 256 * 1024 * 1024
"""Bytes of incomplete frames over all connections; beyond it the largest is closed."""
HANDSHAKE_SECONDS = 10.0
"""How long a TLS handshake may take."""
_AT_ONCE = 64
"""Peers let in between two looks at the others; some 2 ms of work."""
_NO_FILES_PAUSE = 1.0

_log = logging.getLogger(__name__)


class RemotingServer:
    """A listener and its connections.

    ``tls`` None: TLS is refused. ``limits`` are those of connections accepted from now on.
    ``max_partial``: bytes of incomplete frames, all together.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        tls: ServerTls | None = None,
        limits: Limits | None = None,
        max_partial: int = MAX_PARTIAL,
    ) -> None:
        self.limits = limits or Limits()
        self.connections: set[Connection] = set()
        self._handler = handler
        self._tls = tls
        self._mode = TlsMode.DISABLED if tls is None else tls.mode
        self._max_partial = max_partial
        self._partial = 0
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._arrivals: set[Arrival] = set()
        self._adopting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    def joined(self, connection: Connection) -> None:
        """A connection is open."""
        self.connections.add(connection)
        self._empty.clear()

    def left(self, connection: Connection) -> None:
        """A connection ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def keeps(self, more: int) -> None:
        """A connection keeps so many more bytes of incomplete frames; close hogs if need be."""
        self._partial += more
        if self._partial > self._max_partial:
            self._bound_memory()

    # Accepting

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Start to accept; returns the address really bound. Raises OSError."""
        self._listener = found = listener(host, port)
        self._accepting = asyncio.create_task(self._accept_loop(found), name="accept")
        name = found.getsockname()
        return host if host in EVERYWHERE else name[0], name[1]

    async def _accept_loop(self, door: socket.socket) -> None:
        with door:
            while True:
                await self._accept(door)

    async def _accept(self, door: socket.socket) -> None:
        """Wait for a peer, and let in who else stands there: a turn of a busy loop takes long."""
        try:
            sock, name = await asyncio.get_running_loop().sock_accept(door)
            self._arrive(sock, named(name))
            for _ in range(_AT_ONCE):
                sock, name = door.accept()
                sock.setblocking(False)
                self._arrive(sock, named(name))
        except (BlockingIOError, ConnectionError):
            return  # nobody there, or the peer left before it was its turn
        except OSError as error:
            _log.error("no connection can be accepted: %s; trying again", error)
            await asyncio.sleep(_NO_FILES_PAUSE)

    def _arrive(self, sock: socket.socket, peer: str) -> None:
        if self.limits.send_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.limits.send_buffer)
        if self.limits.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.limits.receive_buffer)
        arrival = Arrival(sock, peer, self._decided, self._refused)
        self._arrivals.add(arrival)
        arrival.watch()

    def _refused(self, arrival: Arrival, error: FrameError | None) -> None:
        self._arrivals.discard(arrival)
        if error is not None:
            self._handler.rejected(arrival.peer, error)

    def _decided(self, arrival: Arrival, secure: bool) -> None:
        self._arrivals.discard(arrival)
        if not _takes(self._mode, secure=secure):
            spoken = "TLS" if secure else "plain text"
            words = f"it speaks {spoken} and tls.server.mode is {self._mode.value}"
            self._handler.rejected(arrival.peer, FrameError(words))
            arrival.close()
            return
        adopting = asyncio.create_task(self._adopt(arrival, secure))
        self._adopting.add(adopting)
        adopting.add_done_callback(self._adopting.discard)

    async def _adopt(self, arrival: Arrival, secure: bool) -> None:
        """Make a connection of a socket, after the handshake if it is to be TLS."""
        try:
            context = await self._tls.context() if self._tls is not None and secure else None
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self, self._handler, arrival.peer, self.limits),
                arrival.sock,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if secure else None,
            )
        except (OSError, TimeoutError) as error:
            arrival.sock.close()
            if secure:
                self._handler.rejected(arrival.peer, FrameError(f"no TLS handshake: {error}"))
        except asyncio.CancelledError:
            arrival.sock.close()
            raise

    # Housekeeping

    def sweep(self, now: float) -> None:
        """Abort connections without a read or a write for as long as they may be.

        ``now`` in seconds; called regularly, it sees activity as of the call before.
        """
        for arrival in list(self._arrivals):
            if _is_idle(arrival, now, self.limits.idle_seconds):
                self._arrivals.discard(arrival)
                arrival.close()
        for connection in list(self.connections):
            if _is_idle(connection, now, connection.limits.idle_seconds):
                _log.info("%s: closed, idle", connection.peer)
                connection.abort()

    def forgive_silence(self) -> None:
        """Count everybody's idle time from now on: it was us who did not listen."""
        everybody: set[Arrival | Connection] = {*self._arrivals, *self.connections}
        for peer in everybody:
            peer.active = True

    def _bound_memory(self) -> None:
        largest = max(self.connections, key=lambda connection: connection.partial)
        _log.warning(
            "%s: closed, %d bytes of an incomplete frame while all peers together hold %d",
            largest.peer,
            largest.partial,
            self._partial,
        )
        largest.discard()

    # The end

    def stop_accepting(self) -> None:
        """Refuse new connections; the present ones stay."""
        if self._accepting is not None:
            self._accepting.cancel()
        while self._arrivals:
            self._arrivals.pop().close()

    async def close(self, grace: float) -> None:
        """Close all connections, those that do not finish within ``grace`` seconds at once."""
        self.stop_accepting()
        for task in self._adopting:
            task.cancel()
        started = (self._accepting, *self._adopting)
        tasks = [task for task in started if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()
        for connection in list(self.connections):
            connection.close()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), grace)
        for connection in list(self.connections):
            connection.abort()


def _is_idle(peer: Arrival | Connection, now: float, seconds: int) -> bool:
    """Whether nothing came from or went to ``peer`` for ``seconds``; 0: never."""
    if peer.active or peer.idle_since is None:
        peer.active = False
        peer.idle_since = now
        return False
    return 0 < seconds <= now - peer.idle_since


def _takes(mode: TlsMode, *, secure: bool) -> bool:
    """What Java's ``TlsModeHandler`` lets in."""
    return {TlsMode.DISABLED: not secure, TlsMode.ENFORCING: secure}.get(mode, True)
