"""``status`` of a NameServerCluster, whole, from what was observed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rocketmq_operator import __version__
from rocketmq_operator.reconciler import conditions, health, pods
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CONTAINER, Names
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.reports import Report
from rocketmq_operator.reconciler.spec import ClusterSpec, Flavor, Mirror
from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.views import BrokerId, Entry, ServerView, State
from rocketmq_operator.reconciler.wording import cut

LISTED_KEYS: Final = 16
MAX_CLUSTERS: Final = 64
MAX_KV_NAMESPACES: Final = 64
MAX_REASON: Final = 256
MAX_TEXT: Final = 1024


def build(seen: Observed, previous: Object) -> Object:
    """The status to show; ``previous`` is the one in the API, for what must be carried on."""
    spec, names = seen.cluster.spec, seen.cluster.names
    generation = seen.cluster.generation
    found = conditions.to_status(
        health.conditions(seen), previous.get("conditions", ()), generation, seen.now
    )
    status: Object = {
        "observedGeneration": generation,
        "phase": health.phase(seen, previous.get("phase", "")),
        "message": cut(health.message(seen), conditions.MAX_MESSAGE),
        "replicas": len(seen.pods),
        "readyReplicas": seen.ready,
        "updatedReplicas": seen.updated,
        "selector": names.selector,
        "ready": f"{seen.ready}/{spec.servers}",
        "views": health.views_column(seen),
        "config": health.config_column(seen),
        "image": spec.image,
        "availableImage": seen.available_image,
        "version": _version(seen, previous),
        "operatorVersion": __version__,
        "addresses": _addresses(names, spec, seen.external),
        "nameServers": [_server(seen, pod) for pod in seen.pods],
        "kvConfig": _kv(seen),
        "kvDelegation": _delegation(seen),
        "namesrvConfig": _config(seen),
        "rollout": _rollout(seen, previous.get("rollout", {})),
        "conditions": found,
        **_revisions(seen),
        **_brokers(seen, previous),
    }
    return filled(status)


def filled(members: Object) -> Object:
    """Without members that say nothing."""
    return {name: value for name, value in members.items() if value not in ("", [], {}, None)}


def entries(status: Object) -> list[Entry]:
    """The mirror as the status tells it; entries that somebody spoiled are left out."""
    found = []
    for item in status.get("brokers", ()):
        try:
            found.append(Entry.from_status(item))
        except (KeyError, ValueError, TypeError):
            continue
    return found


def patch(previous: Object, status: Object) -> Object | None:
    """The merge patch from ``previous`` to ``status``, or None where nothing worth a write moved.

    The time of the last sighting of a broker that is online moves on its own and is not worth one.
    """
    if _steady(previous) == _steady(status):
        return None
    gone = dict.fromkeys(previous.keys() - status.keys())
    changed = {name: value for name, value in status.items() if previous.get(name) != value}
    return {**{name: _merge(previous.get(name), value) for name, value in changed.items()}, **gone}


def _merge(before: Any, after: Any) -> Any:
    """``after`` as a merge patch on ``before``: members that are gone become null."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    members = {name: _merge(before.get(name), value) for name, value in after.items()}
    return {**dict.fromkeys(before.keys() - after.keys()), **members}


def _steady(status: Object) -> Object:
    brokers = [
        {k: v for k, v in item.items() if k != "lastSeen" or item.get("state") == State.OFFLINE}
        for item in status.get("brokers", ())
    ]
    return {**status, "brokers": brokers}


def _addresses(names: Names, spec: ClusterSpec, external: Sequence[str]) -> Object:
    port, server = spec.ports.remoting, spec.address_server
    found = {
        "namesrvAddr": names.namesrv_addr(spec.replicas, port),
        "dnsLookup": names.dns_lookup(port),
        "client": names.client_address(port),
        "external": ";".join(external),
        "domainURL": names.domain_url(server.domain) if server.enabled else "",
    }
    return filled(found)


def _version(seen: Observed, previous: Object) -> str:
    """What servers say, or said; Java's say nothing."""
    versions = sorted({report.version for report in seen.reports.values() if report.version})
    if versions:
        return ", ".join(versions)[:128]
    return "" if seen.cluster.spec.flavor is Flavor.JAVA else str(previous.get("version", ""))


def _revisions(seen: Observed) -> Object:
    status = (seen.stateful_set or {}).get("status", {})
    current = sorted({pods.revision(pod) for pod in seen.staying})
    return {
        "currentRevision": current[0] if len(current) == 1 else status.get("currentRevision", ""),
        "targetRevision": seen.target_revision,
    }


def _server(seen: Observed, pod: Object) -> Object:
    name = pods.name(pod)
    report, drift = seen.reports.get(name), seen.drifts.get(name)
    started = pods.started_at(pod, CONTAINER)
    ordinal = seen.cluster.names.ordinal(name)
    port = seen.cluster.spec.ports.remoting
    row: Object = {
        "name": name,
        "ready": pods.ready(pod),
        "address": seen.cluster.names.pod_address(ordinal, port) if ordinal is not None else "",
        "podIP": pod.get("status", {}).get("podIP", ""),
        "node": pod["spec"].get("nodeName", ""),
        "revision": pods.revision(pod),
        "startTime": to_text(started) if started else "",
        "state": server_state(pod, report, seen.now),
        "error": report.error[:MAX_TEXT] if report else "",
    }
    if report and report.view:
        row |= {
            "brokers": len(report.view.brokers),
            "topics": report.view.topics,
            "viewHash": view_hash(report.view),
            "restartRequired": bool(report.restart_required),
        }
    if drift:
        row |= {"configInSync": drift.config_in_sync, "kvInSync": drift.kv_in_sync}
    if seen.step.pod == name and seen.step.blocked_by:
        row["blockedBy"] = ",".join(seen.step.blocked_by)
    return filled(row)


def server_state(pod: Object, report: Report | None, now: datetime) -> str:
    """One word on the server in a pod; ``report`` is its last answer."""
    if pods.terminating(pod):
        return "Terminating"
    found = pods.trouble(pod, now)
    if found and not pods.ready(pod):
        return found.reason
    if report and report.view:
        return "Serving" if pods.ready(pod) else "Starting"
    return "NotAnswering" if pods.ready(pod) else str(pod.get("status", {}).get("phase", "Pending"))


def view_hash(view: ServerView) -> str:
    """A short text that is equal for equal views."""
    rows = sorted(
        (*broker, s.address, s.topics, s.data_version) for broker, s in view.brokers.items()
    )
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]


def _rollout(seen: Observed, previous: Object) -> Object:
    step = seen.step
    rollout: Object = {"state": step.state.value}
    if step.pod:
        rollout["pod"] = step.pod
    if step.blocked_by:
        rollout["blockedBy"] = ",".join(step.blocked_by)
    if step.message:
        rollout["message"] = cut(step.message, conditions.MAX_MESSAGE)
    if rollout["state"] != "Idle":
        same = previous.get("state") == rollout["state"] and previous.get("since")
        rollout["since"] = previous["since"] if same else to_text(seen.now)
        reasons = [reason[:MAX_REASON] for reason in seen.reasons][:LISTED_KEYS]
        rollout["reasons"] = reasons or previous.get("reasons", [])
    return filled(rollout)


def _kv(seen: Observed) -> list[Object]:
    tables = sorted(seen.wanted.kv.items())[:MAX_KV_NAMESPACES]
    return [_kv_namespace(seen, namespace, table) for namespace, table in tables]


def _delegation(seen: Observed) -> Object:
    """Nothing where no NameServerKVConfig names the cluster."""
    shares, conflicts = seen.division.shares, seen.division.conflicts
    if not shares:
        return {}
    return {
        "objects": len(shares),
        "refused": sum(share.trouble is not None for share in shares),
        "conflicts": [conflict.to_status() for conflict in conflicts[:LISTED_KEYS]],
    }


def _kv_namespace(seen: Observed, namespace: str, table: Mapping[str, str]) -> Object:
    drifted = sorted(
        {key.key for d in seen.drifts.values() for key in d.kv if key.namespace == namespace}
    )
    unmanaged = max((d.unmanaged.get(namespace, 0) for d in seen.drifts.values()), default=0)
    return filled(
        {
            "kvNamespace": namespace,
            "keys": len(table),
            "hash": table_hash(table),
            "inSync": bool(seen.drifts) and not seen.silent and not drifted,
            "unmanagedKeys": unmanaged,
            "drifted": _listed(drifted),
        }
    )


def _config(seen: Observed) -> Object:
    drifts = seen.drifts.values()
    drifted = sorted({key for drift in drifts for key in drift.config})
    unknown = sorted({key for drift in drifts for key in drift.unknown})
    restart = sorted({key for report in seen.reports.values() for key in report.restart_required})
    return filled(
        {
            "hash": table_hash(seen.wanted.config),
            "inSync": bool(drifts) and not seen.silent and not drifted and not unknown,
            "keys": len(seen.wanted.config),
            "drifted": _listed(drifted),
            "unknownKeys": unknown[:64],
            "restartRequiredKeys": restart[:64],
        }
    )


def _listed(keys: Sequence[str]) -> list[str]:
    """As many names as the status takes, each as long as it takes."""
    return [key[:MAX_TEXT] for key in keys[:LISTED_KEYS]]


def table_hash(table: Mapping[str, str]) -> str:
    """A short text that is equal for equal tables."""
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:12]


def _brokers(seen: Observed, previous: Object) -> Object:
    settings, mirror = seen.cluster.spec.brokers, seen.mirror
    if settings.mirror is Mirror.DISABLED:
        return {}
    online = [e for e in mirror.entries if e.state is not State.OFFLINE]
    listed = mirror.entries[: settings.max_entries] if settings.mirror is Mirror.FULL else ()
    summary = {
        "clusters": len({e.broker.cluster for e in mirror.entries}),
        "brokerNames": len({e.broker.name for e in mirror.entries}),
        "online": len(online),
        "known": len(mirror.entries),
        "masters": sum(e.broker.id == 0 for e in online),
        "disagreements": len(mirror.converging),
        "listed": len(listed),
        "truncated": len(listed) < len(mirror.entries),
    }
    before = dict(previous.get("brokerSummary", {}))
    changed = before.pop("lastChangeTime", "")
    same = before == summary and changed
    return {
        "brokersOnline": f"{len(online)}/{len(mirror.entries)}",
        "brokerSummary": {**summary, "lastChangeTime": changed if same else to_text(seen.now)},
        "clusters": _clusters(seen, mirror.entries),
        "brokers": [entry.to_status() for entry in listed],
    }


def _clusters(seen: Observed, known: Sequence[Entry]) -> list[Object]:
    expected = {c.name for c in seen.cluster.spec.brokers.expected_clusters}
    unmet = {text.partition(":")[0] for text in seen.unmet}
    names = sorted({e.broker.cluster for e in known} | expected)[:MAX_CLUSTERS]
    rows = []
    for name in names:
        row = _cluster(name, [e for e in known if e.broker.cluster == name])
        if name in expected:
            row["expectedMet"] = name not in unmet
        rows.append(row)
    return rows


def _cluster(name: str, known: Sequence[Entry]) -> Object:
    online: list[BrokerId] = [e.broker for e in known if e.state is not State.OFFLINE]
    return {
        "name": name,
        "brokerNames": len({e.broker.name for e in known}),
        "online": len(online),
        "known": len(known),
        "masters": sum(broker.id == 0 for broker in online),
    }
