"""The API server, as the node talks to it."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import yaml

from harness.errors import HarnessError
from harness.node.objects import Object

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=15)
WATCH_SECONDS = 240
WATCH_TIMEOUT = aiohttp.ClientTimeout(sock_connect=10, sock_read=WATCH_SECONDS + 30)
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


class ApiError(HarnessError):
    """The API server refused; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """Asynchronous context manager over one connection pool; paths as in `/api/v1/pods`."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster = document["clusters"][0]["cluster"]
        self.server: str = cluster["server"]
        self._token: str = document["users"][0]["user"]["token"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._trust = ssl.create_default_context(cadata=authority)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._token}", "User-Agent": "embedded-node"},
            connector=aiohttp.TCPConnector(ssl=self._trust, limit=0),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    def service_environment(self) -> dict[str, str]:
        """How clients inside pods find the API server."""
        address = urlsplit(self.server)
        host, port = address.hostname or "", str(address.port)
        return {
            "KUBERNETES_SERVICE_HOST": host,
            "KUBERNETES_SERVICE_PORT": port,
            "KUBERNETES_SERVICE_PORT_HTTPS": port,
        }

    async def get(self, path: str) -> Object:
        """Read. Like the others: raises ApiError, aiohttp.ClientError, TimeoutError."""
        return await self._call("GET", path)

    async def create(self, path: str, body: Object) -> Object:
        """Create in the collection at `path`."""
        return await self._call("POST", path, body)

    async def ensure(self, path: str, body: Object) -> None:
        """Create in the collection at `path` unless it is there already."""
        try:
            await self.create(path, body)
        except ApiError as error:
            if error.status != 409:
                raise

    async def patch(self, path: str, body: Object, content_type: str = MERGE) -> Object:
        """Change parts."""
        return await self._call("PATCH", path, body, content_type)

    async def delete(self, path: str, options: Object | None = None) -> None:
        """Ask for deletion; what is gone already is fine."""
        try:
            await self._call("DELETE", path, options or {})
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    async def watch(self, path: str, version: str) -> AsyncIterator[Object]:
        """Events after a resourceVersion, until the server ends the watch."""
        parameters = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async with self._session.get(
            self.server + path, params=parameters, timeout=WATCH_TIMEOUT
        ) as response:
            if response.status != 200:
                raise ApiError(response.status, await response.text())
            async for line in _lines(response.content):
                yield json.loads(line)

    async def _call(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        headers: Mapping[str, str] = {"Content-Type": content_type}
        data = None if body is None else json.dumps(body)
        async with self._session.request(
            method, self.server + path, data=data, headers=headers, timeout=REQUEST_TIMEOUT
        ) as response:
            answer: dict[str, Any] = await response.json()
            if response.status >= 300:
                raise ApiError(response.status, answer.get("message", ""))
            return answer


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length (the stream's own reader bounds them too tightly for Secrets)."""
    rest = b""
    async for chunk in stream.iter_any():
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line


TRANSIENT = (aiohttp.ClientError, TimeoutError, ApiError, asyncio.IncompleteReadError)
