"""The gate of a rolling restart: which pod may be replaced now, or what is waited for.

The StatefulSet is ``OnDelete``: pods of an older revision stay until the operator deletes them,
one at a time, and the next only once the restarted server shows what the untouched ones show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.views import ServerView, older


class RolloutState(StrEnum):
    """``status.rollout.state``."""

    IDLE = "Idle"
    ROLLING = "Rolling"
    WAITING = "Waiting"


class Blocker(StrEnum):
    """Why the next pod may not be replaced yet; the names in ``status.rollout.blockedBy``."""

    STATEFUL_SET_NOT_OBSERVED = "StatefulSetNotObserved"
    OTHER_POD_UNREADY = "OtherPodUnready"
    SERVER_NOT_READY = "ServerNotReady"
    MIN_READY_SECONDS = "MinReadySeconds"
    VIEWS_NOT_CONVERGED = "ViewsNotConverged"
    CONFIG_NOT_SYNCED = "ConfigNotSynced"
    DISRUPTION_BUDGET = "DisruptionBudget"
    ON_DELETE = "OnDelete"
    PAUSED = "Paused"


@dataclass(frozen=True, slots=True)
class Gate:
    """The settings of a rollout, times in seconds; ``budget`` is the live PodDisruptionBudget."""

    on_delete: bool = False
    paused: bool = False
    min_ready: float = 5.0
    view_timeout: float = 180.0
    continue_on_timeout: bool = False
    repair_broken: bool = True
    budget: Object | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a rollout does now: ``delete`` is the pod to replace, if any."""

    state: RolloutState = RolloutState.IDLE
    delete: Object | None = None
    blocked_by: tuple[Blocker, ...] = ()
    message: str = ""
    pod: str = ""
    timed_out: bool = False
    recheck: float | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """One pod, with what its server shows (None while it does not answer)."""

    pod: Object
    view: ServerView | None
    in_sync: bool

    @property
    def name(self) -> str:
        """The pod's name."""
        return pods.name(self.pod)


def plan(gate: Gate, stateful_set: Object, servers: Sequence[Server], now: datetime) -> Step:
    """The next step of the rollout of ``stateful_set`` to its current template."""
    status = stateful_set.get("status", {})
    if status.get("observedGeneration") != stateful_set["metadata"]["generation"]:
        text = "waiting for the StatefulSet controller to see the new template"
        return _wait(Blocker.STATEFUL_SET_NOT_OBSERVED, text)
    revision = status.get("updateRevision", "")
    outdated = [
        s for s in servers if pods.revision(s.pod) != revision and not pods.terminating(s.pod)
    ]
    if not outdated:
        return Step()
    if gate.paused:
        return _wait(Blocker.PAUSED, f"{len(outdated)} pods of an older revision; spec.paused")
    broken = [server for server in outdated if not pods.ready(server.pod)]
    if broken and gate.repair_broken:
        text = f"{broken[0].name} is not ready and of an older revision"
        return Step(RolloutState.ROLLING, broken[0].pod, (), text, broken[0].name)
    if gate.on_delete:
        text = f"{len(outdated)} pods of an older revision; delete them by hand"
        return _wait(Blocker.ON_DELETE, text)
    replicas = stateful_set["spec"].get("replicas", 1)
    return _gated(gate, replicas, servers, outdated, now)


def _gated(
    gate: Gate,
    replicas: int,
    servers: Sequence[Server],
    outdated: Sequence[Server],
    now: datetime,
) -> Step:
    leaving = [s.name for s in servers if pods.terminating(s.pod)]
    if leaving or len(servers) < replicas:
        what = leaving[0] if leaving else f"{replicas - len(servers)} pods not created yet"
        return _wait(Blocker.OTHER_POD_UNREADY, f"waiting for {what}")
    fresh = [server for server in servers if server not in outdated]
    for server in fresh:
        step = _check(gate, server, outdated, now)
        if step is not None:
            return step
    unready = [server for server in outdated if not pods.ready(server.pod)]
    if unready:
        return _wait(Blocker.OTHER_POD_UNREADY, f"{unready[0].name} is not ready", unready[0].name)
    if gate.budget is not None and not _allows(gate.budget):
        text = f"PodDisruptionBudget {gate.budget['metadata']['name']} lets no server stop now"
        return _wait(Blocker.DISRUPTION_BUDGET, text)
    chosen = max(outdated, key=_order)
    left = f"{len(outdated)} of {len(servers)} pods left to replace"
    return Step(RolloutState.ROLLING, chosen.pod, (), left, chosen.name)


def _order(server: Server) -> tuple[bool, int]:
    """Who does not answer goes first: while it serves nobody, nobody else may stop."""
    return server.view is None, pods.ordinal(server.pod)


def _allows(budget: Object) -> bool:
    """Whether one more pod may be disrupted, as the disruption controller last said."""
    status = budget.get("status", {})
    seen = status.get("observedGeneration", 0) >= budget["metadata"].get("generation", 0)
    return bool(seen and status.get("disruptionsAllowed", 0) > 0)


def _check(gate: Gate, server: Server, untouched: Sequence[Server], now: datetime) -> Step | None:
    """What keeps a restarted server from counting as back, or None."""
    since = pods.ready_since(server.pod)
    if since is None:
        return _wait(Blocker.SERVER_NOT_READY, f"{server.name} is not ready", server.name)
    up = (now - since).total_seconds()
    if up < gate.min_ready:
        text = f"{server.name} has been ready for less than {gate.min_ready:g} s"
        return _wait(Blocker.MIN_READY_SECONDS, text, server.name, gate.min_ready - up)
    blocker, text = _behind(server, untouched)
    if blocker is None:
        return None
    if up < gate.view_timeout:
        return _wait(blocker, text, server.name, gate.view_timeout - up)
    if gate.continue_on_timeout:
        return None
    text = f"{text}, {gate.view_timeout:g} s after its restart"
    return Step(RolloutState.WAITING, None, (blocker,), text, server.name, timed_out=True)


def _behind(server: Server, untouched: Sequence[Server]) -> tuple[Blocker | None, str]:
    lacking = missing(server.view, {s.name: s.view for s in untouched})
    if lacking:
        return Blocker.VIEWS_NOT_CONVERGED, f"{server.name} does not show {lacking} yet"
    if not server.in_sync:
        return Blocker.CONFIG_NOT_SYNCED, f"{server.name} does not hold the wanted KV and config"
    return None, ""


def missing(view: ServerView | None, others: Mapping[str, ServerView | None]) -> str:
    """The first broker that another server shows now and ``view`` lacks, in words, or "".

    One that has not registered there is lacking too: until it has, that server does not notice
    its end, and by then those who look up servers by name have found the new address.
    """
    shown = {b: s for other in others.values() if other for b, s in other.brokers.items()}
    if view is None:
        return "anything (no answer)"
    for broker in sorted(shown):
        mine = view.brokers.get(broker)
        if mine is None or mine.provisional:
            how = "" if mine is None else " as registered"
            return f"broker {broker.name} (id {broker.id}) of {broker.cluster}{how}"
        if None not in (mine.topics, shown[broker].topics) and mine.topics != shown[broker].topics:
            return f"all topics of broker {broker.name}: {mine.topics} of {shown[broker].topics}"
        if older(mine, shown[broker]):
            return f"the newest topics of broker {broker.name}"
    return ""


def _wait(blocker: Blocker, message: str, pod: str = "", recheck: float | None = None) -> Step:
    return Step(RolloutState.WAITING, None, (blocker,), message, pod, recheck=recheck)
