"""``status`` of a NameServerKVConfig, whole, from what was observed of its cluster."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rocketmq_operator.reconciler import conditions, pods
from rocketmq_operator.reconciler.conditions import Condition
from rocketmq_operator.reconciler.delegation import MAX_REFUSED, Conflict, Share
from rocketmq_operator.reconciler.kinds import Key, Object
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.resources.inventory import Written
from rocketmq_operator.reconciler.spec import ORDER_TOPICS
from rocketmq_operator.reconciler.status import filled, table_hash
from rocketmq_operator.reconciler.sync import KvKey
from rocketmq_operator.reconciler.timestamps import to_text

MAX_CONFLICTS: Final = 32
CARRIED: Final = ("keys", "hash", "lastSyncTime")
"""What stays true of the last time that the entries were written."""


def build(share: Share, seen: Observed, noted: Written, body: Object) -> Object:
    """The status to show; ``body`` is the object in the API, ``noted`` what the live seed has."""
    previous, synced = body.get("status", {}), _in_sync(share, seen)
    hashed = table_hash(share.entries)
    status: Object = {
        "cluster": str(seen.cluster.key),
        "kvNamespace": share.kv_namespace,
        "keys": len(share.entries),
        "hash": hashed,
        "synced": f"{len(synced)}/{seen.cluster.spec.servers}",
        "pendingDeletes": len(noted.inventory.kv_pending_delete.get(share.kv_namespace, ())),
        "conflicts": [_told(conflict) for conflict in share.conflicts[:MAX_CONFLICTS]],
    }
    complete = len(synced) == seen.cluster.spec.servers > 0
    same = previous.get("hash") == hashed and previous.get("lastSyncTime")
    if complete or same:
        status["lastSyncTime"] = previous["lastSyncTime"] if same else to_text(seen.now)
    return _whole(status, _conditions(share, seen, noted, synced), body, seen.now)


def without_cluster(key: Key, trouble: Trouble, body: Object, now: datetime) -> Object:
    """The status where nothing can be done for lack of a cluster that follows."""
    known = {"cluster": str(key), "kvNamespace": body["spec"].get("kvNamespace", ORDER_TOPICS)}
    kept = {name: part for name, part in body.get("status", {}).items() if name in CARRIED}
    return _whole({**known, **kept}, _troubled(trouble), body, now)


def _told(conflict: Conflict) -> Object:
    return {name: part for name, part in conflict.to_status().items() if name != "kvNamespace"}


def _whole(status: Object, found: Sequence[Condition], body: Object, now: datetime) -> Object:
    generation = body["metadata"].get("generation", 0)
    before = body.get("status", {}).get("conditions", ())
    listed = conditions.to_status(found, before, generation, now)
    return {"observedGeneration": generation, **filled(status), "conditions": listed}


def _conditions(
    share: Share, seen: Observed, noted: Written, synced: Sequence[str]
) -> list[Condition]:
    if share.trouble:
        return [*_troubled(share.trouble), *_conflict(share)]
    ready = _ready(share, seen, noted, synced)
    found = [ready]
    if not ready.holds and ready.reason in {"Syncing", "ServersNotAnswering"}:
        found.append(Condition("Reconciling", True, ready.reason, ready.message))
    return [*found, *_conflict(share)]


def _troubled(trouble: Trouble) -> list[Condition]:
    return [Condition("Ready", False, *trouble), Condition("Stalled", True, *trouble)]


def _conflict(share: Share) -> list[Condition]:
    if not share.conflicts:
        return []
    first, count = share.conflicts[0], len(share.conflicts)
    text = (
        f"{count} keys are asked for by others as well, the first is {first.key.key}: it has the "
        f"value of {first.owner}, not that of {', '.join(first.refused[:MAX_REFUSED])}"
    )
    return [Condition("Conflict", True, "KeysContested", text)]


def _ready(share: Share, seen: Observed, noted: Written, synced: Sequence[str]) -> Condition:
    servers, keys = seen.cluster.spec.servers, len(share.entries)
    if share.config.spec.paused and share.config.spec.table != share.entries:
        text = "spec.paused: what was changed since is not applied"
        return Condition("Ready", False, "Paused", text)
    if not servers:
        return _suspended(share, seen, noted)
    differs = _differing(share, seen)
    if differs:
        pod, key = next(iter(differs.items()))
        return Condition("Ready", False, _reason(share, seen), f"{pod} differs in {key.key}")
    if len(synced) < servers:
        text = f"{len(synced)} of {servers} servers were read"
        return Condition("Ready", False, "ServersNotAnswering", text)
    return Condition("Ready", True, "Synced", f"{keys} keys are on {servers} servers")


def _suspended(share: Share, seen: Observed, noted: Written) -> Condition:
    keys = len(share.entries)
    if noted.entries(share.config.id) == share.entries:
        text = f"no server runs, as the cluster is suspended; {keys} keys wait in its seed"
        return Condition("Ready", True, "ClusterSuspended", text)
    reason = "ClusterPaused" if seen.cluster.spec.paused else "Syncing"
    text = f"the seed of the suspended cluster does not have these {keys} keys yet"
    return Condition("Ready", False, reason, text)


def _reason(share: Share, seen: Observed) -> str:
    if seen.cluster.spec.paused:
        return "ClusterPaused"
    keys = (KvKey(share.kv_namespace, key) for key in share.entries)
    return "Drifted" if any(map(seen.wanted.reports, keys)) else "Syncing"


def _differing(share: Share, seen: Observed) -> dict[str, KvKey]:
    """The first entry that differs, by pod."""
    mine = {KvKey(share.kv_namespace, key) for key in share.entries}
    found = {pod: mine.intersection(drift.kv) for pod, drift in seen.drifts.items()}
    return {pod: min(keys) for pod, keys in sorted(found.items()) if keys}


def _in_sync(share: Share, seen: Observed) -> list[str]:
    differs = _differing(share, seen)
    return [
        name
        for pod in seen.staying
        if (name := pods.name(pod)) in seen.drifts and name not in differs
    ]
