"""One server, watched: polled over remoting, followed over HTTP, and kept in sync."""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.errors import ProtocolError, ResponseError, TransportError
from rocketmq_operator.protocol.bodies import ClusterInfo
from rocketmq_operator.protocol.codes import RequestCode
from rocketmq_operator.reconciler import metrics
from rocketmq_operator.reconciler.reports import Orders, Report, Target
from rocketmq_operator.reconciler.sync import Held, Wanted, Writes, writes
from rocketmq_operator.reconciler.views import BrokerId, ServerView, Sighting, showable
from rocketmq_operator.reconciler.wire.httpview import HttpView, HttpViewClient, ServerInfo
from rocketmq_operator.transport.tls import client_context

log = logging.getLogger(__name__)

CALL_TIMEOUT: Final = 3.0
"""Seconds one remoting call may take."""
RETRY: Final = 1.0
"""Seconds until the first attempt after a failure; doubles up to a minute."""
MAX_KNOWN: Final = 20_000
"""Brokers remembered per server process."""

WIRE_ERRORS: Final = (TransportError, ProtocolError, ResponseError)


class Session:
    """Owns the connections to one server and the two tasks on them; :meth:`close` ends them.

    ``on_change`` is called after the report changed; ``may_write`` is asked before each write.
    """

    def __init__(
        self,
        target: Target,
        orders: Orders,
        view: HttpViewClient,
        on_change: Callable[[], None],
        may_write: Callable[[], bool],
    ) -> None:
        self.target = target
        self.report = Report(target)
        self._orders = orders
        self._pushed: Wanted | None = None
        self._view_client = view
        self._admin = AdminClient(on_end=_count, tls=_context(target))
        self._on_change = on_change
        self._may_write = may_write
        self._nudge = asyncio.Event()
        self._failures = 0
        self._drift_due = 0.0
        self._known: dict[BrokerId, datetime] = {}
        self._latest: HttpView | None = None
        self._tasks = [
            asyncio.create_task(self._poll(), name=f"poll {target.pod}"),
            asyncio.create_task(self._follow(), name=f"follow {target.pod}"),
        ]

    def order(self, orders: Orders) -> None:
        """Take new orders; the server is looked at again at once if they differ."""
        if orders != self._orders:
            self._orders = orders
            self.nudge()

    def nudge(self) -> None:
        """Look at the server now, its KV and configuration included."""
        self._drift_due = 0.0
        self._nudge.set()

    async def answers(self) -> bool:
        """Whether the server answers now; one that does not is looked at again at once."""
        try:
            await self._admin.cluster_info(self.target.address, timeout=CALL_TIMEOUT)
        except WIRE_ERRORS:
            self.nudge()
            return False
        return True

    async def close(self) -> None:
        """End the tasks and the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._admin.close()

    async def _poll(self) -> None:
        while True:
            self._nudge.clear()
            await self._look(self._orders)
            try:
                async with asyncio.timeout(self._pause()):
                    await self._nudge.wait()
            except TimeoutError:
                continue

    def _pause(self) -> float:
        if self._failures:
            return _backoff(self._failures)
        return self._orders.probe_interval * random.uniform(0.9, 1.1)

    async def _look(self, orders: Orders) -> None:
        try:
            held = await self._held(orders)
            view = await self._view(orders)
            info = await self._info()
        except WIRE_ERRORS as error:
            self._failures += 1
            self._drift_due = 0.0
            self._publish(Report(self.target, version=self.report.version, error=str(error)))
            return
        self._failures = 0
        self._publish(Report(self.target, view, held, info.version, info.restart_required))

    async def _held(self, orders: Orders) -> Held:
        """What the server holds, after writing what it lacks; read again when it is time."""
        now = asyncio.get_running_loop().time()
        if self.report.held is not None and now < self._drift_due:
            return self.report.held
        # Set before reading: a change that comes meanwhile makes it due again.
        self._drift_due = now + orders.drift_interval * random.uniform(0.9, 1.1)
        held = await self._read(orders.wanted)
        todo = writes(orders.wanted, held, self._pushed)
        if not orders.writable:
            return held
        if await self._write(todo, orders):
            self._pushed = orders.wanted
        return await self._read(orders.wanted) if todo else held

    async def _read(self, wanted: Wanted) -> Held:
        address = self.target.address
        config = await self._admin.get_namesrv_config(address, timeout=CALL_TIMEOUT)
        tables = {}
        for namespace in sorted(wanted.namespaces):
            table = await self._admin.kv_list(address, namespace, timeout=CALL_TIMEOUT)
            tables[namespace] = table or {}
        return Held(config, tables, wanted)

    async def _write(self, todo: Writes, orders: Orders) -> bool:
        """Whether all was sent: no more than while ``orders`` stand, and this process may write."""
        for what, request in self._requests(todo):
            if self._orders is not orders or not self._may_write():
                return False
            log.info("%s: %s", self.target.pod, what)
            await request()
        return True

    def _requests(self, todo: Writes) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        address, admin, within = self.target.address, self._admin, {"timeout": CALL_TIMEOUT}
        if todo.config:
            send = partial(admin.update_namesrv_config, address, todo.config, **within)
            yield f"setting {', '.join(todo.config)}", send
        for (namespace, key), value in todo.put.items():
            send = partial(admin.put_kv, address, namespace, key, value, **within)
            yield f"putting KV {namespace}/{key}", send
        for namespace, key in todo.delete:
            send = partial(admin.delete_kv, address, namespace, key, **within)
            yield f"deleting KV {namespace}/{key}", send

    async def _view(self, orders: Orders) -> ServerView:
        """The HTTP view where the server has one, else what the stock protocol tells."""
        info = await self._admin.cluster_info(self.target.address, timeout=CALL_TIMEOUT)
        if self._latest is not None:
            return self._remember(orders, self._latest)
        topics = await self._admin.topic_list(self.target.address, timeout=CALL_TIMEOUT)
        brokers, now = _brokers_of(info), datetime.now(UTC)
        return self._remember(
            orders, HttpView("", 0, 0, brokers, dict.fromkeys(brokers, now), len(topics))
        )

    async def _info(self) -> ServerInfo:
        if self._latest is None:
            return ServerInfo()
        try:
            return await self._view_client.server()
        except WIRE_ERRORS:
            return ServerInfo(self.report.version)

    def _remember(self, orders: Orders, seen: HttpView) -> ServerView:
        self._known.update(seen.last_updates)
        while len(self._known) > MAX_KNOWN:
            self._known.pop(next(iter(self._known)))
        up = datetime.now(UTC) - self.target.started
        settled = up >= timedelta(seconds=orders.stale_after)
        return ServerView(showable(seen.brokers), seen.topics, dict(self._known), settled)

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                await self._follow_once()
                failures = 0
            except WIRE_ERRORS:
                self._latest = None
                failures += 1
                self._nudge.set()
                await asyncio.sleep(_backoff(failures))

    async def _follow_once(self) -> None:
        before = self._latest
        seen = await self._view_client.brokers(before)
        self._latest = seen
        if before is not None and before.instance != seen.instance:
            self._known.clear()
        if before is None or before.settings != seen.settings:
            self.nudge()
        elif self.report.view is not None:
            self._publish(replace(self.report, view=self._remember(self._orders, seen)))

    def _publish(self, report: Report) -> None:
        changed = report != self.report
        self.report = report
        if changed:
            self._on_change()


def _brokers_of(info: ClusterInfo) -> dict[BrokerId, Sighting]:
    """An answer to 106, which tells addresses only."""
    return {
        BrokerId(data.cluster or "", name, broker_id): Sighting(address)
        for name, data in info.broker_addr_table.items()
        for broker_id, address in data.broker_addrs.items()
    }


def _context(target: Target) -> ssl.SSLContext | None:
    found = target.credentials
    return client_context(found.authority, found.certificate, found.key) if found else None


def _count(code: int, how: str) -> None:
    metrics.WIRE_CALLS.labels(RequestCode(code).name, how).inc()


def _backoff(failures: int) -> float:
    return min(60.0, RETRY * 2.0 ** min(failures - 1, 6))
