"""NameServerKVConfigs in the API: their division, their statuses, their finalizers."""

import asyncio
import math
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from rocketmq_operator.reconciler import delegation, kvconfig, kvstatus, metrics, status
from rocketmq_operator.reconciler.delegation import Division
from rocketmq_operator.reconciler.kinds import CONFIG_MAP, KV_CONFIG, NAMESPACE, Key, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.events import Recorder
from rocketmq_operator.reconciler.kube.progress import (
    ASK_AGAIN,
    AWAY,
    OVERTAKEN,
    Progress,
    attempt,
    soonest,
    untold,
)
from rocketmq_operator.reconciler.kube.statuses import Statuses
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.kvconfig import FINALIZER, KvConfig
from rocketmq_operator.reconciler.names import Names
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.resources import seed_configmap
from rocketmq_operator.reconciler.resources.inventory import EMPTY, Inventory, Written
from rocketmq_operator.reconciler.spec import Cluster
from rocketmq_operator.reconciler.timestamps import from_text

LABELS_AGE: Final = 30.0
"""Seconds after which the labels of a namespace are asked for again."""
PATIENCE: Final = 30.0
"""Seconds that a deleted object stays for the sake of servers that do not answer."""
PAUSED: Final = Trouble(
    "ClusterPaused",
    "the cluster is paused (spec.paused); the entries are removed, and this object with them, once "
    "it goes on",
)
HOLDING: Final = 10.0
"""Seconds after which a pass begins to hold no further object, as others wait for it."""
SLOW: Final = "the API server is slow"
PASSING: Final = frozenset({"NamespaceNotRead", "NotHeld"})
"""Reasons that may pass without a change of what is watched."""
LET_GO: Final = f"remove the finalizer {FINALIZER} to leave the entries where they are"

Labels = dict[str, str]


class KvConfigs:
    """Reads and answers the NameServerKVConfigs of clusters."""

    def __init__(self, api: KubeApi, store: Store, recorder: Recorder) -> None:
        self._api = api
        self._store = store
        self._statuses = Statuses(api, store, recorder)
        self._labels: dict[str, tuple[float, Labels | Trouble]] = {}

    async def divide(self, cluster: Cluster, written: Written) -> Division:
        """What each object of a cluster gets; who takes keys along at its end is held before.

        One that cannot be held keeps what it had, and so does one of whose namespace nothing is
        known. Raises KubeError where the API is away, or an object is another one by now.
        """
        refused: dict[str, Trouble] = {}
        while True:
            configs = [kvconfig.read(body) for body in self._bodies(cluster.key)]
            labels = await self._labels_for(cluster, configs, refused)
            division = delegation.divide(cluster, configs, written, labels, refused)
            unheld = {} if cluster.spec.paused else await self._hold(division, refused)
            if not unheld:
                return division
            refused |= unheld

    async def _hold(self, division: Division, refused: Collection[str]) -> dict[str, Trouble]:
        """See to it that objects whose keys go with them stay until that is noted down.

        Those for which that is refused come back: their new keys would outlive them.
        """
        unheld, clock = {}, asyncio.get_running_loop()
        until = clock.time() + HOLDING
        for config, wanted in _to_hold(division, refused):
            late = clock.time() > until
            why = SLOW if late else await self._not_held(config, present=wanted)
            if why:
                text = f"finalizer {FINALIZER} cannot be written, so the entries stay as they are"
                unheld[config.id] = Trouble("NotHeld", f"{text}: {why}")
        return unheld

    async def _not_held(self, config: KvConfig, *, present: bool) -> str:
        """Why the finalizer cannot be written, or "" once it is."""
        try:
            await self._set_finalizers(config, present=present)
        except KubeError as error:
            if error.reason in AWAY or error.status in OVERTAKEN:
                raise
            return str(error)
        return ""

    async def tell(self, seen: Observed) -> Progress:
        """Write the statuses that moved."""
        asking = seen.division.shares and delegation.asks_for_labels(seen.cluster)
        troubles = {share.trouble.reason for share in seen.division.shares if share.trouble}
        waits = [LABELS_AGE] * bool(asking) + [ASK_AGAIN] * bool(troubles & PASSING)
        progress, noted = Progress(again=soonest(*waits)), self._noted(seen.cluster.key)
        for share in seen.division.shares:
            body = self._body(share.config)
            if body is not None:
                current = kvstatus.build(share, seen, noted, body)
                progress = progress.then(await attempt(self._write(body, current), untold))
        return progress

    async def release(
        self, key: Key, now: datetime, *, servers: int, held_up: Trouble | None = None
    ) -> Progress:
        """Let deleted objects go whose keys are gone, or noted down if servers do not answer.

        What counts is the live seed; ``held_up`` says why nothing is noted down in it now.
        """
        leaving, progress = self._leaving(key), Progress()
        inventory = self._noted(key).inventory if leaving else EMPTY
        for config in leaving:
            waited = (now - from_text(config.deleted)).total_seconds()
            noted = config.id not in inventory.delegated
            gone = not _pending(config, inventory)
            hopeless = not servers or waited >= PATIENCE
            if not config.deletes or (noted and (gone or hopeless)):
                step = self._set_finalizers(config, present=False)
                progress = progress.then(await attempt(step, untold))
            elif noted:
                progress = progress.then(Progress(again=PATIENCE - waited))
            elif held_up:
                step = self._excuse(config, key, held_up)
                progress = progress.then(await attempt(step, untold))
        return progress

    async def without_cluster(self, key: Key, trouble: Trouble, *, gone: bool) -> Progress:
        """Tell objects that their cluster follows nothing; none stays for one that is gone."""
        progress = Progress()
        for config in self._leaving(key) if gone else ():
            step = self._set_finalizers(config, present=False)
            progress = progress.then(await attempt(step, untold))
        for config in map(kvconfig.read, self._bodies(key)):
            if not config.deleted:
                step = self._excuse(config, key, trouble)
                progress = progress.then(await attempt(step, untold))
        return progress

    def _noted(self, key: Key) -> Written:
        """What the live seed has."""
        return seed_configmap.read(self._store.get(CONFIG_MAP, key.namespace, Names(*key).seed))

    def _leaving(self, key: Key) -> list[KvConfig]:
        configs = map(kvconfig.read, self._bodies(key))
        return [config for config in configs if config.deleted and config.held]

    def _bodies(self, key: Key) -> Sequence[Object]:
        return self._store.members(key, KV_CONFIG)

    def _body(self, config: KvConfig) -> Object | None:
        return self._store.get(KV_CONFIG, *config.key)

    async def _excuse(self, config: KvConfig, key: Key, trouble: Trouble) -> Progress:
        body = self._body(config)
        if config.deleted:
            trouble = trouble._replace(message=f"{trouble.message}; {LET_GO}")
        if body is None:
            return Progress()
        now = datetime.now(UTC)
        return await self._write(body, kvstatus.without_cluster(key, trouble, body, now))

    async def _set_finalizers(self, config: KvConfig, *, present: bool) -> Progress:
        body = self._body(config)
        if body is None:
            return Progress()
        metadata = body["metadata"]
        others = [name for name in metadata.get("finalizers", ()) if name != FINALIZER]
        finalizers = [*others, FINALIZER] if present else others
        metrics.API_WRITES.labels("finalizer").inc()
        version = metadata["resourceVersion"]
        patch = {"metadata": {"resourceVersion": version, "finalizers": finalizers}}
        answer = await self._api.merge(KV_CONFIG, *config.key, patch)
        if present or others or not config.deleted:
            self._store.put(KV_CONFIG, answer)
        return Progress()

    async def _write(self, body: Object, current: Object) -> Progress:
        patch = status.patch(body.get("status", {}), current)
        if patch is not None:
            await self._statuses.tell(body, current, patch)
        return Progress()

    async def _labels_for(
        self, cluster: Cluster, configs: Iterable[KvConfig], refused: dict[str, Trouble]
    ) -> dict[str, Labels]:
        """Those of the namespaces of all objects, if they matter; who has none is ``refused``."""
        labels: dict[str, Labels] = {}
        for config in configs if delegation.asks_for_labels(cluster) else ():
            found = await self._labels_of(config.key.namespace)
            if isinstance(found, Trouble):
                refused[config.id] = found
            else:
                labels[config.key.namespace] = found
        return labels

    async def _labels_of(self, namespace: str) -> Labels | Trouble:
        """What was read last goes on to hold, unless it may not be read any more."""
        asked, known = self._labels.get(namespace, (-math.inf, None))
        if known is not None and time.monotonic() - asked < LABELS_AGE:
            return known
        try:
            body = await self._api.get(NAMESPACE, None, namespace)
        except KubeError as error:
            if error.reason in AWAY:
                raise
            if error.status != 403 and isinstance(known, dict):
                return known
            text = f"the labels of namespace {namespace} decide, and cannot be read: {error}"
            found: Labels | Trouble = Trouble("NamespaceNotRead", text)
        else:
            found = dict((body or {}).get("metadata", {}).get("labels", {}))
        self._labels[namespace] = time.monotonic(), found
        return found


def _to_hold(division: Division, refused: Collection[str]) -> Iterator[tuple[KvConfig, bool]]:
    """Objects whose finalizer is not as it shall be, and whether it shall be there."""
    for share in division.shares:
        config = share.config
        wanted = config.deletes and (config.held or bool(share.entries))
        if config.held != wanted and config.id not in refused:
            yield config, wanted


def _pending(config: KvConfig, inventory: Inventory) -> Iterable[str]:
    keys = inventory.kv_pending_delete.get(config.spec.kv_namespace, frozenset())
    return keys.intersection(config.spec.table)
