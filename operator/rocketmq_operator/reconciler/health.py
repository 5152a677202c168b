"""The judgement: conditions, phase, and the one sentence that a person reads first."""

from typing import Final

from rocketmq_operator.reconciler.conditions import Condition
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.sync import Policy
from rocketmq_operator.reconciler.wording import listed

KEYS: Final = 200
"""Characters of the keys that are named of each server."""
_STARTING: Final = frozenset({"", "Pending", "Creating", "Failed", "Suspended"})
"""Phases before the servers first ran."""


def conditions(seen: Observed) -> list[Condition]:
    """All conditions that apply, Ready first."""
    progress, ready = _progress(seen), _ready(seen)
    found = [ready]
    if seen.trouble:
        found.append(Condition("Stalled", True, seen.trouble.reason, seen.trouble.message))
    elif progress and not seen.cluster.spec.paused:
        found.append(Condition("Reconciling", True, *progress))
    found += [_available(seen), views_converged(seen), config_synced(seen), kv_synced(seen)]
    if seen.cluster.spec.brokers.expected_clusters:
        found.append(_brokers_available(seen))
    if seen.cluster.spec.paused:
        text = "spec.paused: nothing is changed; the status is kept up to date"
        found.append(Condition("Paused", True, "PausedBySpec", text))
    return found


def phase(seen: Observed, before: str) -> str:
    """``status.phase``; ``before`` is the phase so far."""
    spec = seen.cluster.spec
    if spec.paused:
        return "Paused"
    if seen.trouble:
        return "Degraded" if seen.ready else "Failed"
    if spec.suspend:
        return "Scaling" if seen.pods else "Suspended"
    return _phase_of_servers(seen, before)


def _phase_of_servers(seen: Observed, before: str) -> str:
    want = seen.cluster.spec.servers
    moving = seen.step.blocked_by or seen.step.delete or seen.updated < len(seen.staying)
    settled = seen.ready == want == len(seen.pods) and not moving
    if settled and not (before in _STARTING and _progress(seen)):
        return "Running"
    if before in _STARTING:
        return "Creating"
    if moving:
        return "Updating"
    if len(seen.pods) != want or before == "Scaling":
        return "Scaling"
    return "Updating" if before == "Updating" else "Degraded"


def message(seen: Observed) -> str:
    """``status.message``: the first thing worth knowing, or that all is well."""
    if seen.trouble:
        return seen.trouble.message
    progress = _progress(seen)
    if progress:
        return progress[1]
    ready = _ready(seen)
    return ready.message


def views_column(seen: Observed) -> str:
    """The VIEWS column."""
    condition = views_converged(seen)
    return "Unknown" if condition.holds is None else condition.reason


def config_column(seen: Observed) -> str:
    """The CONFIG column: the worse of configuration and KV."""
    found = [config_synced(seen), kv_synced(seen)]
    wrong = [c for c in found if c.holds is False] or [c for c in found if c.holds is None]
    if not wrong:
        return "Synced"
    return "Unknown" if wrong[0].holds is None else wrong[0].reason


def views_converged(seen: Observed) -> Condition:
    """Whether all servers that answer show the same brokers."""
    name, converging = "ViewsConverged", seen.mirror.converging
    if not seen.mirror.answering:
        return Condition(name, None, "NoServerAnswers", "no server answers; brokers as last seen")
    if seen.diverged:
        return Condition(name, False, "Diverged", listed(seen.diverged, "; "))
    if converging:
        names = listed(sorted({entry.broker.name for entry in converging}))
        return Condition(name, False, "Converging", f"not the same on all servers yet: {names}")
    text = f"{seen.mirror.answering} servers show the same brokers"
    return Condition(name, True, "Converged", text)


def config_synced(seen: Observed) -> Condition:
    """Whether every server holds the wanted configuration."""
    name = "ConfigSynced"
    unknown = sorted({key for drift in seen.drifts.values() for key in drift.unknown})
    if unknown:
        text = f"the servers do not know {listed(unknown)}; correct spec.namesrvConfig"
        return Condition(name, False, "UnknownKeys", text)
    differs = {pod: drift.config for pod, drift in seen.drifts.items() if drift.config}
    if differs:
        policy = seen.cluster.spec.drift.namesrv_config
        return Condition(name, False, _out_of_sync(policy), _listed(differs))
    waiting = {p: r.restart_required for p, r in seen.reports.items() if r.restart_required}
    if waiting:
        return Condition(name, False, "RestartRequired", f"{_listed(waiting)}: needs a restart")
    return _synced(name, seen)


def kv_synced(seen: Observed) -> Condition:
    """Whether every server holds the wanted KV entries."""
    differs = {
        pod: tuple("/".join(key) for key in drift.kv)
        for pod, drift in seen.drifts.items()
        if drift.kv
    }
    if differs:
        policy = Policy.CORRECT if _correcting_kv(seen) else Policy.REPORT
        return Condition("KVSynced", False, _out_of_sync(policy), _listed(differs))
    return _synced("KVSynced", seen)


def _ready(seen: Observed) -> Condition:
    if seen.trouble:
        return Condition("Ready", False, *seen.trouble)
    progress = _progress(seen)
    if progress:
        return Condition("Ready", False, *progress)
    if seen.cluster.spec.suspend and not seen.pods:
        text = "suspended: no server runs, as spec.suspend asks"
        return Condition("Ready", True, "Suspended", text)
    if seen.diverged:
        return Condition("Ready", False, "ViewsDiverged", listed(seen.diverged, "; "))
    for condition in (config_synced(seen), kv_synced(seen)):
        if not condition.holds and condition.reason != "RestartRequired":
            return Condition("Ready", False, condition.reason, condition.message)
    text = "; ".join([f"{seen.ready} servers are ready", *seen.notes])
    return Condition("Ready", True, "AllServersReady", text)


def _progress(seen: Observed) -> tuple[str, str] | None:
    """Work that is under way, as reason and message."""
    want, have = seen.cluster.spec.servers, len(seen.pods)
    rolling = bool(seen.step.delete or seen.step.blocked_by)
    silent = ", ".join(seen.silent)
    stages = (
        (bool(seen.pending), "ApplyingChildren", seen.pending),
        (rolling, "RollingUpdate", seen.step.message),
        (have != want, "Scaling", f"{have} pods exist, {want} are wanted"),
        (seen.ready < want, "ServersNotReady", f"{seen.ready} of {want} servers are ready"),
        (bool(silent), "ServersNotAnswering", f"no answer yet from {silent}"),
        (_correcting(seen), "Syncing", "writing KV and configuration to the servers"),
    )
    return next(((reason, text) for true, reason, text in stages if true), None)


def _correcting(seen: Observed) -> bool:
    """Whether something differs in a way that the next push mends."""
    drift = seen.cluster.spec.drift
    config = any(d.config for d in seen.drifts.values()) and drift.namesrv_config is Policy.CORRECT
    return config or _correcting_kv(seen)


def _correcting_kv(seen: Observed) -> bool:
    return any(not seen.wanted.reports(key) for d in seen.drifts.values() for key in d.kv)


def _available(seen: Observed) -> Condition:
    text = f"{seen.ready} of {seen.cluster.spec.servers} servers are ready"
    reason = "ServersReady" if seen.ready else "NoServerReady"
    return Condition("Available", seen.ready > 0, reason, text)


def _brokers_available(seen: Observed) -> Condition:
    if not seen.mirror.answering:
        return Condition("BrokersAvailable", None, "NoServerAnswers", "no server answers")
    if seen.unmet:
        return Condition("BrokersAvailable", False, "BrokersMissing", listed(seen.unmet, "; "))
    return Condition("BrokersAvailable", True, "BrokersThere", "all expected brokers are online")


def _synced(name: str, seen: Observed) -> Condition:
    if seen.silent or not seen.drifts:
        who = ", ".join(seen.silent) or "any server"
        return Condition(name, None, "ServersNotAnswering", f"no answer from {who}")
    return Condition(name, True, "Synced", f"read back from {len(seen.drifts)} servers")


def _out_of_sync(policy: Policy) -> str:
    return "Syncing" if policy is Policy.CORRECT else "Drifted"


def _listed(differs: dict[str, tuple[str, ...]]) -> str:
    return listed(
        [f"{pod}: {listed(keys, most=KEYS)}" for pod, keys in sorted(differs.items())], "; "
    )
