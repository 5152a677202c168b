"""The HTTP side: probes, metrics, the brokers by long poll, snapshots for other servers."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from rocketmq_operator import __version__
from rocketmq_operator.nameserver import snapshot, views
from rocketmq_operator.nameserver.console import Console, answer
from rocketmq_operator.nameserver.service import Service
from rocketmq_operator.protocol.codes import RequestCode
from rocketmq_operator.transport.listening import listener

MAX_WAIT = 60.0
SHUTDOWN_TIMEOUT = 1.0
"""Seconds that HTTP requests may still take when the server stops."""
MAX_SNAPSHOTS = 8
"""Snapshots that may be sent at a time; more are answered 503."""
MAX_SENDING = 10.0
"""Seconds that one may take: a reader that stalls would keep others from theirs."""
MAX_WAITING = 256
"""Long polls that may wait; more are answered 503."""

_Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpSide:
    """Serves one Service over HTTP on the same loop."""

    def __init__(self, service: Service, address_list: Path | None = None) -> None:
        self.instance = secrets.token_hex(8)
        self._service = service
        self._address_list = address_list
        self._snapshots = 0
        self._started = service.clock()
        self._waiting = 0
        self._address = ""
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen; returns ``host:port`` really bound. Raises OSError."""
        app = web.Application()
        routes: dict[str, _Route] = {
            "/livez": self._live,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/api/v1/server": self._server,
            "/api/v1/brokers": self._brokers,
            "/api/v1/snapshot": self._snapshot,
            "/rocketmq/{subgroup}": self._addresses,
            **Console(self._service, self._started).routes(),
        }
        app.add_routes([web.get(path, handler) for path, handler in routes.items()])
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT
        )
        await self._runner.setup()
        found = listener(host, port)
        await web.SockSite(self._runner, found).start()
        self._address = f"{host}:{found.getsockname()[1]}"
        return self._address

    async def stop(self) -> None:
        """Close the listener; waiting long polls were woken by the service."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _ready(self, _: web.Request) -> web.Response:
        if self._service.stopping:
            return web.Response(status=503, text="stopping\n")
        if not self._service.address:
            return web.Response(status=503, text="asking the other servers for their routes\n")
        return web.Response(text="serving\n")

    async def _server(self, _: web.Request) -> web.Response:
        return answer(
            {
                "version": __version__,
                "startTime": self._started,
                "address": self._service.address,
                "http": self._address,
                "instance": self.instance,
                "restartRequired": self._service.restart_required,
            }
        )

    async def _addresses(self, _: web.Request) -> web.StreamResponse:
        """What Java's ``DefaultTopAddressing`` asks an address server for; read anew each time."""
        if self._address_list is None:
            raise web.HTTPNotFound(text="no list of NameServers was given to this one\n")
        return web.FileResponse(self._address_list, headers={"Content-Type": "text/plain"})

    async def _brokers(self, request: web.Request) -> web.Response:
        routes = self._service.processor.routes
        try:
            revision = int(request.query.get("revision", "-1"))
            seconds = min(max(float(request.query.get("wait", "0")), 0.0), MAX_WAIT)
        except ValueError:
            return web.Response(
                status=400, text="revision must be a whole number and wait a number of seconds\n"
            )
        if self._service.stopping:
            return web.Response(status=503, headers={"Connection": "close"}, text="stopping\n")
        if (
            seconds > 0
            and revision == self._service.revision
            and not await self._wait(revision, seconds)
        ):
            return web.Response(
                status=503, headers={"Retry-After": "1"}, text="too many long polls are waiting\n"
            )
        return answer(
            {
                "instance": self.instance,
                "revision": self._service.revision,
                "settings": self._service.settings_revision,
                "brokers": views.brokers(routes),
                "departures": snapshot.departures(routes, self._service.clock()),
                "topics": len(routes.topics),
            }
        )

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        """What this server knows, for another that starts; ``nameserver.snapshot`` has the form."""
        if self._snapshots >= MAX_SNAPSHOTS:
            return web.Response(
                status=503, headers={"Retry-After": "1"}, text="too many snapshots are being sent\n"
            )
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        routes, now = self._service.processor.routes, self._service.clock()
        self._snapshots += 1
        try:
            async with asyncio.timeout(MAX_SENDING):
                await response.prepare(request)
                for line in snapshot.lines(routes, self.instance, now):
                    await response.write(line)
                    await asyncio.sleep(0)
        except (TimeoutError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._snapshots -= 1
        return response

    async def _wait(self, revision: int, seconds: float) -> bool:
        if self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        try:
            await self._service.view_moved(revision, seconds)
        finally:
            self._waiting -= 1
        return True

    async def _metrics(self, _: web.Request) -> web.Response:
        text = views.metrics(self._samples())
        return web.Response(body=text.encode(), headers={"Content-Type": _PROMETHEUS})

    def _samples(self) -> list[tuple[str, str, str, list[tuple[str, float]]]]:
        service = self._service
        requests = {**service.counters.requests}
        if service.lookups:  # most of them answered from the cache, without being read in full
            requests[RequestCode.GET_ROUTEINFO_BY_TOPIC] = service.lookups
        by_name = [
            (f'{{request="{_name(code)}"}}', float(n)) for code, n in sorted(requests.items())
        ]
        return [
            (f"{_PREFIX}requests_total", "counter", "Requests, by name.", by_name),
            *_family("counter", self._counts()),
            *_family("gauge", self._gauges()),
        ]

    def _counts(self) -> list[tuple[str, str, float]]:
        service, counters = self._service, self._service.counters
        hits = service.processor.cache.hits
        return [
            ("route_lookups_total", "Route requests answered.", service.lookups),
            ("reply_cache_hits_total", "Route requests answered from the cache.", hits),
            (
                "frames_rejected_total",
                "Unreadable frames; each ended its connection.",
                counters.frames_rejected,
            ),
            (
                "brokers_expired_total",
                "Brokers dropped for want of a sign of life.",
                counters.expired,
            ),
            ("kv_writes_total", "KV edits made durable.", service.writes.kv_edits),
            (
                "config_writes_total",
                "Configuration updates made durable.",
                service.writes.config_updates,
            ),
            ("write_errors_total", "Writes to disk that failed.", service.writes.errors),
        ]

    def _gauges(self) -> list[tuple[str, str, float]]:
        service, routes = self._service, self._service.processor.routes
        brokers = sum(len(group.addresses) for group in routes.groups.values())
        return [
            ("brokers", "Broker addresses known.", brokers),
            (
                "brokers_provisional",
                "Broker addresses that another server told of and that have not registered here.",
                len(routes.provisional),
            ),
            ("topics", "Topics with a route.", len(routes.topics)),
            ("connections", "Open remoting connections.", len(service.server.connections)),
            ("reply_cache_entries", "Finished route answers kept.", len(service.processor.cache)),
            ("view_revision", "Moves with every change of the brokers' view.", routes.revision),
            ("long_polls", "HTTP long polls waiting.", self._waiting),
            ("start_time_seconds", "Start of the process, Unix time.", self._started / 1000),
        ]


def _family(
    kind: str, rows: list[tuple[str, str, float]]
) -> list[tuple[str, str, str, list[tuple[str, float]]]]:
    return [(f"{_PREFIX}{name}", kind, words, [("", value)]) for name, words, value in rows]


_PREFIX = "rocketmq_nameserver_"
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def _name(code: int) -> str:
    return RequestCode(code).name if code >= 0 else "UNKNOWN"
