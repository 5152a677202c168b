"""The node as a whole: watches, pods, names, volumes."""

import asyncio
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.node.api import Api
from harness.node.context import Node, NodePaths, write_atomically
from harness.node.informer import Informer
from harness.node.names import Table, name_table
from harness.node.objects import Object, is_finished, uid_of
from harness.node.pod import Pod
from harness.node.provisioner import Provisioner
from harness.node.registration import node_name, register, renew_forever
from harness.node.sources import Sources

PODS_PER_BLOCK = 250

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentSettings:
    """`prefix` is the first half of the pods' addresses, such as `127.10`; nodes count from 1.

    New addresses come from `block` on, of PODS_PER_BLOCK each.
    """

    kubeconfig: Path
    run_dir: Path
    prefix: str
    bwrap: str
    version: str
    number: int
    block: int
    renew: bool


class Agent:
    """Runs every pod that the scheduler binds to its node. The first makes volumes as well."""

    def __init__(self, settings: AgentSettings, api: Api) -> None:
        self._settings = settings
        self._api = api
        self._pods: dict[str, Pod] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._name = node_name(settings.number)
        self._addresses = settings.block * PODS_PER_BLOCK
        self._table: Table = {}
        self._names_changed = asyncio.Event()
        self._watch_all()

    def _watch_all(self) -> None:
        def refresh(_: Object, __: bool) -> None:
            self._refresh_pods()

        core = "/api/v1"
        self._configmaps = Informer(self._api, f"{core}/configmaps", refresh)
        self._secrets = Informer(self._api, f"{core}/secrets", refresh)
        self._services = Informer(self._api, f"{core}/services", self._on_name_change)
        self._claims = Informer(self._api, f"{core}/persistentvolumeclaims", self._on_volume)
        self._volumes = Informer(self._api, f"{core}/persistentvolumes", self._on_volume)
        self._pod_objects = Informer(self._api, f"{core}/pods", self._on_pod)
        paths = NodePaths(self._settings.run_dir)
        claims, volumes = self._claims.items, self._volumes.items
        self._provisioner = Provisioner(self._api, paths.claims, claims, volumes)
        self._node = Node(
            api=self._api,
            bwrap=self._settings.bwrap,
            address=f"{self._settings.prefix}.0.1",
            paths=paths,
            sources=Sources(self._configmaps.items, self._secrets.items),
            claims=claims,
            volumes=volumes,
        )

    async def run(self) -> None:
        """Work until cancelled."""
        sources = [self._configmaps, self._secrets, self._services, self._claims, self._volumes]
        async with asyncio.TaskGroup() as group:
            for informer in sources:
                group.create_task(informer.run())
            for informer in sources:
                await informer.synced.wait()
            group.create_task(self._pod_objects.run())
            if self._settings.number == 1:
                group.create_task(self._provisioner.run())
            group.create_task(self._publish_names())
            address, version = self._node.address, self._settings.version
            await register(self._api, self._settings.number, address, version, datetime.now(UTC))
            if self._settings.renew:
                group.create_task(renew_forever(self._api, self._name))

    def _on_pod(self, item: Object, exists: bool) -> None:
        if not item["spec"].get("nodeName"):
            return
        uid = uid_of(item)
        known = self._pods.get(uid)
        if known is not None:
            known.update(item) if exists else known.vanish()
        elif exists and not is_finished(item) and item["spec"]["nodeName"] == self._name:
            self._start(item)
        self._names_changed.set()

    def _start(self, item: Object) -> None:
        # One that ran here before the node was lost keeps the address that the API knows.
        address = item.get("status", {}).get("podIP") or self._next_address()
        pod = Pod(self._node, item, address)
        self._pods[pod.uid] = pod
        task = asyncio.create_task(self._run_pod(pod))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        pod.update(item)

    async def _run_pod(self, pod: Pod) -> None:
        try:
            await pod.run()
        except Exception:  # one broken pod must not end the others
            log.exception("pod %s", pod.context.key)
        finally:
            del self._pods[pod.uid]

    def _next_address(self) -> str:
        """Addresses are not used again soon, so that no client meets a stranger at an old one."""
        block, place = divmod(self._addresses, PODS_PER_BLOCK)
        self._addresses += 1
        return f"{self._settings.prefix}.{1 + block % PODS_PER_BLOCK}.{1 + place}"

    def _on_name_change(self, _: Object, __: bool) -> None:
        self._names_changed.set()

    def _on_volume(self, _: Object, __: bool) -> None:
        self._provisioner.changed.set()
        self._refresh_pods()

    def _refresh_pods(self) -> None:
        for pod in self._pods.values():
            pod.refresh()

    async def _publish_names(self) -> None:
        while True:
            await self._names_changed.wait()
            self._names_changed.clear()
            table = name_table(self._pod_objects.items.values(), self._services.items.values())
            if table != self._table:
                self._table = table
                write_atomically(self._node.paths.names, json.dumps(table))
            for pod in self._pods.values():
                pod.write_hosts(table)
