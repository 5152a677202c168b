# ruff: noqa: ASYNC109 - the deadline is the caller's and part of the interface
"""What can be asked of a NameServer, as typed calls over the remoting protocol."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TypeVar

from rocketmq_operator.errors import ProtocolError, ResponseError, TransportError
from rocketmq_operator.protocol import bodies, properties
from rocketmq_operator.protocol.bodies import ClusterInfo, KVTable, TopicList, TopicRouteData
from rocketmq_operator.protocol.codes import RequestCode, ResponseCode
from rocketmq_operator.protocol.command import RemotingCommand, request
from rocketmq_operator.transport.client import RemotingClient

T = TypeVar("T")

DEFAULT_TIMEOUT = 5.0
"""Seconds a call may take, connecting included."""


class AdminClient:
    """Calls to any number of NameServers, one connection to each.

    Every method takes the server's ``host:port`` and a deadline in seconds, and raises
    TransportError (ConnectFailed, ConnectionLost, RequestTimeout), ProtocolError for an unreadable
    answer, and ResponseError when the server refuses. Connections unused for ``idle_seconds`` are
    closed. ``on_end`` is told the request code of each call that ended, and how: the name of the
    answer's code or of the error.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 3.0,
        idle_seconds: float = 100.0,
        tls: ssl.SSLContext | None = None,
        on_end: Callable[[int, str], None] | None = None,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._idle_seconds = idle_seconds
        self._tls = tls
        self._on_end = on_end or _nothing
        self._clients: dict[str, RemotingClient] = {}
        self._last_use: dict[str, float] = {}
        self._busy: dict[str, int] = {}

    async def cluster_info(self, address: str, *, timeout: float = DEFAULT_TIMEOUT) -> ClusterInfo:
        """All brokers this server knows, and the clusters they belong to."""
        return await self._fetch(
            address, request(RequestCode.GET_BROKER_CLUSTER_INFO), ClusterInfo, timeout
        )

    async def topic_list(self, address: str, *, timeout: float = DEFAULT_TIMEOUT) -> list[str]:
        """All topics this server has a route for, sorted."""
        asked = request(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
        return sorted((await self._fetch(address, asked, TopicList, timeout)).topic_list)

    async def topic_route(
        self,
        address: str,
        topic: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> TopicRouteData | None:
        """The route of ``topic``, or None if this server has none."""
        asked = request(
            RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": topic, "acceptStandardJsonOnly": "true"}
        )
        answer = await self._call(address, asked, timeout, ResponseCode.TOPIC_NOT_EXIST)
        return _body(answer, TopicRouteData) if answer.code == ResponseCode.SUCCESS else None

    async def put_kv(
        self,
        address: str,
        namespace: str,
        key: str,
        value: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Store one KV entry."""
        fields = {"namespace": namespace, "key": key, "value": value}
        await self._call(address, request(RequestCode.PUT_KV_CONFIG, fields), timeout)

    async def get_kv(
        self,
        address: str,
        namespace: str,
        key: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> str | None:
        """One KV entry, or None if there is none."""
        asked = request(RequestCode.GET_KV_CONFIG, {"namespace": namespace, "key": key})
        answer = await self._call(address, asked, timeout, ResponseCode.QUERY_NOT_FOUND)
        return (answer.ext_fields or {}).get("value")

    async def delete_kv(
        self,
        address: str,
        namespace: str,
        key: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Remove one KV entry; it need not exist."""
        fields = {"namespace": namespace, "key": key}
        await self._call(address, request(RequestCode.DELETE_KV_CONFIG, fields), timeout)

    async def kv_list(
        self,
        address: str,
        namespace: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, str] | None:
        """All entries of a KV namespace, or None if the server does not know the namespace."""
        asked = request(RequestCode.GET_KVLIST_BY_NAMESPACE, {"namespace": namespace})
        answer = await self._call(address, asked, timeout, ResponseCode.QUERY_NOT_FOUND)
        return _body(answer, KVTable).table if answer.code == ResponseCode.SUCCESS else None

    async def get_namesrv_config(
        self,
        address: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, str]:
        """The server's configuration as it prints it."""
        answer = await self._call(address, request(RequestCode.GET_NAMESRV_CONFIG), timeout)
        return properties.parse_raw(answer.body.decode(errors="replace"))

    async def update_namesrv_config(
        self,
        address: str,
        entries: Mapping[str, str],
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Change properties. Java accepts unknown names and bad values silently: read back."""
        body = properties.dump(entries).encode()
        await self._call(address, request(RequestCode.UPDATE_NAMESRV_CONFIG, None, body), timeout)

    async def broker_runtime_info(
        self,
        address: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, str]:
        """What a broker (not a NameServer) says of itself: rates, sizes, version."""
        asked = request(RequestCode.GET_BROKER_RUNTIME_INFO)
        return (await self._fetch(address, asked, KVTable, timeout)).table

    async def close(self) -> None:
        """Close all connections."""
        clients = list(self._clients.values())
        self._clients.clear()
        self._last_use.clear()
        await asyncio.gather(*(client.close() for client in clients))

    async def _fetch(
        self, address: str, asked: RemotingCommand, kind: type[T], seconds: float
    ) -> T:
        return _body(await self._call(address, asked, seconds), kind)

    async def _call(
        self, address: str, asked: RemotingCommand, seconds: float, *accepted: ResponseCode
    ) -> RemotingCommand:
        client = self._client(address)
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
            self._clients[address] = RemotingClient(
                address, connect_timeout=self._connect_timeout, tls=self._tls
            )
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


def _body(answer: RemotingCommand, kind: type[T]) -> T:
    return bodies.decode(answer.body or b"{}", kind)
