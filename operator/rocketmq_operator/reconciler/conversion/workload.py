"""A StatefulSet or Deployment with NameServers in its pods."""

from typing import Any, Final

from rocketmq_operator.reconciler.conversion import commandline
from rocketmq_operator.reconciler.conversion.fields import Fields, Remarks, filled
from rocketmq_operator.reconciler.conversion.origin import Origin
from rocketmq_operator.reconciler.kinds import Object

VERSION: Final = "apps/v1"
KINDS: Final = frozenset({"StatefulSet", "Deployment"})
UNSAID: Final[Object] = {
    "podManagementPolicy": "OrderedReady",
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
}
"""Kubernetes's defaults, which nobody wrote."""
WITHOUT_WORD: Final = ("serviceName", "strategy")
ADVICE: Final = {
    "podManagementPolicy": "all servers are started at once",
    "revisionHistoryLimit": "five are kept",
    "progressDeadlineSeconds": "the status says what a rollout waits for; see spec.rollout",
    "ordinals": "servers count from 0",
    "paused": "a paused Deployment is not the same as spec.paused; decide anew",
}
LABELS: Final = (
    "a Service that selects by them would lead to servers that know no broker yet; put them into "
    "spec.pod.metadata.labels later"
)
NO_FIELD: Final = "a NameServerCluster has no such field"


def server(body: Object) -> int | None:
    """Which container of the pods runs a NameServer; None if none does."""
    for index, container in enumerate(_containers(body)):
        if commandline.runs_nameserver(container):
            return index
    return None


def read(body: Object, index: int, remarks: Remarks) -> Origin:
    """The servers that run in the container with this index."""
    metadata, spec = body["metadata"], Fields("spec", body.get("spec"))
    template = spec.take_mapping("template")
    described = template.get("metadata") or {}
    containers = _containers(body)
    name = containers[index].get("name", index)
    pod = dict(template.get("spec") or {})
    pod["containers"] = [one for at, one in enumerate(containers) if at != index]
    origin = Origin(
        str(body["kind"]),
        metadata["name"],
        metadata.get("namespace"),
        remarks,
        spec.take("replicas"),
        spec.at("replicas"),
        Fields("spec.template.spec", pod),
        Fields(f"spec.template.spec.containers[{name}]", containers[index]),
        described.get("labels") or {},
        described.get("annotations") or {},
        spec.take_objects("volumeClaimTemplates"),
        retention=spec.take_mapping("persistentVolumeClaimRetentionPolicy"),
        rollout=_rollout(spec),
    )
    _remark_on_labels(spec, origin)
    _rest(spec, remarks)
    return origin


def _containers(body: Object) -> list[Object]:
    template = (body.get("spec") or {}).get("template") or {}
    return (template.get("spec") or {}).get("containers") or []


def _rollout(spec: Fields) -> Object:
    strategy: Any = spec.take_mapping("updateStrategy").get("type")
    return filled(
        strategy="OnDelete" if strategy == "OnDelete" else None,
        # 0 is Kubernetes's default, and no wish.
        minReadySeconds=spec.take("minReadySeconds") or None,
    )


def _remark_on_labels(spec: Fields, origin: Origin) -> None:
    own = spec.take_mapping("selector").get("matchLabels") or {}
    others = {key: value for key, value in origin.labels.items() if key not in own}
    if others:
        origin.remarks.left("spec.template.metadata.labels", others, LABELS)


def _rest(spec: Fields, remarks: Remarks) -> None:
    for name, path, value in spec.rest(UNSAID):
        if name not in WITHOUT_WORD:
            remarks.left(path, value, ADVICE.get(name, NO_FIELD))
