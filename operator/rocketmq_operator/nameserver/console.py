"""What a server knows, to be read: JSON for programs under ``/api/v1``, pages for people.

Nothing here changes anything; whoever can reach the remoting port can ask the same there.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from rocketmq_operator import __version__
from rocketmq_operator.nameserver import pages, snapshot, views
from rocketmq_operator.nameserver.service import Service
from rocketmq_operator.protocol.configuration import PROPERTIES

MAX_TOPICS = 10_000
"""Names in one answer at most; ``total`` tells how many there are."""
SHOWN_TOPICS = 500
_SLICE = 5000
"""Names looked at between two pauses; some 2 ms of work."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Console:
    """Read-only views of one Service. ``started`` is when its process did (ms)."""

    def __init__(self, service: Service, started: int) -> None:
        self._service = service
        self._started = started

    def routes(self) -> Mapping[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]:
        """What to serve where."""
        return {
            "/api/v1/config": self._config,
            "/api/v1/kv": self._kv,
            "/api/v1/topics": self._topics,
            "/api/v1/routes/{topic:.+}": self._route,
            "/": self._brokers_page,
            "/topics": self._topics_page,
            "/topics/{topic:.+}": self._route_page,
            "/config": self._config_page,
            "/kv": self._kv_page,
        }

    # JSON

    async def _config(self, _: web.Request) -> web.Response:
        return answer(
            {
                "properties": self._service.processor.configuration.printed(),
                "restartRequired": self._service.restart_required,
            }
        )

    async def _kv(self, _: web.Request) -> web.Response:
        return answer({"namespaces": self._service.processor.kv.tables})

    async def _topics(self, request: web.Request) -> web.Response:
        try:
            limit = min(max(int(request.query.get("limit", SHOWN_TOPICS)), 0), MAX_TOPICS)
        except ValueError:
            return answer({"error": "limit must be a whole number"}, status=400)
        prefix = request.query.get("prefix", "")
        found, total = await self._first(limit, lambda topic: topic.startswith(prefix))
        return answer({"topics": found, "total": total})

    async def _route(self, request: web.Request) -> web.Response:
        topic = request.match_info["topic"]
        route = self._service.processor.route(topic)
        if route is None:
            return answer({"error": f"no route for topic {topic}"}, status=404)
        return answer(route)

    async def _first(self, limit: int, test: Callable[[str], bool]) -> tuple[list[str], int]:
        """The first ``limit`` topics that pass ``test``, in order, and how many do."""
        topics = list(self._service.processor.routes.topics)
        first: list[str] = []
        total = 0
        for start in range(0, len(topics), _SLICE):
            passed = list(filter(test, topics[start : start + _SLICE]))
            total += len(passed)
            first = heapq.nsmallest(limit, first + passed)
            await asyncio.sleep(0)
        return first, total

    # Pages

    async def _brokers_page(self, _: web.Request) -> web.Response:
        service = self._service
        routes, now = service.processor.routes, service.clock()
        brokers = views.brokers(routes)
        parts = [
            pages.facts(self._facts(brokers)),
            pages.heading("Brokers"),
            pages.brokers_table(brokers, now),
        ]
        if any(broker["provisional"] for broker in brokers):
            parts.append(pages.note(_PROVISIONAL))
        gone = snapshot.departures(routes, now)
        left = ((each.cluster, each.address, f"{pages.age(each.age)} ago") for each in gone)
        columns = ("Cluster", "Address", "Left")
        parts += [pages.heading("Left lately"), pages.table(columns, left, "Nobody.")]
        peers = [(url, words) for url, words in service.peers.items()]
        told = pages.table(("Address", "At the start"), peers, "It was told of no other server.")
        return _page("Brokers", *parts, pages.heading("Other servers"), told)

    def _facts(self, brokers: list[dict[str, object]]) -> dict[str, object]:
        service = self._service
        groups = service.processor.routes.groups
        return {
            "Address": service.address or "not listening yet",
            "State": self._state(),
            "Up": pages.age(service.clock() - self._started),
            "Broker names": len(groups),
            "Brokers": len(brokers),
            "Topics": len(service.processor.routes.topics),
            "Connections": len(service.server.connections),
            "Lookups answered": service.lookups,
        }

    def _state(self) -> pages.Raw:
        if self._service.stopping:
            return pages.marked("bad", "stopping")
        if not self._service.address:
            return pages.marked("warn", "asking the other servers")
        return pages.marked("good", "serving")

    async def _topics_page(self, request: web.Request) -> web.Response:
        wanted = request.query.get("contains", "")
        topics = self._service.processor.routes.topics
        part = wanted.lower()
        found, total = await self._first(SHOWN_TOPICS, lambda topic: part in topic.lower())
        rows = ((pages.link("/topics", topic), len(topics.get(topic) or ())) for topic in found)
        parts = [
            pages.search("/topics", wanted),
            pages.table(("Topic", "Broker names"), rows, "No such topic."),
        ]
        if total > len(found):
            parts.append(pages.note(f"{len(found)} of {total:,}; look for a part of a name."))
        return _page("Topics", *parts)

    async def _route_page(self, request: web.Request) -> web.Response:
        topic = request.match_info["topic"]
        route = self._service.processor.route(topic)
        if route is None:
            return _page(topic, pages.heading(topic), pages.note("No route."), status=404)
        told = msgspec.to_builtins(route, str_keys=True)
        parts = [pages.heading(topic), pages.route_table(told)]
        if route.order_topic_conf:
            parts.append(pages.facts({"Order of its queues": route.order_topic_conf}))
        return _page(topic, *parts)

    async def _config_page(self, _: web.Request) -> web.Response:
        waiting = set(self._service.restart_required)
        rows = (
            _property(name, value, waiting=name in waiting)
            for name, value in sorted(self._service.processor.configuration.printed().items())
        )
        columns = ("Property", "Value", "Default", "Takes effect")
        return _page("Configuration", pages.table(columns, rows, "None."))

    async def _kv_page(self, _: web.Request) -> web.Response:
        tables = self._service.processor.kv.tables
        parts = [
            part
            for namespace, entries in sorted(tables.items())
            for part in (
                pages.heading(namespace),
                pages.table(("Key", "Value"), sorted(entries.items()), "Empty."),
            )
        ]
        return _page("KV", *(parts or [pages.note("The KV store is empty.")]))


_PROVISIONAL = (
    "Provisional: another server told of it at the start, and it has not registered here yet; it "
    "is served until it does, or until its heartbeat timeout has passed."
)


def _property(name: str, value: str, *, waiting: bool) -> tuple[object, ...]:
    row = PROPERTIES.get(name)
    if row is None:
        return name, value, "", "no property of a NameServer"
    shown: object = value if value == row.default else pages.marked("warn", value)
    when = pages.marked("bad", "waits for a restart") if waiting else row.effect.value
    return name, shown, row.default, when


def answer(value: object, *, status: int = 200) -> web.Response:
    """``value`` as JSON."""
    return web.Response(
        body=msgspec.json.encode(value), content_type="application/json", status=status
    )


def _page(title: str, *parts: str, status: int = 200) -> web.Response:
    text = pages.page(title, __version__, *parts)
    return web.Response(text=text, content_type="text/html", headers=_HEADERS, status=status)
