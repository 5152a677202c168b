"""Volumes of a NameServer's pods."""

from collections.abc import Iterable
from typing import Any, Final

from rocketmq_operator.reconciler.conversion.fields import Remarks, filled
from rocketmq_operator.reconciler.conversion.origin import Origin
from rocketmq_operator.reconciler.kinds import Object

OTHERS: Final = ("sidecars", "initContainers")
KEPT: Final = frozenset({"configMap", "secret", "projected", "downwardAPI", "csi"})
"""What is mounted so that the server reads it."""
IN_SIDECARS: Final = frozenset({"emptyDir", "persistentVolumeClaim"})
"""What a sidecar or an init container may need besides."""
OWN_DATA: Final = {
    "emptyDir": "servers have their own place for data and temporary files",
    "hostPath": "servers log to their standard output; spec.storage keeps KV entries",
    "persistentVolumeClaim": "spec.storage gives each server a volume of its own",
}
TAKEN_NAMES: Final = frozenset({"seed", "data", "tmp", "tls", "client-ca"})
TAKEN_PATHS: Final = frozenset(
    {
        "/tmp",
        "/etc/rocketmq/seed",
        "/etc/rocketmq/tls",
        "/etc/rocketmq/client-ca",
        "/var/lib/rocketmq",
    }
)
NOT_KNOWN: Final = "a NameServerCluster takes no such volume"
ELSEWHERE: Final = "the operator mounts something there; mount it elsewhere by spec.pod"
ACCESS: Final = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})
OLD_CLASS: Final = "volume.beta.kubernetes.io/storage-class"


def wanted(origin: Origin, config_volumes: frozenset[str], pod: Object) -> Object:
    """``volumes`` and ``volumeMounts`` of ``spec.pod``, and its other containers with theirs."""
    path, given = origin.pod.at("volumes"), origin.pod.take_objects("volumes")
    mounts = origin.container.take_objects("volumeMounts")
    needed = {
        mount["name"]
        for field in OTHERS
        for one in pod.get(field, ())
        for mount in one.get("volumeMounts") or ()
    }
    kept = [
        volume
        for volume in given
        if volume["name"] not in config_volumes or volume["name"] in needed
        if _kept(path, volume, needed, origin.remarks)
    ]
    names = {volume["name"] for volume in kept}
    found = [mount for mount in mounts if mount["name"] in names - config_volumes]
    free = [mount for mount in found if _free(origin.container.at("volumeMounts"), mount, origin)]
    used = needed | {mount["name"] for mount in free}
    others = {field: _mounting(pod.get(field, ()), names, origin) for field in OTHERS}
    return filled(volumes=[v for v in kept if v["name"] in used], volumeMounts=free, **others)


def _mounting(containers: Iterable[Object], names: set[str], origin: Origin) -> list[Object]:
    """Containers without the mounts of volumes that are not kept."""
    found = []
    for one in containers:
        mounts = one.get("volumeMounts") or []
        for mount in mounts:
            if mount["name"] not in names:
                path = f"{origin.pod.at('containers')}[{one.get('name')}].volumeMounts"
                origin.remarks.left(path, mount["name"], "its volume is not there any more")
        kept = [mount for mount in mounts if mount["name"] in names]
        rest = {field: part for field, part in one.items() if field != "volumeMounts"}
        found.append(rest | filled(volumeMounts=kept))
    return found


def storage(origin: Origin) -> Object:
    """``spec.storage``: the first of the claim templates."""
    if not origin.claims:
        return {}
    path, remarks = f"{origin.claims_at}[0]", origin.remarks
    for index, claim in enumerate(origin.claims[1:], 1):
        name = (claim.get("metadata") or {}).get("name")
        advice = "a server has one volume; make it large enough for all"
        remarks.left(f"{origin.claims_at}[{index}]", name, advice)
    claim = origin.claims[0].get("spec") or {}
    annotations = (origin.claims[0].get("metadata") or {}).get("annotations") or {}
    requests = (claim.get("resources") or {}).get("requests") or {}
    remarks.say(
        path, requests.get("storage"), "new volumes are made; what is on the old stays there"
    )
    return filled(
        size=requests.get("storage", "1Gi"),
        storageClassName=claim.get("storageClassName") or annotations.get(OLD_CLASS),
        accessMode=_access(f"{path}.spec.accessModes", claim.get("accessModes") or [], remarks),
        whenDeleted="Delete" if origin.retention.get("whenDeleted") == "Delete" else None,
        whenScaled="Retain" if origin.retention.get("whenScaled") == "Retain" else None,
    )


def _access(path: str, modes: list[str], remarks: Remarks) -> str | None:
    mode = next((mode for mode in modes if mode in ACCESS), None)
    if modes and mode is None:
        remarks.left(path, modes, "each server has a volume of its own, ReadWriteOnce")
    return None if mode == "ReadWriteOnce" else mode


def _kept(path: str, volume: Object, needed: Iterable[Any], remarks: Remarks) -> bool:
    name = volume["name"]
    source = next((key for key in volume if key != "name"), "")
    if source not in KEPT and not (name in needed and source in IN_SIDECARS):
        advice = OWN_DATA.get(source, NOT_KNOWN)
    elif name in TAKEN_NAMES:
        advice = "the operator has a volume of this name; give it another, in spec.pod"
    else:
        return True
    remarks.left(f"{path}[{name}]", {key: volume[key] for key in volume if key != "name"}, advice)
    return False


def _free(path: str, mount: Object, origin: Origin) -> bool:
    where = mount["mountPath"]
    if where.rstrip("/") not in TAKEN_PATHS:
        return True
    origin.remarks.left(f"{path}[{mount['name']}]", where, ELSEWHERE)
    return False
