"""The life of one pod on the node, from its binding to its removal."""

import asyncio
import logging
from datetime import UTC, datetime

from harness.node.api import STRATEGIC, TRANSIENT, ApiError
from harness.node.container import Container
from harness.node.context import Node, PodContext, write_atomically
from harness.node.names import DOMAIN, Table, hosts_file
from harness.node.objects import Object, is_finished, is_terminating, uid_of
from harness.node.podvolumes import PodVolumes
from harness.node.records import Record, Terminated, Waiting
from harness.node.sources import MissingSourceError
from harness.node.status import PodFacts, pod_status, starting_records
from harness.rundir import remove

VOLUME_RETRY = 2.0
REPORT_RETRY = 1.0
DEFAULT_GRACE = 30
# As in the product's image: the user that it runs as has no name.
PASSWD = "root:x:0:0:root:/root:/bin/sh\n"
GROUP = "root:x:0:\n"

log = logging.getLogger(__name__)


class Pod:
    """Owns the tasks, containers, volumes and status of one pod."""

    def __init__(self, node: Node, pod: Object, ip: str) -> None:
        self.uid = uid_of(pod)
        self._node = node
        self._began = datetime.now(UTC)
        self._dirty = asyncio.Event()
        self._leaving = asyncio.Event()
        self._forced = False
        self._last_status: Object = {}
        directory = node.paths.pods / self.uid
        self.context = PodContext(node, {}, ip, directory, self._dirty.set)
        self._take(pod)
        spec = pod["spec"]
        self._init = self._containers(spec.get("initContainers") or [], initializing=False)
        self._main = self._containers(spec["containers"], initializing=bool(self._init))
        self._volumes = PodVolumes(self.context)
        self._replacements: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Live until the API's copy is to be deleted, stop everything, and clean up."""
        remove(self.context.directory)  # of the pod, from before the node was lost
        self._write_etc()
        reporting = asyncio.create_task(self._report_changes())
        living = asyncio.create_task(self._live())
        living.add_done_callback(_log_failure)
        try:
            await self._leaving.wait()
            living.cancel()
            await asyncio.wait([living])
            await self._stop_containers()
        finally:
            for task in (living, reporting):
                task.cancel()
            await asyncio.wait([living, reporting])
            remove(self.context.directory)
        if not self._forced:
            await self._remove_from_api()

    def update(self, pod: Object) -> None:
        """The API's copy has changed."""
        self._take(pod)
        if is_terminating(pod):
            self._leaving.set()
        self.refresh()
        for container in filter(Container.is_outdated, self._main):
            task = asyncio.create_task(container.stop(self._grace()))
            self._replacements.add(task)
            task.add_done_callback(self._replacements.discard)
        self._dirty.set()

    def vanish(self) -> None:
        """The API's copy is gone: stop everything at once."""
        self._forced = True
        for container in (*self._init, *self._main):
            container.kill()
        self._leaving.set()

    def refresh(self) -> None:
        """Something that volumes or environments come from may have changed."""
        if not self._leaving.is_set():
            self._volumes.refresh()
            self.context.poke()

    def write_hosts(self, table: Table) -> None:
        """Write the names that this pod knows, if they changed."""
        path = self.context.etc / "hosts"
        text = hosts_file(table, self.context.pod)
        if path.parent.is_dir() and (not path.exists() or path.read_text() != text):
            write_atomically(path, text)

    def _take(self, pod: Object) -> None:
        """Keep the API's copy, with the address that the API may not know yet."""
        address = {"podIP": self.context.ip, "hostIP": self._node.address}
        self.context.pod = pod | {"status": pod.get("status", {}) | address}

    def _containers(self, specs: list[Object], *, initializing: bool) -> list[Container]:
        records = starting_records(specs, initializing=initializing)
        return [Container(self.context, record) for record in records]

    async def _live(self) -> None:
        self._dirty.set()
        if is_finished(self.context.pod):
            return
        await self._set_up_volumes()
        async with asyncio.TaskGroup() as group:
            renewal = group.create_task(self._volumes.renew_tokens())
            if await self._initialize():
                running = [group.create_task(each.run()) for each in self._main]
                await asyncio.wait(running)
            renewal.cancel()

    async def _set_up_volumes(self) -> None:
        while True:
            try:
                await self._volumes.set_up()
            except (MissingSourceError, *TRANSIENT) as error:
                log.info("pod %s waits: %s", self.context.key, error)
                await self.context.poked(VOLUME_RETRY)
            else:
                return

    async def _initialize(self) -> bool:
        """Run the init containers in order; False if one failed for good."""
        for container in self._init:
            await container.run(initializing=True)
            state = container.record.state
            if not isinstance(state, Terminated) or state.exit_code != 0:
                return False
        for container in self._main:
            container.record.wait(Waiting("ContainerCreating"))
        return True

    async def _stop_containers(self) -> None:
        grace = self._grace()
        everything = (*self._init, *self._main)
        if self._forced or grace == 0:
            for container in everything:
                container.kill()
        await asyncio.gather(*(container.stop(grace) for container in everything))
        for container in everything:
            await container.settle()

    def _grace(self) -> float:
        pod = self.context.pod
        default = pod["spec"].get("terminationGracePeriodSeconds", DEFAULT_GRACE)
        seconds: float = pod["metadata"].get("deletionGracePeriodSeconds", default)
        return seconds

    async def _remove_from_api(self) -> None:
        try:
            await self._report()
            options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}}
            await self._node.api.delete(self._path(), options)
        except TRANSIENT as error:
            log.warning("pod %s cannot be removed from the API: %r", self.context.key, error)

    async def _report_changes(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._report()
            except TRANSIENT as error:
                if not self._leaving.is_set():
                    log.warning("status of %s not written: %r", self.context.key, error)
                await asyncio.sleep(REPORT_RETRY)
                self._dirty.set()

    async def _report(self) -> None:
        """Write the status if it differs from the one written last."""
        status = pod_status(self.context.pod, self._facts(), self._last_status, datetime.now(UTC))
        if status == self._last_status or is_finished({"status": self._last_status}):
            return
        body = {"metadata": {"uid": self.uid}, "status": status}
        try:
            await self._node.api.patch(f"{self._path()}/status", body, STRATEGIC)
        except ApiError as error:
            # Gone, or another pod has the name by now; the watch tells in a moment.
            if error.status not in {404, 409}:
                raise
        self._last_status = status

    def _facts(self) -> PodFacts:
        return PodFacts(
            host_ip=self._node.address,
            pod_ip=self.context.ip,
            started_at=self._began,
            init=_records(self._init),
            containers=_records(self._main),
        )

    def _path(self) -> str:
        namespace, name = self.context.key
        return f"/api/v1/namespaces/{namespace}/pods/{name}"

    def _write_etc(self) -> None:
        etc = self.context.etc
        etc.mkdir(parents=True)
        namespace, _ = self.context.key
        search = f"{namespace}.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}"
        (etc / "resolv.conf").write_text(f"search {search}\n")
        # Without it only the first line of a name in the hosts file counts.
        (etc / "host.conf").write_text("multi on\n")
        (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
        (etc / "passwd").write_text(PASSWD)
        (etc / "group").write_text(GROUP)
        self.write_hosts({})


def _records(containers: list[Container]) -> list[Record]:
    return [container.record for container in containers]


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a pod's life ended by a defect of the node", exc_info=error)
