"""The gate of a rolling restart: which pod may be replaced now, or what is waited for.

The StatefulSet is ``OnDelete``: pods of an older revision stay until the operator deletes them,
one at a time, and each only while every other server shows all that it shows. Who shows least
goes first. Who is silent is waited for: it may be the one that knows everything.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.views import BrokerId, ServerView, Sighting, older


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
    """What a rollout does now: ``delete`` is the pod to replace, if any.

    ``passed_over`` says whom it goes on without. ``behind`` has the uids of the pods that keep
    others from being replaced, and since when; the next :func:`plan` takes it.
    """

    state: RolloutState = RolloutState.IDLE
    delete: Object | None = None
    blocked_by: tuple[Blocker, ...] = ()
    message: str = ""
    pod: str = ""
    timed_out: bool = False
    passed_over: str = ""
    recheck: float | None = None
    behind: Mapping[str, datetime] = field(default_factory=dict)


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

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return str(self.pod["metadata"]["uid"])


@dataclass(frozen=True, slots=True)
class _Lag:
    """Why a server keeps another one from being replaced, and since when."""

    server: Server
    blocker: Blocker
    text: str
    since: datetime


def plan(
    gate: Gate,
    stateful_set: Object,
    servers: Sequence[Server],
    behind: Mapping[str, datetime],
    now: datetime,
) -> Step:
    """The next step of the rollout of ``stateful_set`` to its current template.

    ``behind`` is that of the step before.
    """
    status = stateful_set.get("status", {})
    if status.get("observedGeneration") != stateful_set["metadata"]["generation"]:
        text = "waiting for the StatefulSet controller to see the new template"
        return replace(_wait(Blocker.STATEFUL_SET_NOT_OBSERVED, text), behind=behind)
    revision = status.get("updateRevision", "")
    outdated = [
        s for s in servers if pods.revision(s.pod) != revision and not pods.terminating(s.pod)
    ]
    if not outdated:
        return Step()
    if gate.paused:
        return _wait(Blocker.PAUSED, f"{len(outdated)} pods of an older revision; spec.paused")
    # One whose node is silent may well serve: the delete would wait for the node, and then end
    # all such servers at once.
    broken = [s for s in outdated if not (pods.ready(s.pod) or pods.node_is_silent(s.pod))]
    if broken and gate.repair_broken:
        text = f"{broken[0].name} is not ready and of an older revision"
        return Step(RolloutState.ROLLING, broken[0].pod, (), text, broken[0].name, behind=behind)
    if gate.on_delete:
        text = f"{len(outdated)} pods of an older revision; delete them by hand"
        return _wait(Blocker.ON_DELETE, text)
    return _next(gate, stateful_set["spec"].get("replicas", 1), servers, outdated, behind, now)


def _missing(view: ServerView | None, shown: Mapping[BrokerId, Sighting]) -> Iterator[str]:
    """What of ``shown`` a view lacks, in words for each broker.

    One that has not registered there is lacking too: until it has, that server does not notice
    its end, and by then those who look up servers by name have found the new address.
    """
    brokers = view.brokers if view else {}
    for broker in sorted(shown):
        mine, theirs = brokers.get(broker), shown[broker]
        if mine is None or mine.provisional:
            how = "" if mine is None else " as registered"
            yield f"broker {broker.name} (id {broker.id}) of {broker.cluster}{how}"
        elif older(mine, theirs):
            yield f"the newest topics of broker {broker.name}"
        elif _fewer(mine, theirs) and not older(theirs, mine):
            yield f"all topics of broker {broker.name}: {mine.topics} of {theirs.topics}"


def _fewer(mine: Sighting, theirs: Sighting) -> bool:
    """Of topics; not known where a server tells none."""
    return mine.topics is not None and mine.topics < (theirs.topics or 0)


def _newest(views: Iterable[ServerView | None]) -> dict[BrokerId, Sighting]:
    """All brokers that any of the views shows, each as the newest shows it."""
    found: dict[BrokerId, Sighting] = {}
    for view in views:
        for broker, sighting in view.brokers.items() if view else ():
            if broker not in found or older(found[broker], sighting):
                found[broker] = sighting
    return found


def _next(
    gate: Gate,
    replicas: int,
    servers: Sequence[Server],
    outdated: Sequence[Server],
    behind: Mapping[str, datetime],
    now: datetime,
) -> Step:
    chosen = _first(outdated, servers)
    lags = [_Lag(*lag, behind.get(lag[0].uid, now)) for lag in _lags(chosen, servers, outdated)]
    left = f"{len(outdated)} of {len(servers)} pods left to replace"
    without = "; ".join(_at_last(gate, lag) for lag in lags if lag.server is not chosen)
    step = (
        _unsettled(replicas, servers, outdated)
        or _young(gate, [server for server in servers if server is not chosen], now)
        or _lagging(gate, chosen, lags, now)
        or _disrupted(gate.budget)
        or Step(RolloutState.ROLLING, chosen.pod, (), left, chosen.name, passed_over=without)
    )
    return replace(step, behind={lag.server.uid: lag.since for lag in lags})


def _first(outdated: Sequence[Server], servers: Sequence[Server]) -> Server:
    """Who is silent goes first, then who lacks most, then the highest ordinal."""
    everything = _newest(server.view for server in servers)

    def rank(server: Server) -> tuple[bool, int, int]:
        lacks = sum(1 for _ in _missing(server.view, everything))
        return server.view is None, lacks, pods.ordinal(server.pod)

    return max(outdated, key=rank)


def _lags(
    chosen: Server, servers: Sequence[Server], outdated: Sequence[Server]
) -> Iterator[tuple[Server, Blocker, str]]:
    """Who is ready and keeps ``chosen`` from being replaced, and why; nobody where it is alone.

    While ``chosen`` is silent it may show all that anybody shows. KV and configuration are for
    servers of the current revision; an older one may be unable to hold them.
    """
    if len(servers) == 1:
        return
    shown = chosen.view.brokers if chosen.view else _newest(server.view for server in servers)
    for server in (each for each in servers if pods.ready(each.pod)):
        lacking = "" if server is chosen else next(_missing(server.view, shown), "")
        if server.view is None:
            text = f"{server.name} does not answer the operator"
            yield server, Blocker.VIEWS_NOT_CONVERGED, text
        elif lacking:
            text = f"{server.name} does not show {lacking} yet"
            yield server, Blocker.VIEWS_NOT_CONVERGED, text
        elif not server.in_sync and server not in outdated:
            text = f"{server.name} does not hold the wanted KV and config"
            yield server, Blocker.CONFIG_NOT_SYNCED, text


def _unsettled(replicas: int, servers: Sequence[Server], outdated: Sequence[Server]) -> Step | None:
    """Waits for servers that are not there, or not ready."""
    leaving = [s.name for s in servers if pods.terminating(s.pod)]
    if leaving or len(servers) < replicas:
        what = leaving[0] if leaving else f"{replicas - len(servers)} pods not created yet"
        return _wait(Blocker.OTHER_POD_UNREADY, f"waiting for {what}")
    for server in (each for each in servers if not pods.ready(each.pod)):
        old = server in outdated
        blocker = Blocker.OTHER_POD_UNREADY if old else Blocker.SERVER_NOT_READY
        return _wait(blocker, f"{server.name} is not ready", server.name)
    return None


def _young(gate: Gate, others: Sequence[Server], now: datetime) -> Step | None:
    """Waits for servers that became ready a moment ago."""
    for server in others:
        up = (now - (pods.ready_since(server.pod) or now)).total_seconds()
        if up < gate.min_ready:
            text = f"{server.name} has been ready for less than {gate.min_ready:g} s"
            return _wait(Blocker.MIN_READY_SECONDS, text, server.name, gate.min_ready - up)
    return None


def _lagging(gate: Gate, chosen: Server, lags: Sequence[_Lag], now: datetime) -> Step | None:
    """Waits for who is behind, while there is patience; then stops, unless it shall go on.

    The silence of ``chosen`` itself is never a reason to stop: its successor may answer.
    """
    left = {lag.server.uid: gate.view_timeout - (now - lag.since).total_seconds() for lag in lags}
    overdue = [lag for lag in lags if lag.server is not chosen and left[lag.server.uid] <= 0]
    if overdue and not gate.continue_on_timeout:
        lag, text = overdue[0], _at_last(gate, overdue[0])
        blocked, name = (lag.blocker,), lag.server.name
        return Step(RolloutState.WAITING, None, blocked, text, name, timed_out=True)
    waiting = [lag for lag in lags if left[lag.server.uid] > 0]
    if not waiting:
        return None
    lag, recheck = waiting[0], min(left[lag.server.uid] for lag in waiting)
    return _wait(lag.blocker, lag.text, lag.server.name, recheck)


def _at_last(gate: Gate, lag: _Lag) -> str:
    return f"{lag.text}, after {gate.view_timeout:g} s of waiting"


def _disrupted(budget: Object | None) -> Step | None:
    """Waits for a PodDisruptionBudget that lets one more server stop."""
    if budget is None or _allows(budget):
        return None
    text = f"PodDisruptionBudget {budget['metadata']['name']} lets no server stop now"
    return _wait(Blocker.DISRUPTION_BUDGET, text)


def _allows(budget: Object) -> bool:
    """Whether one more pod may be disrupted, as the disruption controller last said."""
    status = budget.get("status", {})
    seen = status.get("observedGeneration", 0) >= budget["metadata"].get("generation", 0)
    return bool(seen and status.get("disruptionsAllowed", 0) > 0)


def _wait(blocker: Blocker, message: str, pod: str = "", recheck: float | None = None) -> Step:
    return Step(RolloutState.WAITING, None, (blocker,), message, pod, recheck=recheck)
