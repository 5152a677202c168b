"""One pass over one cluster: observe, apply what differs, take one step, tell the status."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler import interpret, kinds, metrics, plan, pods, status, sync, views
from rocketmq_operator.reconciler.conditions import Condition, to_status
from rocketmq_operator.reconciler.kinds import (
    CLUSTER,
    CONFIG_MAP,
    POD,
    STATEFUL_SET,
    VOLUME_CLAIM,
    Key,
    Object,
)
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.events import Recorder
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.names import CLUSTER_LABEL
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.reports import Report
from rocketmq_operator.reconciler.resources import claims, desired, seed_configmap
from rocketmq_operator.reconciler.resources.inventory import Inventory
from rocketmq_operator.reconciler.spec import Cluster, parse
from rocketmq_operator.reconciler.sync import Wanted
from rocketmq_operator.reconciler.transitions import transitions
from rocketmq_operator.reconciler.views import Entry, Mirror
from rocketmq_operator.reconciler.wire.poller import Poller
from rocketmq_operator.reconciler.wire.session import Orders

log = logging.getLogger(__name__)

STATUS_INTERVAL: Final = 1.0
"""Seconds between two status writes of one cluster, unless something urgent moved."""

ASK_AGAIN: Final = 5.0
"""Seconds until another attempt at children that others stand in the way of."""

URGENT: Final = ("phase", "ready", "brokersOnline")
"""What people wait for: written at once."""

REFUSALS: Final = frozenset({400, 403, 413, 422})
"""Answers of the API server that will not change by asking again."""


@dataclass
class _Memory:
    """What is known of a cluster beside what the API keeps."""

    uid: str
    applied: dict[plan.Child, plan.Applied] = field(default_factory=dict)
    mirror: tuple[Entry, ...] | None = None
    inventory: Inventory | None = None
    status_written: datetime | None = None
    grown: tuple[str, int] | None = None


class Reconciler:
    """Brings clusters to what they should be; one call per key at a time."""

    def __init__(
        self,
        api: KubeApi,
        store: Store,
        poller: Poller,
        recorder: Recorder,
        default_image: str,
    ) -> None:
        self._api = api
        self._store = store
        self._poller = poller
        self._recorder = recorder
        self._default_image = default_image
        self._memories: dict[Key, _Memory] = {}

    async def close(self) -> None:
        """End the connections to all servers."""
        await self._poller.close()

    async def reconcile(self, key: Key) -> float | None:
        """Make one pass; seconds until time alone makes another one useful, or None."""
        body = self._store.cluster(key)
        if body is None or "deletionTimestamp" in body["metadata"]:
            self._poller.forget(key)
            self._memories.pop(key, None)
            return None
        memory = self._memories.get(key)
        if memory is None or memory.uid != body["metadata"]["uid"]:
            memory = self._memories[key] = _Memory(body["metadata"]["uid"])
        try:
            cluster = parse(body, self._default_image)
            inventory = self._inventory(cluster, memory)
            children = desired(cluster, inventory, self._claim_size(cluster))
        except SpecError as error:
            return await self._reject(body, error)
        if not body.get("status"):
            body = await self._announce(body, cluster)
        return await self._advance(body, cluster, children, memory)

    async def _advance(
        self, body: Object, cluster: Cluster, children: list[Object], memory: _Memory
    ) -> float | None:
        trouble, pending = None, ""
        if not cluster.spec.paused:
            trouble, pending = await self._apply(body, cluster, children, memory)
            trouble = trouble or await self._grow_claims(cluster, memory)
        seen = self._observe(body, cluster, memory, trouble, pending)
        if seen.step.delete is not None and not cluster.spec.paused:
            await self._replace_pod(body, seen.step.delete, seen.step.message)
        if not cluster.spec.paused:
            await self._finish_pending(cluster, seen, memory)
        wait = await self._tell(body, seen, memory)
        again = ASK_AGAIN if trouble or pending else None
        return _soonest(
            wait,
            again,
            seen.step.recheck,
            seen.mirror.next_change(interpret.limits(cluster), seen.now),
        )

    async def _apply(
        self, body: Object, cluster: Cluster, children: list[Object], memory: _Memory
    ) -> tuple[Trouble | None, str]:
        """Write the children that differ; what needs a person, and what is under way."""
        live = await self._live(cluster, children)
        todo = plan.changes(body, children, live, memory.applied)
        if todo.taken:
            names = ", ".join(f"{child.kind} {child.name}" for child in todo.taken)
            text = f"{names} exists and belongs to somebody else; remove it or rename the cluster"
            return Trouble("NameTaken", text), ""
        try:
            for obj in todo.apply:
                await self._apply_child(obj, memory)
            for obj in todo.delete:
                metrics.API_WRITES.labels("delete").inc()
                await self._api.delete(kinds.of(obj), obj)
        except KubeError as error:
            if error.status not in REFUSALS:
                raise
            return Trouble("ApplyRefused", str(error)), ""
        leaving = ", ".join(f"{child.kind} {child.name}" for child in todo.leaving)
        return None, f"waiting for the removal of the former {leaving}" if leaving else ""

    async def _apply_child(self, obj: Object, memory: _Memory) -> None:
        metrics.API_WRITES.labels("apply").inc()
        answer = await self._api.apply(kinds.of(obj), obj)
        self._store.put(kinds.of(obj), answer)
        memory.applied[plan.child_of(obj)] = plan.applied_as(obj, answer)

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

    def _claim_size(self, cluster: Cluster) -> str | None:
        names = cluster.names
        live = self._store.get(STATEFUL_SET, cluster.key.namespace, names.stateful_set)
        return claims.template_size(live)

    async def _live(self, cluster: Cluster, children: Sequence[Object]) -> list[Object]:
        """The children as cached; one that the cache lacks is asked for, as others may own it."""
        found = {
            plan.child_of(obj): obj
            for kind in kinds.CHILDREN
            for obj in self._store.members(cluster.key, kind)
        }
        for obj in children:
            if plan.child_of(obj) not in found:
                kind = kinds.of(obj)
                stranger = await self._api.get(kind, cluster.key.namespace, obj["metadata"]["name"])
                if stranger is not None:
                    found[plan.child_of(obj)] = stranger
        return list(found.values())

    def _inventory(self, cluster: Cluster, memory: _Memory) -> Inventory:
        """From the live seed; from memory where somebody deleted it."""
        seed = self._store.get(CONFIG_MAP, cluster.key.namespace, cluster.names.seed)
        if seed is not None or memory.inventory is None:
            memory.inventory = seed_configmap.read_inventory(seed)
        memory.inventory = memory.inventory.following(cluster.spec)
        return memory.inventory

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
        wanted = interpret.wanted(cluster, memory.inventory or Inventory())
        self._poller.ensure(key, interpret.targets(cluster, members), _orders(cluster, wanted))
        reports = self._poller.reports(key)
        drifts = interpret.drifts(wanted, reports)
        step = interpret.step(cluster, stateful_set, members, reports, drifts, now)
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
            self._mirror(body, cluster, memory, reports, now),
            step,
            trouble or interpret.bad_values(cluster) or pods.first_trouble(members),
            pending,
        )

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

    async def _replace_pod(self, body: Object, pod: Object, why: str) -> None:
        metrics.API_WRITES.labels("delete").inc()
        await self._api.delete(POD, pod)
        text = f"replacing pod {pods.name(pod)}: {why}"
        await self._recorder.emit(body, "ReplacingPod", text, warning=False)

    async def _finish_pending(self, cluster: Cluster, seen: Observed, memory: _Memory) -> None:
        """Strike from the inventory what every server was seen without."""
        inventory = memory.inventory
        if inventory is None or seen.silent or not seen.drifts or seen.trouble:
            return
        done_kv = sync.absent_everywhere(
            inventory.kv_pending_delete, [r.held for r in seen.reports.values() if r.held]
        )
        left = set().union(*(drift.config for drift in seen.drifts.values()))
        done = inventory.with_pending_done(done_kv, inventory.namesrv_config_pending_reset - left)
        if done == inventory:
            return
        memory.inventory = done
        seed = seed_configmap.build(cluster, done)
        await self._apply_child(plan.stamped(seed), memory)

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
        await self._write_status(body, patch)
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
        return await self._write_status(body, first)

    async def _reject(self, body: Object, error: SpecError) -> float | None:
        """A spec that cannot be followed: say so, and leave everything as it is."""
        previous, generation = body.get("status", {}), body["metadata"].get("generation", 0)
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
            await self._write_status(body, patch)
            await self._recorder.emit(body, reason, str(error), warning=True)
        return None

    async def _write_status(self, body: Object, patch: Object) -> Object:
        metadata = body["metadata"]
        metrics.API_WRITES.labels("status").inc()
        fenced = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": patch}
        answer = await self._api.patch_status(
            CLUSTER, metadata["namespace"], metadata["name"], fenced
        )
        self._store.put(CLUSTER, answer)
        return answer


def _orders(cluster: Cluster, wanted: Wanted) -> Orders:
    spec = cluster.spec
    return Orders(
        wanted,
        spec.brokers.probe_interval_seconds,
        spec.drift.interval_seconds,
        spec.brokers.stale_after_seconds,
        writable=not spec.paused,
    )


def _soonest(*waits: float | None) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)
