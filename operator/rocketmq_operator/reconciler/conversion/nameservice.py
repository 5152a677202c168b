"""A NameService of apache/rocketmq-operator."""

from typing import Final

from rocketmq_operator.reconciler.conversion.fields import Fields, Remarks
from rocketmq_operator.reconciler.conversion.origin import Origin
from rocketmq_operator.reconciler.kinds import Object

GROUP: Final = "rocketmq.apache.org"
VERSION: Final = f"{GROUP}/v1alpha1"
KIND: Final = "NameService"
IN_CONTAINER: Final = {
    "image": "nameServiceImage",
    "imagePullPolicy": "imagePullPolicy",
    "resources": "resources",
    "env": "env",
    "securityContext": "containerSecurityContext",
}
"""Fields of a container by what they are called in a NameService."""
IN_POD: Final = (
    "hostNetwork",
    "dnsPolicy",
    "securityContext",
    "imagePullSecrets",
    "affinity",
    "tolerations",
    "nodeSelector",
    "priorityClassName",
    "serviceAccountName",
)
CLAIMED: Final = frozenset({"StorageClass", "NFS"})
"""Storage modes with a volume for each server; NFS is what older versions call it."""
LOGS_ONLY: Final = "that operator keeps only the logs there"
NO_SUCH_FIELD: Final = "that operator ignores it as well, and a NameServerCluster has no such field"


def read(body: Object, remarks: Remarks) -> Origin:
    """The servers that it asks for."""
    metadata, spec = body["metadata"], Fields("spec", body.get("spec"))
    origin = Origin(
        KIND,
        metadata["name"],
        metadata.get("namespace"),
        remarks,
        spec.take("size"),
        spec.at("size"),
        Fields("spec", {name: spec.take(name) for name in IN_POD}),
        Fields("spec", {own: spec.take(name) for own, name in IN_CONTAINER.items()}, IN_CONTAINER),
        # What the operator gives the pods, so that rules about them are recognized.
        {"app": "name_service", "name_service_cr": metadata["name"]},
        spec.take_mapping("podAnnotations"),
    )
    _storage(spec, origin)
    for _, path, value in spec.rest({}):
        remarks.left(path, value, NO_SUCH_FIELD)
    return origin


def _storage(spec: Fields, origin: Origin) -> None:
    mode, path = spec.take("storageMode"), spec.take("hostPath")
    claims = spec.take_objects("volumeClaimTemplates")
    if mode in CLAIMED:
        origin.claims = claims
    elif mode != "EmptyDir" and path:
        advice = f"{LOGS_ONLY}; servers log to their standard output"
        origin.remarks.left(spec.at("hostPath"), path, advice)
