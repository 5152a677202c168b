"""Asks the other servers for what they know, before this one serves, and whom to believe after.

See ``docs/warm-start.md`` for what is promised and why it holds.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Sequence

import aiohttp
import msgspec

from rocketmq_operator.errors import BodyError
from rocketmq_operator.nameserver import snapshot
from rocketmq_operator.nameserver.sentinels import Sentinels
from rocketmq_operator.nameserver.service import Service
from rocketmq_operator.nameserver.snapshot import Departure, Snapshot, View

WARM_SECONDS = 3.0
"""How long a server may wait for peers before it serves what it has."""
NAME_SECONDS = 1.0
"""How long it waits for the name of the peers to lead anywhere."""
CONNECT_SECONDS = 1.0
FOLLOW_SECONDS = 1.0
"""Between two looks at who is registered with the peers."""
MAX_BYTES = 512 * 1024 * 1024
MAX_LINE = 4 * 1024 * 1024
_AGAIN = 0.1

_log = logging.getLogger(__name__)


class _Broker(msgspec.Struct):
    cluster: str
    address: str
    provisional: bool = False


class _Brokers(msgspec.Struct):
    instance: str
    brokers: list[_Broker]
    departures: list[Departure] = []


_BROKERS = msgspec.json.Decoder(_Brokers)


class WarmStart:
    """The peers of ``service`` at ``addresses`` (host and port; a host may be many machines).

    ``instance`` is how this server calls itself on HTTP: among the peers, it leaves itself out.
    """

    def __init__(
        self, service: Service, addresses: Sequence[tuple[str, int]], instance: str
    ) -> None:
        self._service = service
        self._addresses = addresses
        self._instance = instance

    async def gather(self) -> None:
        """Take what the peers know. Returns soon when there are none, or none answers."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            urls = await self._urls()
            told = await self._snapshots(urls, began + WARM_SECONDS - loop.time())
            others = [each for each in told if each is not None]
            patience = WARM_SECONDS if urls else NAME_SECONDS
            if not all(map(self._is_us, others)):
                return self._adopt(others)
            if (urls and len(others) == len(urls)) or loop.time() - began > patience:
                return _log.info("no other server to ask for routes: starting with none")
            await asyncio.sleep(_AGAIN)

    def _adopt(self, snapshots: list[Snapshot]) -> None:
        service = self._service
        others = [each for each in snapshots if not self._is_us(each)]
        count = snapshot.adopt(service.processor.routes, others, service.clock())
        words = "routes of %d brokers and %d topics from %d other servers, until they register"
        _log.info(words, count, len(service.processor.routes.topics), len(others))

    async def follow(self) -> None:
        """Drop whom the peers or the broker's own port show to be gone, until all registered."""
        routes = self._service.processor.routes
        sentinels = Sentinels(lambda key: self._service.disbelieve([key], "its port is closed"))
        try:
            while signs := routes.provisional:
                sentinels.watch(signs)
                views = await self._views()
                gone = snapshot.refuted(routes.provisional, views)
                if gone:
                    self._service.disbelieve(gone, "left another server")
                await asyncio.sleep(FOLLOW_SECONDS)
        finally:
            await sentinels.close()

    async def _urls(self) -> list[str]:
        """One URL for each address that the names lead to now."""
        found: set[tuple[str, int]] = set()
        for host, port in self._addresses:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(NAME_SECONDS):
                    infos = await asyncio.get_running_loop().getaddrinfo(
                        host, port, type=socket.SOCK_STREAM
                    )
                found.update((str(info[4][0]), int(info[4][1])) for info in infos)
        return [f"http://{_in_url(host)}:{port}" for host, port in sorted(found)]

    async def _snapshots(self, urls: list[str], seconds: float) -> list[Snapshot | None]:
        async with _session(max(seconds, _AGAIN)) as session:
            return await asyncio.gather(*(self._snapshot(session, url) for url in urls))

    async def _snapshot(self, session: aiohttp.ClientSession, url: str) -> Snapshot | None:
        """What the peer at ``url`` knows, nothing if it is of another kind; None: no answer."""
        asked = self._service.clock()
        found = Snapshot(asked, asked)
        try:
            async with session.get(f"{url}/api/v1/snapshot") as response:
                if response.status == 404:
                    return found
                response.raise_for_status()
                await self._read(response, found)
        except (aiohttp.ClientError, BodyError, OSError, TimeoutError, ValueError) as error:
            words = _reason(error)
            _log.info("%s: no routes from there: %s", url, words)
            self._service.peers[url] = words
            return None
        told = f"told of {len(found.members)} brokers"
        self._service.peers[url] = "this server" if self._is_us(found) else told
        return found

    def _is_us(self, found: Snapshot) -> bool:
        return found.instance == self._instance

    async def _read(self, response: aiohttp.ClientResponse, found: Snapshot) -> None:
        size = 0
        async for line in response.content:
            if not size:
                found.heard = self._service.clock()
            size += len(line)
            if size > MAX_BYTES:
                raise BodyError(f"a snapshot of more than {MAX_BYTES} bytes")
            found.read(line)
            if self._is_us(found):
                return

    async def _views(self) -> list[View]:
        urls = await self._urls()
        async with _session(WARM_SECONDS) as session:
            views = await asyncio.gather(*(self._view(session, url) for url in urls))
        return [each for each in views if each is not None]

    async def _view(self, session: aiohttp.ClientSession, url: str) -> View | None:
        """Who is registered with the peer at ``url`` and who left it; None: no answer, or us."""
        try:
            async with session.get(f"{url}/api/v1/brokers") as response:
                response.raise_for_status()
                body = _BROKERS.decode(await response.content.readline())
        except (aiohttp.ClientError, msgspec.MsgspecError, OSError, TimeoutError, ValueError):
            return None
        if body.instance == self._instance:
            return None
        members = (((each.cluster, each.address), each.provisional) for each in body.brokers)
        return snapshot.view(members, body.departures, self._service.clock())


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno is not None:
        return os.strerror(error.os_error.errno)
    return str(error) or "no answer in time"


def _session(seconds: float) -> aiohttp.ClientSession:
    """For requests of so many seconds at most, and lines of ``MAX_LINE`` bytes."""
    limits = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
    return aiohttp.ClientSession(timeout=limits, read_bufsize=MAX_LINE // 2)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
