"""One pass over one cluster: observe, apply what differs, take one step, tell the status."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler import (
    interpret,
    metrics,
    plan,
    pods,
    rollout,
    status,
    sync,
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
    VOLUME_CLAIM,
    Key,
    Object,
)
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.children import REFUSALS, Children, Progress
from rocketmq_operator.reconciler.kube.events import Recorder
from rocketmq_operator.reconciler.kube.kvconfigs import KvConfigs
from rocketmq_operator.reconciler.kube.statuses import Statuses
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.kube.tlssecrets import TlsSecrets
from rocketmq_operator.reconciler.names import CLUSTER_LABEL, Names
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
from rocketmq_operator.reconciler.transitions import transitions
from rocketmq_operator.reconciler.views import Entry, Mirror
from rocketmq_operator.reconciler.wire.poller import Poller

log = logging.getLogger(__name__)

STATUS_INTERVAL: Final = 1.0
"""Seconds between two status writes of one cluster, unless something urgent moved."""

API_PAUSE: Final = 30.0
"""Seconds until another attempt at objects that the cluster has no API for."""
ASK_AGAIN: Final = 5.0
"""Seconds until another attempt at children that others stand in the way of."""

URGENT: Final = ("phase", "ready", "brokersOnline")
"""What people wait for: written at once."""


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """What an operator brings along: its default image of the servers, and where it runs."""

    nameserver_image: str
    namespace: str


@dataclass
class _Memory:
    """What is known of a cluster beside what the API keeps."""

    uid: str
    applied: dict[plan.Child, plan.Applied] = field(default_factory=dict)
    mirror: tuple[Entry, ...] | None = None
    written: Written | None = None
    status_written: datetime | None = None
    grown: tuple[str, int] | None = None
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
        self._configs = KvConfigs(api, store, recorder)
        self._children = Children(api, store)
        self._statuses = Statuses(api, store)
        self._memories: dict[Key, _Memory] = {}

    async def close(self) -> None:
        """End the connections to all servers."""
        await self._poller.close()

    async def reconcile(self, key: Key) -> float | None:
        """Make one pass; seconds until time alone makes another one useful, or None."""
        body = self._store.cluster(key)
        if body is None or "deletionTimestamp" in body["metadata"]:
            self._poller.forget(key)
            self._secrets.forget(key)
            self._memories.pop(key, None)
            await self._configs.without_cluster(key, _no_cluster(key), gone=True)
            return None
        memory = self._memories.get(key)
        if memory is None or memory.uid != body["metadata"]["uid"]:
            memory = self._memories[key] = _Memory(body["metadata"]["uid"])
        try:
            cluster = parse(body, self._default_image(body, key))
            division = await self._configs.divide(cluster, self._written(cluster, memory))
            cluster = msgspec.structs.replace(cluster, delegated=division.delegated)
            children = desired(cluster, self._circumstances(cluster, memory))
        except SpecError as error:
            return await self._reject(body, error)
        if not body.get("status", {}).get("observedGeneration"):
            body = await self._announce(body, cluster)
        return await self._advance(body, cluster, division, children, memory)

    async def _advance(
        self,
        body: Object,
        cluster: Cluster,
        division: Division,
        children: list[Object],
        memory: _Memory,
    ) -> float | None:
        progress = Progress()
        if not cluster.spec.paused:
            await self._configs.hold(division)
            progress = await self._children.write(body, children, memory.applied)
        trouble = progress.trouble or await self._grow_claims(cluster, memory)
        shown = await self._secrets.credentials(cluster)
        if isinstance(shown, Trouble):
            trouble = trouble or shown
        trouble = trouble or await self._secrets.trouble_with_clients(cluster)
        used = interpret.tls_secrets(self._pods(cluster))
        self._watch(cluster, memory, await self._secrets.of_pods(cluster, used))
        seen = self._observe(body, cluster, memory, trouble, progress.pending)
        notes = [*progress.notes, *division.notes]
        seen = replace(seen, division=division, notes=notes, reasons=progress.reasons)
        replaced = await self._replace_pod(body, seen)
        if not cluster.spec.paused:
            await self._finish_pending(cluster, seen, memory)
        wait = await self._tell(body, seen, memory)
        told = await self._tell_configs(seen, memory)
        again = (
            ASK_AGAIN if trouble or progress.pending else API_PAUSE if progress.missing else None
        )
        return _soonest(
            wait,
            told,
            again,
            seen.step.recheck,
            None if replaced else ASK_AGAIN,
            pods.next_change(seen.pods, seen.now),
            seen.mirror.next_change(interpret.limits(cluster), seen.now),
        )

    async def _grow_claims(self, cluster: Cluster, memory: _Memory) -> Trouble | None:
        """Ask for more where volumes are smaller than wanted; templates cannot say it."""
        storage, key = cluster.spec.storage, cluster.key
        if storage is None or claims.same_size(storage.size, self._claim_size(cluster)):
            return None
        state = (str(storage.size), len(self._pods(cluster)))
        if memory.grown == state:
            return None
        pages = self._api.pages(VOLUME_CLAIM, key.namespace, f"{CLUSTER_LABEL}={key.name}")
        live = [claim async for page, _ in pages for claim in page]
        try:
            for name, size in claims.to_grow(cluster, live).items():
                metrics.API_WRITES.labels("claim").inc()
                patch = {"spec": {"resources": {"requests": {"storage": size}}}}
                await self._api.merge(VOLUME_CLAIM, key.namespace, name, patch)
        except KubeError as error:
            if error.status not in REFUSALS:
                raise
            return Trouble("VolumeNotGrown", str(error))
        memory.grown = state
        return None

    def _default_image(self, body: Object, key: Key) -> str:
        live = self._store.get(STATEFUL_SET, key.namespace, Names(*key).stateful_set)
        return default_image.resolve(body, live, self._settings.nameserver_image)

    def _circumstances(self, cluster: Cluster, memory: _Memory) -> Circumstances:
        inventory = self._inventory(cluster, memory)
        return Circumstances(inventory, self._claim_size(cluster), self._settings.namespace)

    def _claim_size(self, cluster: Cluster) -> str | None:
        names = cluster.names
        live = self._store.get(STATEFUL_SET, cluster.key.namespace, names.stateful_set)
        return claims.template_size(live)

    def _written(self, cluster: Cluster, memory: _Memory) -> Written:
        """From the live seed; from memory where somebody deleted it."""
        seed = self._store.get(CONFIG_MAP, cluster.key.namespace, cluster.names.seed)
        if seed is not None or memory.written is None:
            memory.written = seed_configmap.read(seed)
        return memory.written

    def _inventory(self, cluster: Cluster, memory: _Memory) -> Inventory:
        inventory = memory.inventory.following(cluster)
        memory.written = Written(inventory, cluster.kv)
        return inventory

    async def _tell_configs(self, seen: Observed, memory: _Memory) -> float | None:
        told = await self._configs.tell(seen, memory.inventory)
        return _soonest(told, await self._configs.release(seen))

    def _observe(
        self,
        body: Object,
        cluster: Cluster,
        memory: _Memory,
        trouble: Trouble | None,
        pending: str,
    ) -> Observed:
        now, key = datetime.now(UTC), cluster.key
        stateful_set = self._store.get(STATEFUL_SET, key.namespace, cluster.names.stateful_set)
        members = self._pods(cluster)
        wanted = interpret.wanted(cluster, memory.inventory)
        reports = self._poller.reports(key)
        drifts = interpret.drifts(wanted, reports)
        servers = interpret.servers(members, reports, drifts)
        step = self._step(cluster, memory, stateful_set, servers, now)
        if step.timed_out and trouble is None:
            trouble = Trouble("RolloutTimedOut", step.message)
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
            trouble=trouble or interpret.bad_values(cluster) or pods.first_trouble(members, now),
            pending=pending,
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
        targets = interpret.targets(cluster, self._pods(cluster), shown)
        self._poller.ensure(cluster.key, targets, interpret.orders(cluster, wanted))

    def _pods(self, cluster: Cluster) -> list[Object]:
        found = self._store.members(cluster.key, POD)
        return [pod for pod in found if cluster.names.ordinal(pods.name(pod)) is not None]

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

    async def _replace_pod(self, body: Object, seen: Observed) -> bool:
        """Do the rollout's step, if it is one; False where it must wait.

        What was seen may be seconds old: no server that serves stops while another one is gone.
        """
        pod, cluster = seen.step.delete, seen.cluster
        if pod is None or cluster.spec.paused:
            return True
        if pods.ready(pod) and not await self._poller.still_answer(cluster.key, pods.name(pod)):
            return False
        metrics.API_WRITES.labels("delete").inc()
        await self._api.delete(POD, pod)
        text = f"replacing pod {pods.name(pod)}: {seen.step.message}"
        await self._recorder.emit(body, "ReplacingPod", text, warning=False)
        if seen.step.passed_over:
            text = f"going on, as rollout.onTimeout is Continue, although {seen.step.passed_over}"
            await self._recorder.emit(body, "RolloutTimedOut", text, warning=True)
        return True

    async def _finish_pending(self, cluster: Cluster, seen: Observed, memory: _Memory) -> None:
        """Strike from the inventory what every server was seen without."""
        inventory = memory.inventory
        if seen.silent or not seen.drifts or seen.trouble:
            return
        done_kv = sync.absent_everywhere(
            inventory.kv_pending_delete, [r.held for r in seen.reports.values() if r.held]
        )
        left = set().union(*(drift.config for drift in seen.drifts.values()))
        done = inventory.with_pending_done(done_kv, inventory.namesrv_config_pending_reset - left)
        if done == inventory:
            return
        memory.written = Written(done, cluster.kv)
        seed = seed_configmap.build(cluster, done)
        await self._children.apply(plan.stamped(seed), memory.applied)

    async def _tell(self, body: Object, seen: Observed, memory: _Memory) -> float | None:
        """Write the status if it moved; seconds until a write that was put off is due."""
        previous = body.get("status", {})
        current = status.build(seen, previous)
        patch = status.patch(previous, current)
        if patch is None:
            return None
        urgent = any(previous.get(name) != current.get(name) for name in URGENT)
        since = (seen.now - memory.status_written).total_seconds() if memory.status_written else 60
        if since < STATUS_INTERVAL and not urgent:
            return STATUS_INTERVAL - since
        memory.status_written = seen.now
        await self._statuses.write(body, patch)
        for event in transitions(previous, current):
            await self._recorder.emit(body, event.reason, event.message, warning=event.warning)
        return None

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

    async def _reject(self, body: Object, error: SpecError) -> float | None:
        """A spec that cannot be followed: say so, and leave everything as it is."""
        previous, generation = body.get("status", {}), body["metadata"].get("generation", 0)
        key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
        await self._configs.without_cluster(key, _not_followed(key, error), gone=False)
        reason = "KVTooLarge" if error.reason.startswith("KVTooLarge") else "InvalidSpec"
        found = [Condition("Ready", False, reason, str(error))]
        found.append(Condition("Stalled", True, reason, str(error)))
        known = previous.get("conditions", ())
        rejected = {
            **previous,
            "observedGeneration": generation,
            "phase": "Degraded" if previous.get("readyReplicas") else "Failed",
            "message": str(error),
            "conditions": to_status(found, known, generation, datetime.now(UTC)),
        }
        patch = status.patch(previous, rejected)
        if patch is not None:
            await self._statuses.write(body, patch)
            await self._recorder.emit(body, reason, str(error), warning=True)
        return None


def _no_cluster(key: Key) -> Trouble:
    text = f"there is no {CLUSTER.name} {key}; make it, or correct spec.clusterRef in a new object"
    return Trouble("ClusterNotFound", text)


def _not_followed(key: Key, error: SpecError) -> Trouble:
    text = f"nothing is changed for {CLUSTER.name} {key} until its own spec is mended: {error}"
    return Trouble("ClusterNotFollowed", text)


def _by_name(objects: Sequence[Object]) -> dict[str, Object]:
    return {obj["metadata"]["name"]: obj for obj in objects}


def _soonest(*waits: float | None) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)
