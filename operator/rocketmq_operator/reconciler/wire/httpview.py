"""The HTTP view of our own NameServer: who it is, and its brokers by long poll.

Other NameServers have no such view; asking them is an error like any other and is tried again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from rocketmq_operator.errors import BodyError, ConnectFailed
from rocketmq_operator.reconciler.views import BrokerId, Sighting

LONG_POLL: Final = 30.0
"""Seconds a server may hold an answer back while nothing changes."""
CONNECT_TIMEOUT: Final = 3.0
ANSWER_TIMEOUT: Final = 3.0
"""Seconds for an answer that is not held back."""
MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """From ``GET /api/v1/server``; ``restart_required`` are keys that wait for a restart."""

    version: str = ""
    restart_required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpView:
    """The body of ``GET /api/v1/brokers`` of our own server."""

    instance: str
    revision: int
    settings: int
    brokers: Mapping[BrokerId, Sighting]
    last_updates: Mapping[BrokerId, datetime]
    topics: int


class HttpViewClient:
    """Reads the HTTP view at one base URL over a session that somebody else owns.

    Methods raise ConnectFailed where nothing usable answers and BodyError where something else
    does.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def server(self) -> ServerInfo:
        """Who the server is."""
        body = await self._get("/api/v1/server", {}, ANSWER_TIMEOUT)
        keys = body.get("restartRequired", [])
        if not isinstance(keys, list):
            raise BodyError(f"{self._url}/api/v1/server: restartRequired is not a list")
        return ServerInfo(str(body.get("version", "")), tuple(sorted(map(str, keys))))

    async def brokers(self, after: HttpView | None) -> HttpView:
        """The brokers; with ``after``, once they differ from it or the server's patience ends."""
        if after is None:
            return read_brokers(await self._get("/api/v1/brokers", {}, ANSWER_TIMEOUT))
        query = {"revision": str(after.revision), "wait": f"{LONG_POLL:g}"}
        return read_brokers(await self._get("/api/v1/brokers", query, LONG_POLL + ANSWER_TIMEOUT))

    async def _get(self, path: str, query: dict[str, str], seconds: float) -> dict[str, Any]:
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT)
        url = self._url + path
        try:
            async with self._session.get(url, params=query, timeout=limits) as response:
                response.raise_for_status()
                data = await _read(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ConnectFailed(f"{url}: {str(error) or 'no answer'}") from error
        return _decode(url, data)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        data += chunk
        if len(data) > MAX_ANSWER:
            raise BodyError(f"{response.url}: an answer of more than {MAX_ANSWER} bytes")
    return bytes(data)


def _decode(url: str, data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as error:
        raise BodyError(f"{url}: not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BodyError(f"{url}: not a JSON object")
    return body


def read_brokers(body: Any) -> HttpView:
    """Check and convert the body of ``GET /api/v1/brokers``; BodyError where it is another."""
    try:
        brokers = {_broker_id(item): _sighting(item) for item in body["brokers"]}
        updates = {_broker_id(item): _moment(item["lastUpdate"]) for item in body["brokers"]}
        revision, topics = int(body["revision"]), int(body["topics"])
        settings = int(body.get("settings", 0))
        return HttpView(str(body["instance"]), revision, settings, brokers, updates, topics)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BodyError(f"not the body of /api/v1/brokers: {error!r}") from error


def _broker_id(item: Mapping[str, Any]) -> BrokerId:
    return BrokerId(str(item["cluster"]), str(item["name"]), int(item["id"]))


def _sighting(item: Mapping[str, Any]) -> Sighting:
    version = item["dataVersion"]
    text = "/".join(str(int(version[part])) for part in ("stateVersion", "timestamp", "counter"))
    zone = item.get("zone") or ""
    provisional = item.get("provisional") is True
    return Sighting(str(item["address"]), str(zone), int(item["topics"]), text, provisional)


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
