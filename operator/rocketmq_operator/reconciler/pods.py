"""What a pod's status says about the server in it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CONTAINER
from rocketmq_operator.reconciler.timestamps import from_text

REVISION_LABEL: Final = "controller-revision-hash"
"""Set by the StatefulSet controller: the revision of the template a pod was made from."""

UNSCHEDULED: Final = 15.0
"""Seconds that a pod may wait for a node, as for kstatus, before a person is asked."""
OVERDUE: Final = timedelta(seconds=30)
"""How long after its grace period the end of a pod may take to be confirmed by its node."""
CRASHES: Final = 2
"""Restarts of a container before it can count as one that keeps ending; one alone says nothing."""
FORGIVEN: Final = timedelta(minutes=10)
"""How long a container must run until its earlier ends count no more; a kubelet counts so too."""
_IMAGE_REASONS: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
_CONFIG_REASONS: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_NODE_UNREACHABLE: Final = (
    "pod {0}: node {1} does not answer; if it is gone for good, delete the Node or taint it "
    "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute, and the server starts elsewhere"
)


class Trouble(NamedTuple):
    """Why a server will not come up without a person; ``reason`` is stable, CamelCase."""

    reason: str
    message: str


class _Container(NamedTuple):
    """What the kubelet says of one container, and the field of the spec that it comes from.

    ``part`` is empty for the server itself.
    """

    status: Object
    part: str
    initial: bool = False

    @property
    def image_field(self) -> str:
        """The field that names its image."""
        return f"{self.part}[{self.status['name']}].image" if self.part else "spec.image"

    @property
    def last_end(self) -> Object:
        """How it ended last; empty if it never did."""
        states = (self.status.get(which, {}).get("terminated") for which in ("state", "lastState"))
        return next((ended for ended in states if ended), {})


def server(spec: Object) -> Object:
    """The container of the server in the spec of a pod or of a template; empty without one."""
    found: Object = next((c for c in spec.get("containers", ()) if c["name"] == CONTAINER), {})
    return found


def name(pod: Object) -> str:
    """The pod's name."""
    return str(pod["metadata"]["name"])


def ordinal(pod: Object) -> int:
    """The number at the end of the name of a StatefulSet's pod."""
    return int(name(pod).rpartition("-")[2])


def revision(pod: Object) -> str:
    """The revision of the template that the pod was made from."""
    return str(pod["metadata"].get("labels", {}).get(REVISION_LABEL, ""))


def terminating(pod: Object) -> bool:
    """Whether the pod is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def ready(pod: Object) -> bool:
    """Whether the pod is ready and stays."""
    return ready_since(pod) is not None and not terminating(pod)


def ready_since(pod: Object) -> datetime | None:
    """When the pod became ready, or None if it is not."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return from_text(condition["lastTransitionTime"])
    return None


def node_is_silent(pod: Object) -> bool:
    """Whether the pod is unready although its kubelet last said that all containers are ready.

    The node controller sets Ready alone, and gives no reason (``MarkPodsNotReady``); a readiness
    gate gives one.
    """
    found = {each["type"]: each for each in pod.get("status", {}).get("conditions", ())}
    said, judged = found.get("ContainersReady", {}), found.get("Ready", {})
    unready = judged.get("status") == "False" and not judged.get("reason")
    return bool(unready and said.get("status") == "True")


def started_at(pod: Object, container: str) -> datetime | None:
    """When the running process of a container started, or None while it does not run."""
    for state in pod.get("status", {}).get("containerStatuses", ()):
        running = state.get("state", {}).get("running")
        if state["name"] == container and running and "startedAt" in running:
            return from_text(running["startedAt"])
    return None


def first_trouble(pods: Iterable[Object], now: datetime) -> Trouble | None:
    """The first trouble among pods that shall run, or that shall make room for such."""
    found = (trouble(pod, now) for pod in pods if not ready(pod))
    return next((one for one in found if one), None)


def trouble(pod: Object, now: datetime) -> Trouble | None:
    """Why the pod cannot run or end, in words that stay the same while it is tried again."""
    found = _trouble_with_node(pod, now)
    if found is not None or terminating(pod):
        return found
    states = (_trouble_with_container(pod, each, now) for each in _containers(pod))
    return next((one for one in states if one), None)


def next_change(pods: Sequence[Object], now: datetime) -> float | None:
    """Seconds until time alone makes trouble of a pod, or ends it; None without such a pod."""
    due = [since + timedelta(seconds=UNSCHEDULED) for why, since in map(_unscheduled, pods) if why]
    due += [end for end in map(_end_overdue, pods) if end < _NEVER]
    due += [_forgiven_at(each) for pod in pods if not ready(pod) for each in _containers(pod)]
    return min(((moment - now).total_seconds() for moment in due if moment > now), default=None)


def _node(pod: Object) -> str:
    return str(pod.get("spec", {}).get("nodeName", ""))


def _end_overdue(pod: Object) -> datetime:
    """When a pod that is being deleted should be gone; its deletionTimestamp has the grace in it.

    One without a node goes at once.
    """
    until = pod["metadata"].get("deletionTimestamp")
    return from_text(until) + OVERDUE if until and _node(pod) else _NEVER


def _trouble_with_node(pod: Object, now: datetime) -> Trouble | None:
    if node_is_silent(pod) or now >= _end_overdue(pod):
        return Trouble("NodeUnreachable", _NODE_UNREACHABLE.format(name(pod), _node(pod)))
    why, since = _unscheduled(pod)
    if why and (now - since).total_seconds() >= UNSCHEDULED:
        return Trouble("Unschedulable", f"pod {name(pod)}: {why}")
    return None


def _trouble_with_container(pod: Object, container: _Container, now: datetime) -> Trouble | None:
    status = container.status
    waiting = status.get("state", {}).get("waiting", {}).get("reason", "")
    where = f"pod {name(pod)}, container {status['name']}"
    if waiting in _IMAGE_REASONS:
        text = f"{where}: image {status.get('image')!r} cannot be pulled"
        fix = f"correct {container.image_field}, or spec.imagePullSecrets"
        return Trouble("ImagePullFailed", f"{text}; {fix}")
    if waiting in _CONFIG_REASONS:
        detail = status["state"]["waiting"].get("message", waiting)
        return Trouble("ContainerConfigError", f"{where}: {detail}")
    if waiting == "CrashLoopBackOff" or now < _forgiven_at(container):
        return Trouble(
            "CrashLoop", f"{where} keeps ending{_how(container)}; see {_log(pod, status)}"
        )
    return None


def _how(container: _Container) -> str:
    code = container.last_end.get("exitCode")
    return "" if code is None else f" with exit code {code}"


def _log(pod: Object, status: Object) -> str:
    """The command that shows why a container ended."""
    return f"kubectl -n {pod['metadata']['namespace']} logs -p {name(pod)} -c {status['name']}"


def _unscheduled(pod: Object) -> tuple[str, datetime]:
    """The scheduler's words on why no node takes the pod, and since when."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return condition.get("message", ""), from_text(condition["lastTransitionTime"])
    return "", _NEVER


def _containers(pod: Object) -> Iterator[_Container]:
    status = pod.get("status", {})
    for each in status.get("initContainerStatuses", ()):
        yield _Container(each, "spec.pod.initContainers", initial=True)
    for each in status.get("containerStatuses", ()):
        yield _Container(each, "" if each["name"] == CONTAINER else "spec.pod.sidecars")


def _forgiven_at(container: _Container) -> datetime:
    """Until when a container that was started again counts as one that keeps ending.

    The kubelet says ``CrashLoopBackOff`` only between two starts. An end is none of a series if it
    is the first, if the container ran well before, or if it ends as an init container shall.
    """
    end = container.last_end
    started, finished = end.get("startedAt"), end.get("finishedAt")
    well = container.initial and not end.get("exitCode")
    if container.status.get("restartCount", 0) < CRASHES or well or not (started and finished):
        return _LONG_AGO
    ended = from_text(finished)
    return ended + FORGIVEN if ended - from_text(started) < FORGIVEN else _LONG_AGO
