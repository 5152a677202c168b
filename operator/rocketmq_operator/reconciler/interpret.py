"""What a cluster's spec, pods and reports mean to the parts that decide."""

from collections.abc import Mapping, Sequence

from rocketmq_operator.reconciler import pods, sync
from rocketmq_operator.reconciler.credentials import Credentials
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CONTAINER, HTTP_PORT, REMOTING_PORT
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.reports import Orders, Report, Target
from rocketmq_operator.reconciler.resources import container, tls
from rocketmq_operator.reconciler.resources.inventory import Inventory
from rocketmq_operator.reconciler.rollout import Gate, Server
from rocketmq_operator.reconciler.spec import Cluster, OnTimeout, Strategy
from rocketmq_operator.reconciler.sync import Drift, Wanted
from rocketmq_operator.reconciler.views import Limits


def wanted(cluster: Cluster, inventory: Inventory) -> Wanted:
    """What every server shall hold."""
    spec = cluster.spec
    return Wanted(
        spec.namesrv_config,
        inventory.namesrv_config_pending_reset,
        spec.drift.namesrv_config,
        cluster.kv,
        inventory.kv_pending_delete,
        spec.drift.kv_config,
        spec.drift.kv_prune,
        cluster.delegated.reported,
        frozenset(spec.kv),
    )


def orders(cluster: Cluster, wanted: Wanted, *, noted: bool = True) -> Orders:
    """What those who watch the servers shall do.

    ``noted`` is whether the seed has the inventory: before that nothing is written to servers.
    """
    spec = cluster.spec
    return Orders(
        wanted,
        spec.brokers.probe_interval_seconds,
        spec.drift.interval_seconds,
        spec.brokers.stale_after_seconds,
        writable=noted and not spec.paused,
    )


def tls_secrets(members: Sequence[Object]) -> list[str]:
    """The Secrets with the certificates of servers that take TLS only."""
    return sorted({name for name in map(tls.enforced_by, members) if name is not None})


def targets(
    cluster: Cluster, members: Sequence[Object], credentials: Mapping[str, Credentials]
) -> list[Target]:
    """The servers that can be talked to: pods with an address and a running process.

    Each is reached as the template says that its pod was made from, which need not be the one of
    now. ``credentials``, by the name of the Secret, are for those that take TLS only.
    """
    found = []
    for pod in members:
        address, started = pod.get("status", {}).get("podIP"), pods.started_at(pod, CONTAINER)
        if address and started and not pods.terminating(pod):
            ports = {REMOTING_PORT: cluster.spec.ports.remoting, HTTP_PORT: cluster.spec.ports.http}
            ports |= container.ports_of(pod)
            where = (address, ports[REMOTING_PORT], ports[HTTP_PORT])
            shown = credentials.get(tls.enforced_by(pod) or "")
            found.append(Target(pods.name(pod), pod["metadata"]["uid"], *where, started, shown))
    return found


def drifts(wanted: Wanted, reports: Mapping[str, Report]) -> dict[str, Drift]:
    """What differs on each server that answered."""
    return {pod: sync.drift(wanted, report.held) for pod, report in reports.items() if report.held}


def struck_off(seen: Observed, inventory: Inventory) -> Inventory:
    """The inventory without the keys to remove that every server was seen without.

    A server that is away may come back with a volume that holds them, so all must be there. One
    that was read before it was asked may be getting them just now.
    """
    if not seen.all_read:
        return inventory
    held = [report.held for report in seen.reports.values() if report.held]
    gone = sync.removed_everywhere(inventory.kv_pending_delete, held)
    left = set().union(*(drift.config for drift in seen.drifts.values()))
    asked = inventory.namesrv_config_pending_reset.intersection(
        *(one.asked.config_reset for one in held)
    )
    return inventory.with_pending_done(gone, asked - left)


def servers(
    members: Sequence[Object], reports: Mapping[str, Report], drifts: Mapping[str, Drift]
) -> list[Server]:
    """The pods with what their servers show, for the gate of a rollout."""
    return [_server(pod, reports, drifts) for pod in members]


def gate(cluster: Cluster, budget: Object | None = None) -> Gate:
    """The settings of a rollout; ``budget`` is the live PodDisruptionBudget."""
    settings = cluster.spec.rollout
    return Gate(
        settings.strategy is Strategy.ON_DELETE,
        cluster.spec.paused,
        settings.min_ready_seconds,
        settings.view_timeout_seconds,
        settings.on_timeout is OnTimeout.CONTINUE,
        settings.repair_broken_pods,
        budget,
    )


def limits(cluster: Cluster) -> Limits:
    """The patience of the mirror."""
    settings = cluster.spec.brokers
    return Limits(settings.stale_after_seconds, settings.forget_after_seconds)


def bad_values(cluster: Cluster) -> Trouble | None:
    """Configuration values that no server would take."""
    problems = sync.unreadable(cluster.spec.namesrv_config)
    if not problems:
        return None
    key, why = next(iter(sorted(problems.items())))
    return Trouble("InvalidConfigValue", f"spec.namesrvConfig.{key}: {why}; no server accepts it")


def _server(pod: Object, reports: Mapping[str, Report], drifts: Mapping[str, Drift]) -> Server:
    report, drift = reports.get(pods.name(pod)), drifts.get(pods.name(pod))
    in_sync = drift is not None and drift.config_in_sync and drift.kv_in_sync
    return Server(pod, report.view if report else None, in_sync)
