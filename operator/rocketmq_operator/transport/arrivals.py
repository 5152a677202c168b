"""Accepted sockets up to their first frame: who is it really, and does it speak TLS or plainly.

The bytes are looked at, not taken, until it is known who shall read them; only the header of a
load balancer (PROXY protocol) is taken off. Order and rules are those of Java's
``NettyRemotingServer.HandshakeHandler`` and ``TlsModeHandler``.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from rocketmq_operator.errors import FrameError
from rocketmq_operator.protocol import proxyprotocol

_TLS_HANDSHAKE = 0x16
_LOOK = 4096


class Arrival:
    """A socket whose peer has not said yet what it speaks.

    ``peer`` is its ``host:port``, or what a load balancer announced. ``decided`` is called once
    with whether a TLS hello is waiting to be read; ``refused`` if nothing readable can follow, or
    with None when the peer left. After either the socket is no longer watched.
    """

    __slots__ = ("_decided", "_head", "_headed", "_refused", "active", "idle_since", "peer", "sock")

    def __init__(
        self,
        sock: socket.socket,
        peer: str,
        decided: Callable[["Arrival", bool], None],
        refused: Callable[["Arrival", FrameError | None], None],
    ) -> None:
        self.sock = sock
        self.peer = peer
        self.active = True
        self.idle_since: float | None = None
        self._decided = decided
        self._refused = refused
        self._head = b""
        self._headed = False

    def watch(self) -> None:
        """Start to listen to the peer."""
        asyncio.get_running_loop().add_reader(self.sock, self._readable)

    def unwatch(self) -> None:
        """Leave the socket to somebody else."""
        asyncio.get_running_loop().remove_reader(self.sock)

    def _readable(self) -> None:
        try:
            data = self.sock.recv(_LOOK, socket.MSG_PEEK)
            if data and self._is_header(data):
                self._take_header(data)
                return
        except BlockingIOError:
            return
        except FrameError as error:
            self._refuse(error)
            return
        except OSError:
            data = b""
        if not data:
            self._refuse(None)
            return
        self.unwatch()
        self._decided(self, data[0] == _TLS_HANDSHAKE)

    def _is_header(self, data: bytes) -> bool:
        return not self._headed and proxyprotocol.may_begin(self._head + data)

    def _take_header(self, data: bytes) -> None:
        """Take the part of a header that ``data`` holds. Raises FrameError, OSError."""
        seen = self._head + data
        header = proxyprotocol.parse(seen)
        self.sock.recv(len(data) if header is None else header.size - len(self._head))
        if header is None:
            self._head = seen
        else:
            self._head, self._headed = b"", True
            self.peer = header.source or self.peer

    def _refuse(self, error: FrameError | None) -> None:
        self._refused(self, error)
        self.close()

    def close(self) -> None:
        """Close the socket; what was sent is read, or the peer would see a reset for an end."""
        self.unwatch()
        with contextlib.suppress(OSError):
            self.sock.recv(_LOOK)
        self.sock.close()
