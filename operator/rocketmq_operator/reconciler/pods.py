"""What a pod's status says about the server in it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.timestamps import from_text

REVISION_LABEL: Final = "controller-revision-hash"
"""Set by the StatefulSet controller: the revision of the template a pod was made from."""

_IMAGE_REASONS: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
_CONFIG_REASONS: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)


class Trouble(NamedTuple):
    """Why a server will not come up without a person; ``reason`` is stable, CamelCase."""

    reason: str
    message: str


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


def started_at(pod: Object, container: str) -> datetime | None:
    """When the running process of a container started, or None while it does not run."""
    for state in pod.get("status", {}).get("containerStatuses", ()):
        running = state.get("state", {}).get("running")
        if state["name"] == container and running and "startedAt" in running:
            return from_text(running["startedAt"])
    return None


def first_trouble(pods: Iterable[Object]) -> Trouble | None:
    """The first trouble among pods that shall run."""
    found = (trouble(pod) for pod in pods if not terminating(pod) and not ready(pod))
    return next((one for one in found if one), None)


def trouble(pod: Object) -> Trouble | None:
    """Why the pod cannot run, in words that stay the same while the kubelet tries again."""
    for state in _containers(pod):
        waiting = state.get("state", {}).get("waiting", {}).get("reason", "")
        where = f"pod {name(pod)}, container {state['name']}"
        if waiting in _IMAGE_REASONS:
            text = f"{where}: image {state.get('image')!r} cannot be pulled; correct spec.image"
            return Trouble("ImagePullFailed", f"{text}, or spec.imagePullSecrets")
        if waiting in _CONFIG_REASONS:
            detail = state["state"]["waiting"].get("message", waiting)
            return Trouble("ContainerConfigError", f"{where}: {detail}")
        crash = _crash(state)
        if crash:
            return Trouble("CrashLoop", f"{where} {crash}; see kubectl logs -p {name(pod)}")
    return None


def _containers(pod: Object) -> Iterator[Object]:
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses", ())
    yield from status.get("containerStatuses", ())


def _crash(state: Object) -> str:
    ended = state.get("lastState", {}).get("terminated") or state.get("state", {}).get("terminated")
    if not ended or not ended.get("exitCode") or not state.get("restartCount"):
        return ""
    return f"keeps ending with exit code {ended['exitCode']}"
