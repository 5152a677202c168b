# ruff: noqa: ASYNC109 - the deadline is the caller's and part of the interface
"""One persistent connection to one peer, opened on demand, answers matched by opaque."""

import asyncio
import os
import ssl
from types import TracebackType
from typing import cast

from rocketmq_operator.errors import (
    ConnectFailed,
    ConnectionLost,
    ProtocolError,
    RequestTimeout,
    SettingsError,
)
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.protocol.framing import FrameDecoder

MAX_IN_FLIGHT = 1024
"""Calls that may wait for an answer on one connection."""


def split_address(address: str) -> tuple[str, int]:
    """``host:port`` split at the last colon, as Java does. Raises SettingsError."""
    host, colon, port = address.strip().rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise SettingsError(
            f"address {address!r} is not host:port; write for example 10.0.0.1:9876"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


class RemotingClient:
    """Calls to ``address`` (``host:port``) over one connection.

    The name is resolved at every connect. A call that runs into its deadline closes the
    connection, so that a peer which vanished silently is noticed by the next call. As an async
    context manager it closes itself.
    """

    def __init__(
        self, address: str, *, connect_timeout: float = 3.0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.address = address
        self._host, self._port = split_address(address)
        self._connect_timeout = connect_timeout
        self._tls = tls
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether a connection is open right now."""
        return self._connection is not None and not self._connection.lost

    async def invoke(self, command: RemotingCommand, timeout: float) -> RemotingCommand:
        """The answer to ``command`` within ``timeout`` seconds, whatever its response code.

        Raises ConnectFailed, ConnectionLost, RequestTimeout; ProtocolError if it does not fit a
        frame.
        """
        frame = headers.encode(command)
        try:
            async with asyncio.timeout(timeout):
                connection = await self._open()
                return await connection.call(command.opaque, frame)
        except TimeoutError as error:
            self._drop(f"no answer within {timeout} s")
            raise RequestTimeout(
                f"{self.address} did not answer request {command.code} within {timeout} s"
            ) from error

    async def invoke_oneway(self, command: RemotingCommand, timeout: float) -> None:
        """Send ``command`` and wait for the socket alone. Raises as ``invoke`` does."""
        frame = headers.encode(command)
        try:
            async with asyncio.timeout(timeout):
                connection = await self._open()
                await connection.send(frame)
        except TimeoutError as error:
            self._drop(f"not writable within {timeout} s")
            raise RequestTimeout(f"{self.address} took nothing within {timeout} s") from error

    async def _open(self) -> "_Connection":
        async with self._connecting:
            if self._connection is not None and not self._connection.lost:
                return self._connection
            try:
                async with asyncio.timeout(self._connect_timeout):
                    _, self._connection = await asyncio.get_running_loop().create_connection(
                        lambda: _Connection(self.address), self._host, self._port, ssl=self._tls
                    )
            except (OSError, TimeoutError, UnicodeError) as error:  # the last: no name for DNS
                reason = _reason(error) or f"no connection within {self._connect_timeout} s"
                raise ConnectFailed(f"connect to {self.address} failed: {reason}") from error
            return self._connection

    def _drop(self, reason: str) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop(reason)

    async def close(self) -> None:
        """Close the connection; calls in flight fail with ConnectionLost. It may be used again."""
        async with self._connecting:
            connection = self._connection
            self._drop("closed by us")
        if connection is not None:
            await connection.closed

    async def __aenter__(self) -> "RemotingClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _reason(error: OSError | UnicodeError) -> str:
    """asyncio's own words for a refused connection repeat the address."""
    if isinstance(error, ConnectionError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error)


class _Connection(asyncio.Protocol):
    def __init__(self, address: str) -> None:
        self.lost = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._address = address
        self._reason = "closed by the peer"
        self._decoder = FrameDecoder()
        self._pending: dict[int, asyncio.Future[RemotingCommand]] = {}
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    async def call(self, opaque: int, frame: bytes) -> RemotingCommand:
        if len(self._pending) >= MAX_IN_FLIGHT:
            raise ConnectionLost(f"{self._address} has {MAX_IN_FLIGHT} calls waiting; not sent")
        answer: asyncio.Future[RemotingCommand] = asyncio.get_running_loop().create_future()
        self._pending[opaque] = answer
        try:
            await self.send(frame)
            return await answer
        finally:
            self._pending.pop(opaque, None)

    async def send(self, frame: bytes) -> None:
        await self._writable.wait()
        if self.lost or self._transport is None:
            raise ConnectionLost(f"connection to {self._address}: {self._reason}")
        self._transport.write(frame)

    def drop(self, reason: str) -> None:
        self._reason = reason
        self.lost = True
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            for payload in self._decoder.feed(data):
                self._deliver(headers.decode(payload))
        except ProtocolError as error:
            self.drop(f"sent something unreadable: {error}")

    def _deliver(self, command: RemotingCommand) -> None:
        answer = self._pending.get(command.opaque) if command.is_response else None
        if answer is not None and not answer.done():
            answer.set_result(command)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        reason = str(exc) if exc is not None else self._reason
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ConnectionLost(f"connection to {self._address}: {reason}"))
        self._writable.set()
        if not self.closed.done():
            self.closed.set_result(None)
