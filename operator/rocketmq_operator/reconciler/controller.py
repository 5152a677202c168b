"""The loop: events wake keys, workers reconcile them, sweeps find what the events missed."""

import asyncio
import logging
import random
import time
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import Metric

from rocketmq_operator.errors import RocketMQError
from rocketmq_operator.reconciler import clustermetrics, logs, metrics
from rocketmq_operator.reconciler.clustermetrics import Pass
from rocketmq_operator.reconciler.kinds import OPTIONAL, WATCHED, WRITTEN, Key, Kind, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.progress import OVERTAKEN
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.names import MANAGED_BY_SELECTOR
from rocketmq_operator.reconciler.reconcile import Reconciler
from rocketmq_operator.reconciler.unheard import Unheard
from rocketmq_operator.reconciler.workqueue import WorkQueue

log = logging.getLogger(__name__)

WORKERS: Final = 16
SWEEP_INTERVAL: Final = 120.0
"""Seconds between complete lists; watches never tell what vanished while they were cut."""
RELIST_DELAY: Final = 1.0
"""Seconds from the first sign of a cut watch to the sweep."""
RECONCILE_TIMEOUT: Final = 60.0
NOT_INSTALLED: Final = "; is the API installed? kubectl apply -k crds"
SOONEST: Final = 0.5
"""Seconds until a pass that time asks for, at least: a deadline that stays due never spins."""


class Controller:
    """Feeds the queue from events and sweeps, and works on it while this replica leads."""

    def __init__(
        self,
        api: KubeApi,
        store: Store,
        queue: WorkQueue[Key],
        reconciler: Reconciler,
        namespaces: tuple[str, ...],
    ) -> None:
        self._api = api
        self._store = store
        self._queue = queue
        self._reconciler = reconciler
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._synced = asyncio.Event()
        self._relisted = asyncio.Event()
        self._leading = False
        self._unheard = Unheard()
        self._passes: dict[Key, Pass] = {}

    def observe(self, kind: Kind, event: str | None, obj: Object) -> None:
        """Take in one watch event; ``event`` is None for an object that was listed."""
        if event is None and self._synced.is_set():
            self._relisted.set()
        self._unheard.heard(kind, obj)
        take = self._store.remove if event == "DELETED" else self._store.put
        key = take(kind, obj)
        if key is not None:
            self._wake(key)

    def not_ready(self) -> str:
        """Why this replica cannot take over the work yet, or ""."""
        if not self._synced.is_set():
            return "the first list of all objects is under way"
        return self.stuck()

    def stuck(self) -> str:
        """Which watch is stuck, or ""; only another process helps."""
        return self._unheard.stuck(time.monotonic())

    def families(self) -> Iterator[Metric]:
        """Metrics of all clusters; none on a replica that does not lead."""
        metrics.QUEUE_DEPTH.set(len(self._queue))
        metrics.QUEUE_AGE.set(self._queue.oldest(asyncio.get_running_loop().time()))
        keys = list(self._store.clusters()) if self._leading else []
        bodies = [body for key in keys if (body := self._store.cluster(key))]
        yield from clustermetrics.families(bodies, self._passes)

    async def work(self) -> None:
        """Reconcile until cancelled; begins with every cluster that is there or spoken of."""
        await self._synced.wait()
        self._leading = True
        for key in self._store.named():
            self._queue.add(key)
        async with asyncio.TaskGroup() as group:
            for number in range(WORKERS):
                group.create_task(self._worker(), name=f"worker-{number}")

    async def sweep_forever(self) -> None:
        """List everything now, at an interval, and soon after a watch was cut."""
        while True:
            try:
                await self._sweep()
            except KubeError as error:
                hint = NOT_INSTALLED if error.status == 404 else ""
                log.warning("cannot list everything: %s%s", error, hint)
                await asyncio.sleep(RELIST_DELAY * random.uniform(1.0, 3.0))
                continue
            await self._until_next_sweep()

    async def close(self) -> None:
        """End what the queue and the reconciler still hold."""
        self._leading = False
        self._queue.clear()
        await self._reconciler.close()

    def _wake(self, key: Key) -> None:
        if self._leading:
            self._queue.add(key)

    async def _worker(self) -> None:
        while True:
            key = await self._queue.take()
            try:
                with logs.about(key):
                    await self._reconcile(key)
            finally:
                self._queue.done(key)

    async def _reconcile(self, key: Key) -> None:
        try:
            with metrics.RECONCILE_SECONDS.time():
                async with asyncio.timeout(RECONCILE_TIMEOUT):
                    progress = await self._reconciler.reconcile(key)
        except KubeError as error:
            self._refused(key, error)
        except (RocketMQError, TimeoutError) as error:
            self._failed(key, "error", str(error) or f"no end in {RECONCILE_TIMEOUT:g} s")
        except Exception:
            log.exception("a defect of the operator")
            self._failed(key, "defect", "see the traceback above")
        else:
            if progress.failure:
                self._refused(key, progress.failure)
            else:
                self._succeeded(key)
            if progress.again is not None:
                self._queue.add_after(key, max(progress.again, SOONEST))

    def _succeeded(self, key: Key) -> None:
        metrics.RECONCILES.labels("done").inc()
        self._passes[key] = Pass(time.time(), succeeded=True)
        if self._store.cluster(key) is None:
            del self._passes[key]
        self._queue.succeeded(key)

    def _refused(self, key: Key, error: KubeError) -> None:
        self._failed(key, "conflict" if error.status in OVERTAKEN else "error", str(error))

    def _failed(self, key: Key, result: str, message: str) -> None:
        metrics.RECONCILES.labels(result).inc()
        self._passes[key] = Pass(time.time(), succeeded=result == "conflict")
        pause = self._queue.add_failed(key)
        level = logging.DEBUG if result == "conflict" else logging.WARNING
        log.log(level, "%s; again in %.2g s", message, pause)

    async def _until_next_sweep(self) -> None:
        try:
            async with asyncio.timeout(SWEEP_INTERVAL * random.uniform(0.9, 1.1)):
                await self._relisted.wait()
        except TimeoutError:
            return
        self._relisted.clear()
        await asyncio.sleep(RELIST_DELAY)

    async def _sweep(self) -> None:
        for kind in WATCHED:
            labels = "" if kind in WRITTEN else MANAGED_BY_SELECTOR
            objects: list[Object] = []
            versions = []
            try:
                for namespace in self._namespaces:
                    async for page, version in self._api.pages(kind, namespace, labels):
                        objects += page
                        versions.append(int(version))
            except KubeError as error:
                if kind not in OPTIONAL or error.status != 404:
                    raise
                continue
            self._remember_news(kind, objects)
            for key in self._store.replace(kind, objects, min(versions)):
                self._wake(key)
        self._synced.set()

    def _remember_news(self, kind: Kind, objects: Iterable[Object]) -> None:
        """Of a list that is not the first: what the watch must tell as well."""
        now = time.monotonic()
        for obj in objects:
            if self._synced.is_set() and self._store.is_news(kind, obj):
                self._unheard.listed(kind, obj, now)
