"""The loop over all clusters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, cast

from rocketmq_operator.reconciler.controller import SOONEST, Controller
from rocketmq_operator.reconciler.kinds import CLUSTER, Key, Kind, Object
from rocketmq_operator.reconciler.kube.api import KubeApi
from rocketmq_operator.reconciler.kube.progress import Progress
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.reconcile import Reconciler
from rocketmq_operator.reconciler.workqueue import WorkQueue

BODY = {"metadata": {"namespace": "ns", "name": "prod", "resourceVersion": "5"}}


class OneCluster:
    """An API server that holds one NameServerCluster and nothing else."""

    async def pages(self, kind: Kind, *_: Any) -> AsyncIterator[tuple[list[Object], str]]:
        yield ([BODY] if kind is CLUSTER else []), "5"


class AlwaysDue:
    """Takes notes of its passes, and says each time that the next one is due."""

    def __init__(self) -> None:
        self.passes: asyncio.Queue[float] = asyncio.Queue()

    async def reconcile(self, _: Key) -> Progress:
        self.passes.put_nowait(asyncio.get_running_loop().time())
        return Progress(again=0.0)

    async def close(self) -> None:
        pass


@asynccontextmanager
async def working(reconciler: AlwaysDue) -> AsyncIterator[None]:
    api, store = cast(KubeApi, OneCluster()), Store()
    queue: WorkQueue[Key] = WorkQueue()
    controller = Controller(api, store, queue, cast(Reconciler, reconciler), ())
    tasks = [asyncio.create_task(run) for run in (controller.sweep_forever(), controller.work())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await controller.close()


async def test_a_deadline_that_stays_due_does_not_spin() -> None:
    reconciler = AlwaysDue()
    async with asyncio.timeout(30), working(reconciler):
        passes = [await reconciler.passes.get() for _ in range(3)]
    assert all(later - earlier >= SOONEST for earlier, later in pairwise(passes))
