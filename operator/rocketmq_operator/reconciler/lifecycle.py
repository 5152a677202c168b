"""The operator as a process: start-up, work while it leads, and an orderly end."""

import asyncio
import logging
import os
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

import kopf

from rocketmq_operator.reconciler import handlers, metrics, probes
from rocketmq_operator.reconciler.controller import Controller
from rocketmq_operator.reconciler.kube.api import KubeApi
from rocketmq_operator.reconciler.kube.events import Recorder
from rocketmq_operator.reconciler.kube.lease import Elector
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.reconcile import OperatorSettings, Reconciler
from rocketmq_operator.reconciler.wire.poller import Poller
from rocketmq_operator.reconciler.workqueue import WorkQueue

log = logging.getLogger(__name__)

LEASE_NAME: Final = "rocketmq-operator"
LEASE_REQUEST_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How this replica runs; no ``namespaces`` means all of them."""

    namespaces: tuple[str, ...]
    lease_namespace: str
    identity: str
    nameserver_image: str
    http_host: str
    http_port: int


async def run_operator(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, or until a watch fails for good (which raises)."""
    async with AsyncExitStack() as stack:
        lease_api = await KubeApi.connect(LEASE_REQUEST_TIMEOUT, identity=settings.identity)
        stack.push_async_callback(lease_api.close)
        elector = Elector(lease_api, settings.lease_namespace, LEASE_NAME, settings.identity)
        api = await KubeApi.connect(identity=settings.identity, may_write=lambda: elector.leading)
        stack.push_async_callback(api.close)
        controller = _wire(settings, api, elector)
        await stack.enter_async_context(
            probes.serving(
                settings.http_host,
                settings.http_port,
                alive=controller.stuck,
                ready=controller.not_ready,
            )
        )
        leader = asyncio.create_task(_lead(elector, controller), name="leader")
        sweeper = asyncio.create_task(controller.sweep_forever(), name="sweeper")

        async def stop(**_: Any) -> None:
            for task in (sweeper, leader):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await controller.close()
            await elector.release()

        everywhere = not settings.namespaces
        registry = handlers.registry(controller.observe, everywhere=everywhere)
        kopf.on.cleanup(registry=registry)(stop)
        await kopf.operator(
            registry=registry,
            clusterwide=everywhere,
            namespaces=settings.namespaces,
            # Kopf, which exports no type for it, would else ask for the user's name, and that of
            # a container may have none.
            identity=cast(Any, settings.identity),
        )


def _wire(settings: Settings, api: KubeApi, elector: Elector) -> Controller:
    store = Store()
    queue: WorkQueue[Any] = WorkQueue()
    poller = Poller(queue.add, lambda: elector.leading)
    given = OperatorSettings(settings.nameserver_image, settings.lease_namespace)
    reconciler = Reconciler(api, store, poller, Recorder(api), given)
    controller = Controller(api, store, queue, reconciler, settings.namespaces)
    metrics.REGISTRY.register(metrics.ClusterCollector(controller.families))
    return controller


async def _lead(elector: Elector, controller: Controller) -> None:
    """Work while holding the Lease; losing it ends the process before anybody else may write."""
    await elector.acquire()
    metrics.LEADING.set(1)
    holding = asyncio.create_task(elector.hold(), name="lease")
    working = asyncio.create_task(controller.work(), name="work")
    try:
        done, _ = await asyncio.wait({holding, working}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (holding, working):
            task.cancel()
        await asyncio.gather(holding, working, return_exceptions=True)
    for task in done:
        log.critical("exiting: %s ended", task.get_name(), exc_info=task.exception())
    os._exit(1)
