"""Connections to any number of servers and brokers, one to each, and calls over them."""

import asyncio
import ssl
from collections.abc import Callable
from typing import TypeVar

from rocketmq_operator.admin.credentials import Credentials
from rocketmq_operator.errors import (
    ConnectFailed,
    ProtocolError,
    ResponseError,
    SettingsError,
    TransportError,
)
from rocketmq_operator.protocol import bodies
from rocketmq_operator.protocol.codes import ResponseCode
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.transport.client import RemotingClient

T = TypeVar("T")

DEFAULT_TIMEOUT = 5.0
"""Seconds a call may take, connecting included."""


class Connections:
    """One connection to each address that was called, opened on demand, shared by all calls.

    Connections unused for ``idle_seconds`` are closed. ``on_end`` is told the request code of each
    call that ended, and how: the name of the answer's code or of the error. With ``credentials``
    every request is signed.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 3.0,
        idle_seconds: float = 100.0,
        tls: ssl.SSLContext | None = None,
        on_end: Callable[[int, str], None] | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._idle_seconds = idle_seconds
        self._tls = tls
        self._on_end = on_end or _nothing
        self._credentials = credentials
        self._clients: dict[str, RemotingClient] = {}
        self._last_use: dict[str, float] = {}
        self._busy: dict[str, int] = {}

    async def close(self) -> None:
        """Close all connections."""
        clients = list(self._clients.values())
        self._clients.clear()
        self._last_use.clear()
        await asyncio.gather(*(client.close() for client in clients))

    async def fetch(self, address: str, asked: RemotingCommand, kind: type[T], seconds: float) -> T:
        """The body of the answer. Raises as ``call`` does."""
        return body_of(await self.call(address, asked, seconds), kind)

    async def call(
        self, address: str, asked: RemotingCommand, seconds: float, *accepted: ResponseCode
    ) -> RemotingCommand:
        """The answer within ``seconds``: success, or one of the ``accepted`` codes.

        Raises TransportError (ConnectFailed, ConnectionLost, RequestTimeout), ProtocolError for an
        unreadable answer, and ResponseError when the server refuses.
        """
        client = self._client(address)
        if self._credentials is not None:
            asked = self._credentials.sign(asked)
        self._busy[address] = self._busy.get(address, 0) + 1
        try:
            await self._close_idle()
            answer = await client.invoke(asked, seconds)
            self._on_end(asked.code, _code_name(answer.code))
        except (TransportError, ProtocolError) as error:
            self._on_end(asked.code, type(error).__name__)
            raise
        finally:
            self._busy[address] -= 1
            self._last_use[address] = asyncio.get_running_loop().time()
        if answer.code != ResponseCode.SUCCESS and answer.code not in accepted:
            raise ResponseError(answer.code, answer.remark, address)
        return answer

    def _client(self, address: str) -> RemotingClient:
        if address not in self._clients:
            try:
                client = RemotingClient(
                    address, connect_timeout=self._connect_timeout, tls=self._tls
                )
            except SettingsError as error:  # what a broker registered may be anything
                raise ConnectFailed(f"connect to {address} failed: {error}") from error
            self._clients[address] = client
        return self._clients[address]

    async def _close_idle(self) -> None:
        oldest = asyncio.get_running_loop().time() - self._idle_seconds
        for address, last in list(self._last_use.items()):
            if last < oldest and not self._busy.get(address):
                del self._last_use[address]
                self._busy.pop(address, None)
                client = self._clients.pop(address, None)
                if client is not None:
                    await client.close()


def _nothing(code: int, how: str) -> None:
    del code, how


def _code_name(code: int) -> str:
    try:
        return ResponseCode(code).name
    except ValueError:
        return "OTHER"


def body_of(answer: RemotingCommand, kind: type[T]) -> T:
    """The body as the given type. Raises BodyError."""
    return bodies.decode(answer.body or b"{}", kind)
