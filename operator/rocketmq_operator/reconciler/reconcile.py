"""One pass over one cluster: observe, apply what differs, take one step, tell the status."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler import (
    interpret,
    metrics,
    plan,
    pods,
    rejection,
    rollout,
    status,
    views,
)
from rocketmq_operator.reconciler.conditions import Condition, to_status
from rocketmq_operator.reconciler.credentials import Credentials
from rocketmq_operator.reconciler.delegation import Division
from rocketmq_operator.reconciler.kinds import (
    CLUSTER,
    CONFIG_MAP,
    DISRUPTION_BUDGET,
    POD,
    SERVICE,
    STATEFUL_SET,
    Key,
    Object,
)
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.children import Children
from rocketmq_operator.reconciler.kube.events import Recorder
from rocketmq_operator.reconciler.kube.kvconfigs import PAUSED, KvConfigs
from rocketmq_operator.reconciler.kube.progress import (
    ASK_AGAIN,
    OVERTAKEN,
    Progress,
    attempt,
    not_written,
    soonest,
    untold,
)
from rocketmq_operator.reconciler.kube.statuses import Statuses
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.kube.tlssecrets import TlsSecrets
from rocketmq_operator.reconciler.kube.volumes import Volumes
from rocketmq_operator.reconciler.names import Names
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.reports import Report
from rocketmq_operator.reconciler.resources import (
    Circumstances,
    claims,
    default_image,
    desired,
    external_services,
    seed_configmap,
)
from rocketmq_operator.reconciler.resources.inventory import EMPTY, Inventory, Written
from rocketmq_operator.reconciler.rollout import Server, Step
from rocketmq_operator.reconciler.spec import Cluster, parse
from rocketmq_operator.reconciler.views import Entry, Mirror
from rocketmq_operator.reconciler.wire.poller import Poller

log = logging.getLogger(__name__)

STATUS_INTERVAL: Final = 1.0
"""Seconds between two status writes of one cluster, unless something urgent moved."""

URGENT: Final = ("phase", "ready", "brokersOnline")
"""What people wait for: written at once."""


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """What an operator brings along: its default image of the servers, and where it runs."""

    nameserver_image: str
    namespace: str


class _Followed(NamedTuple):
    """A cluster whose spec can be followed, and what NameServerKVConfigs get of it."""

    cluster: Cluster
    division: Division


@dataclass
class _Memory:
    """What is known of a cluster beside what the API keeps; ``failing`` was told by an Event."""

    uid: str
    applied: dict[plan.Child, plan.Applied] = field(default_factory=dict)
    mirror: tuple[Entry, ...] | None = None
    written: Written | None = None
    status_written: datetime | None = None
    followed: _Followed | None = None
    failing: bool = False
    behind: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def inventory(self) -> Inventory:
        """What is owned now, and what is still to be removed."""
        return self.written.inventory if self.written else EMPTY


class Reconciler:
    """Brings clusters to what they should be; one call per key at a time."""

    def __init__(
        self,
        api: KubeApi,
        store: Store,
        poller: Poller,
        recorder: Recorder,
        settings: OperatorSettings,
    ) -> None:
        self._api = api
        self._store = store
        self._poller = poller
        self._recorder = recorder
        self._settings = settings
        self._secrets = TlsSecrets(api)
        self._volumes = Volumes(api)
        self._configs = KvConfigs(api, store, recorder)
        self._children = Children(api, store)
        self._statuses = Statuses(api, store, recorder)
        self._memories: dict[Key, _Memory] = {}

    async def close(self) -> None:
        """End the connections to all servers."""
        await self._poller.close()

    async def reconcile(self, key: Key) -> Progress:
        """Make one pass: what failed in it, and when time alone makes another one useful.

        Raises KubeError where the API is away, and where nothing could be done or told for it.
        """
        body = self._store.cluster(key)
        if body is None or "deletionTimestamp" in body["metadata"]:
            self._forget(key)
            return await self._configs.without_cluster(key, _no_cluster(key), gone=True)
        memory = self._memory(key, body)
        try:
            followed, children = await self._wanted(body, memory)
        except SpecError as error:
            return await self._stand_still(key, body, error, memory)
        memory.followed = followed
        if not body.get("status", {}).get("observedGeneration"):
            body = await self._announce(body, followed.cluster)
        progress = await self._write(body, followed.cluster, children, memory)
        seen, progress = await self._advance(body, followed, progress, memory)
        return progress.then(await self._tell_configs(seen, progress))

    def _forget(self, key: Key) -> None:
        self._poller.forget(key)
        self._secrets.forget(key)
        self._volumes.forget(key)
        self._memories.pop(key, None)

    def _memory(self, key: Key, body: Object) -> _Memory:
        memory, uid = self._memories.get(key), body["metadata"]["uid"]
        if memory is None or memory.uid != uid:
            self._volumes.forget(key)
            memory = self._memories[key] = _Memory(uid)
        return memory

    async def _wanted(self, body: Object, memory: _Memory) -> tuple[_Followed, list[Object]]:
        """The cluster, and all its children. Raises SpecError."""
        live = await self._stateful_set(body)
        cluster = parse(body, default_image.resolve(body, live, self._settings.nameserver_image))
        written = self._written(cluster, memory)
        division = await self._configs.divide(cluster, written)
        cluster = msgspec.structs.replace(cluster, delegated=division.delegated)
        inventory = written.inventory.following(cluster)
        size = claims.template_size(live)
        children = desired(cluster, Circumstances(inventory, size, self._settings.namespace))
        memory.written = Written(inventory, cluster.kv)
        return _Followed(cluster, division), children

    async def _write(
        self, body: Object, cluster: Cluster, children: Sequence[Object], memory: _Memory
    ) -> Progress:
        """Make the children and the volumes what they should be."""
        if cluster.spec.paused:
            return Progress()
        progress = await self._children.write(body, children, memory.applied)
        return progress.then(await self._volumes.grow(cluster, len(self._pods(cluster.key))))

    async def _advance(
        self, body: Object, followed: _Followed, progress: Progress, memory: _Memory
    ) -> tuple[Observed, Progress]:
        """Look, take one step, and tell."""
        cluster, division = followed
        used = interpret.tls_secrets(self._pods(cluster.key))
        shown = await self._secrets.shown(cluster, used)
        self._watch(cluster, memory, shown.credentials)
        seen = self._observe(body, cluster, memory)
        progress = progress.then(shown.progress).then(await self._replace_pod(body, seen))
        progress = progress.then(await self._finish_pending(cluster, seen, memory))
        seen = replace(
            seen,
            division=division,
            trouble=progress.trouble or seen.trouble,
            pending=progress.pending,
            notes=[*progress.notes, *division.notes],
            reasons=progress.reasons,
        )
        current = status.build(seen, body.get("status", {}))
        again = soonest(
            seen.step.recheck,
            pods.next_change(seen.pods, seen.now),
            seen.mirror.next_change(interpret.limits(cluster), seen.now),
        )
        told = await attempt(self._tell(body, current, memory), untold)
        await self._tell_failure(body, progress, memory)
        return seen, progress.then(told).then(Progress(again=again))

    async def _stand_still(
        self, key: Key, body: Object, error: SpecError, memory: _Memory
    ) -> Progress:
        """A spec that cannot be followed: say so, and leave everything as it is."""
        progress, members, now = Progress(rejection.why(error)), self._pods(key), datetime.now(UTC)
        if memory.followed:
            cluster = rejection.as_before(body, memory.followed.cluster)
            followed = memory.followed._replace(cluster=cluster)
            _, progress = await self._advance(body, followed, progress, memory)
        else:
            current = rejection.outline(body, rejection.why(error), members, now)
            progress = await attempt(self._tell(body, current, memory), untold)
        why, configs = _not_followed(key, str(error)), self._configs
        progress = progress.then(await configs.without_cluster(key, why, gone=False))
        servers = len(members)
        return progress.then(await configs.release(key, now, servers=servers, held_up=why))

    async def _stateful_set(self, body: Object) -> Object | None:
        """The live one, asked for where the cache lacks it: its labels may have been taken off."""
        key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
        name = Names(*key).stateful_set
        known = self._store.get(STATEFUL_SET, key.namespace, name)
        if known is not None:
            return known
        found = await self._api.get(STATEFUL_SET, key.namespace, name)
        return found if found and plan.owner(found) == body["metadata"]["uid"] else None

    def _written(self, cluster: Cluster, memory: _Memory) -> Written:
        """From the live seed; from memory where somebody deleted it."""
        seed = self._seed(cluster)
        if seed is not None or memory.written is None:
            memory.written = seed_configmap.read(seed)
        return memory.written

    def _seed(self, cluster: Cluster) -> Object | None:
        return self._store.get(CONFIG_MAP, cluster.key.namespace, cluster.names.seed)

    def _noted(self, cluster: Cluster, memory: _Memory) -> bool:
        """Whether the live seed has the inventory by which servers are written to."""
        return seed_configmap.notes(self._seed(cluster), memory.inventory)

    async def _tell_configs(self, seen: Observed, progress: Progress) -> Progress:
        key, spec = seen.cluster.key, seen.cluster.spec
        told = await self._configs.tell(seen)
        pending = progress.pending if progress.failing else ""
        words = progress.trouble.message if progress.trouble else pending
        held_up = PAUSED if spec.paused else _not_followed(key, words) if words else None
        release = self._configs.release
        return told.then(await release(key, seen.now, servers=spec.servers, held_up=held_up))

    def _observe(self, body: Object, cluster: Cluster, memory: _Memory) -> Observed:
        now, key = datetime.now(UTC), cluster.key
        stateful_set = self._store.get(STATEFUL_SET, key.namespace, cluster.names.stateful_set)
        members = self._pods(key)
        wanted = interpret.wanted(cluster, memory.inventory)
        reports = self._poller.reports(key)
        drifts = interpret.drifts(wanted, reports)
        servers = interpret.servers(members, reports, drifts)
        step = self._step(cluster, memory, stateful_set, servers, now)
        late = Trouble("RolloutTimedOut", step.message) if step.timed_out else None
        return Observed(
            cluster,
            now,
            stateful_set,
            members,
            reports,
            drifts,
            wanted,
            mirror=self._mirror(body, cluster, memory, reports, now),
            step=step,
            trouble=late or interpret.bad_values(cluster) or pods.first_trouble(members, now),
            external=self._external(cluster, members),
            operator_image=self._settings.nameserver_image,
        )

    def _step(
        self,
        cluster: Cluster,
        memory: _Memory,
        stateful_set: Object | None,
        servers: Sequence[Server],
        now: datetime,
    ) -> Step:
        """The next step of the rollout; none before there is a StatefulSet."""
        if stateful_set is None:
            return Step()
        name = cluster.names.disruption_budget
        budget = self._store.get(DISRUPTION_BUDGET, cluster.key.namespace, name)
        gate = interpret.gate(cluster, budget)
        step = rollout.plan(gate, stateful_set, servers, memory.behind, now)
        memory.behind = step.behind
        return step

    def _external(self, cluster: Cluster, members: Sequence[Object]) -> list[str]:
        services = self._store.members(cluster.key, SERVICE)
        return external_services.addresses(cluster, _by_name(services), _by_name(members))

    def _watch(self, cluster: Cluster, memory: _Memory, shown: Mapping[str, Credentials]) -> None:
        wanted = interpret.wanted(cluster, memory.inventory)
        targets = interpret.targets(cluster, self._pods(cluster.key), shown)
        orders = interpret.orders(cluster, wanted, noted=self._noted(cluster, memory))
        self._poller.ensure(cluster.key, targets, orders)

    def _pods(self, key: Key) -> list[Object]:
        found, names = self._store.members(key, POD), Names(*key)
        return [pod for pod in found if names.ordinal(pods.name(pod)) is not None]

    def _mirror(
        self,
        body: Object,
        cluster: Cluster,
        memory: _Memory,
        reports: Mapping[str, Report],
        now: datetime,
    ) -> Mirror:
        before = memory.mirror
        if before is None:
            before = tuple(status.entries(body.get("status", {})))
        shown = {pod: report.view for pod, report in reports.items() if report.view is not None}
        found = views.mirror(before, shown, interpret.limits(cluster), now)
        memory.mirror = found.entries
        return found

    async def _replace_pod(self, body: Object, seen: Observed) -> Progress:
        """Do the rollout's step, if it is one and may be done now.

        What was seen may be seconds old: no server that serves stops while another one is gone.
        """
        pod, cluster = seen.step.delete, seen.cluster
        if pod is None or cluster.spec.paused:
            return Progress()
        if pods.ready(pod) and not await self._poller.still_answer(cluster.key, pods.name(pod)):
            return Progress(again=ASK_AGAIN)
        metrics.API_WRITES.labels("delete").inc()
        try:
            await self._api.delete(POD, pod)
        except KubeError as error:
            return Progress(failure=error) if error.status in OVERTAKEN else not_written(error)
        text = f"replacing pod {pods.name(pod)}: {seen.step.message}"
        await self._recorder.emit(body, "ReplacingPod", text, warning=False)
        if seen.step.passed_over:
            text = f"going on, as rollout.onTimeout is Continue, although {seen.step.passed_over}"
            await self._recorder.emit(body, "RolloutTimedOut", text, warning=True)
        return Progress()

    async def _finish_pending(self, cluster: Cluster, seen: Observed, memory: _Memory) -> Progress:
        """Strike from the inventory what every server was seen without."""
        done = interpret.struck_off(seen, memory.inventory)
        if done == memory.inventory or cluster.spec.paused or not self._noted(cluster, memory):
            return Progress()
        memory.written = Written(done, cluster.kv)
        try:
            await self._children.apply(
                plan.stamped(seed_configmap.build(cluster, done)), memory.applied
            )
        except KubeError as error:
            return not_written(error)
        return Progress()

    async def _tell(self, body: Object, current: Object, memory: _Memory) -> Progress:
        """Write the status if it moved, now or when a write that is put off is due."""
        previous, now = body.get("status", {}), datetime.now(UTC)
        patch = status.patch(previous, current)
        if patch is None:
            return Progress()
        urgent = any(previous.get(name) != current.get(name) for name in URGENT)
        since = (now - memory.status_written).total_seconds() if memory.status_written else 60
        if since < STATUS_INTERVAL and not urgent:
            return Progress(again=STATUS_INTERVAL - since)
        memory.status_written = now
        await self._statuses.tell(body, current, patch)
        return Progress()

    async def _tell_failure(self, body: Object, progress: Progress, memory: _Memory) -> None:
        """Once when writes begin to fail; the status has the words for as long as they do."""
        if progress.failing and not memory.failing:
            await self._recorder.emit(body, "ApplyFailed", progress.pending, warning=True)
        memory.failing = progress.failing

    async def _announce(self, body: Object, cluster: Cluster) -> Object:
        """The first status, before any child exists, so that nobody takes silence for health."""
        text = "the operator has seen this object and creates its children"
        found = [Condition("Ready", False, "Creating", text)]
        found.append(Condition("Reconciling", True, "Creating", text))
        first = {
            "observedGeneration": cluster.generation,
            "phase": "Pending",
            "message": text,
            "conditions": to_status(found, (), cluster.generation, datetime.now(UTC)),
        }
        return await self._statuses.write(body, first)


def _no_cluster(key: Key) -> Trouble:
    text = f"there is no {CLUSTER.name} {key}; make it, or correct spec.clusterRef in a new object"
    return Trouble("ClusterNotFound", text)


def _not_followed(key: Key, words: str) -> Trouble:
    text = f"nothing is changed for {CLUSTER.name} {key} until this is mended: {words}"
    return Trouble("ClusterNotFollowed", text)


def _by_name(objects: Sequence[Object]) -> dict[str, Object]:
    return {obj["metadata"]["name"]: obj for obj in objects}
