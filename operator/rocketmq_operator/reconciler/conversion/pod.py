"""Pods of NameServers, as ``spec.pod`` of a NameServerCluster."""

from collections.abc import Iterable
from typing import Any, Final

from rocketmq_operator.reconciler.conversion import commandline, environment, volumes
from rocketmq_operator.reconciler.conversion.fields import filled
from rocketmq_operator.reconciler.conversion.origin import Origin, selects
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CLUSTER_LABEL, CONTAINER
from rocketmq_operator.reconciler.spec import Flavor

SAME: Final = (
    "nodeSelector",
    "tolerations",
    "priorityClassName",
    "runtimeClassName",
    "dnsConfig",
    "hostAliases",
)
"""Fields that are called and mean the same."""
USUAL: Final[Object] = {
    "schedulerName": "default-scheduler",
    "serviceAccountName": "default",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
}
GRACE: Final = (5, 600)
"""Seconds that the CRD takes."""
POD_UNSAID: Final[Object] = {
    "restartPolicy": "Always",
    "serviceAccount": None,
    "enableServiceLinks": True,
    "priority": 0,
    "preemptionPolicy": "PreemptLowerPriority",
}
"""What Kubernetes adds by itself to what somebody wrote."""
POD_ADVICE: Final[dict[str, str]] = {
    "automountServiceAccountToken": "pods get no token of the API",
    "enableServiceLinks": "pods get no variables for Services",
    "nodeName": "use spec.pod.nodeSelector",
}
CONTAINER_UNSAID: Final[Object] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
OWN_PROBES: Final = "the operator has its own; their times are spec.pod.{}"
CONTAINER_ADVICE: Final[dict[str, str]] = {
    **{name: OWN_PROBES.format(name) for name in ("startupProbe", "readinessProbe")},
    "livenessProbe": OWN_PROBES.format("livenessProbe"),
    "lifecycle": "the operator lets a server drain before it stops",
}
NO_FIELD: Final = "the pods of a NameServerCluster have no such field"
ROOT: Final = "servers never need root; the users are those of the image"
TOOLS: Final = ("kubectl.kubernetes.io/", "namesrv.dev/", "deployment.kubernetes.io/")
"""Prefixes of annotations that mean nothing on other pods."""
APART: Final = (
    "old servers hold their port on their nodes: while both run, the new ones need other nodes "
    "(spec.pod.nodeSelector) or another port (spec.ports.remoting)"
)
OTHER_PROGRAM: Final = (
    "it is no NameServer; it has to go on running elsewhere before the old pods are deleted"
)


def wanted(origin: Origin, flavor: Flavor, config_volumes: frozenset[str], name: str) -> Object:
    """``spec.pod`` of the cluster ``name``; ``config_volumes`` are in the spec already."""
    pod, container = origin.pod, origin.container
    own_affinity = _ours(pod.take("affinity"), origin, name)
    parts = filled(
        metadata=filled(annotations=_annotations(origin)),
        affinity=own_affinity,
        topologySpreadConstraints=_spread(pod.take_objects("topologySpreadConstraints"), origin),
        **{field: pod.take(field) for field in SAME},
        **{field: _unusual(origin, field) for field in ("schedulerName", "serviceAccountName")},
        terminationGracePeriodSeconds=_grace(origin),
        securityContext=_security(origin, in_container=False),
        containerSecurityContext=_security(origin, in_container=True),
        **environment.wanted(container, flavor, origin.remarks),
        initContainers=pod.take("initContainers"),
        sidecars=_sidecars(pod.take_objects("containers"), origin),
        **_network(origin),
    )
    return parts | volumes.wanted(origin, config_volumes, parts)


def remark_on_rest(origin: Origin) -> None:
    """Say what is left of pod and container when everything else has been read."""
    pod, container, remarks = origin.pod, origin.container, origin.remarks
    for field, path, value in pod.rest(POD_UNSAID):
        if field != "serviceAccount":  # an old name of serviceAccountName
            remarks.left(path, value, POD_ADVICE.get(field, NO_FIELD))
    for field, path, value in container.rest(CONTAINER_UNSAID):
        remarks.left(path, value, CONTAINER_ADVICE.get(field, NO_FIELD))


def _annotations(origin: Origin) -> dict[str, str]:
    return {
        key: str(value) for key, value in origin.annotations.items() if not key.startswith(TOOLS)
    }


def _unusual(origin: Origin, field: str) -> Any:
    value = origin.pod.take(field)
    return None if value == USUAL[field] else value


def _grace(origin: Origin) -> int | None:
    path = origin.pod.at("terminationGracePeriodSeconds")
    given: int | None = origin.pod.take("terminationGracePeriodSeconds")
    if given is None or given == USUAL["terminationGracePeriodSeconds"]:
        return None
    taken = min(max(given, GRACE[0]), GRACE[1])
    if taken != given:
        origin.remarks.say(path, given, f"{taken} is used, the nearest that a spec takes")
    return taken


def _security(origin: Origin, *, in_container: bool) -> Object:
    """A security context without what makes a server root."""
    fields = origin.container if in_container else origin.pod
    path = fields.at("securityContext")
    found = dict(fields.take_mapping("securityContext"))
    for field, root in (
        ("runAsUser", 0),
        ("runAsGroup", 0),
        ("fsGroup", 0),
        ("runAsNonRoot", False),
        ("privileged", True),
    ):
        if field in found and found[field] == root:
            origin.remarks.left(f"{path}.{field}", found.pop(field), ROOT)
    return found


def _network(origin: Origin) -> Object:
    pod = origin.pod
    path, policy = pod.at("dnsPolicy"), pod.take("dnsPolicy")
    if not pod.take("hostNetwork"):
        return filled(dnsPolicy=None if policy == USUAL["dnsPolicy"] else policy)
    origin.remarks.say(pod.at("hostNetwork"), value=True, words=APART)
    if policy == USUAL["dnsPolicy"]:
        words = "ClusterFirstWithHostNet is used, without which a pod there finds no Services"
        origin.remarks.say(path, policy, words)
    return {
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet" if policy in (None, USUAL["dnsPolicy"]) else policy,
    }


def _sidecars(containers: Iterable[Object], origin: Origin) -> list[Object]:
    found = []
    for one in containers:
        path = f"{origin.pod.at('containers')}[{one.get('name')}]"
        if commandline.runs_another(one):
            origin.remarks.left(path, one.get("image"), OTHER_PROGRAM)
        elif one.get("name") == CONTAINER:
            found.append({**one, "name": f"{CONTAINER}-sidecar"})
        else:
            found.append(one)
    return [_without(one, CONTAINER_UNSAID) for one in found]


def _without(content: Object, unsaid: Object) -> Object:
    return {
        key: value
        for key, value in content.items()
        if value != unsaid.get(key) and value not in ({}, [])
    }


def _spread(constraints: list[Object], origin: Origin) -> list[Object]:
    """Constraints on the servers themselves, for which the operator puts its own selector."""
    return [
        {key: part for key, part in one.items() if key != "labelSelector"}
        if selects(one.get("labelSelector") or {}, origin.labels)
        else one
        for one in constraints
    ]


def _ours(part: Any, origin: Origin, name: str) -> Any:
    """Affinity in which what selects the old pods selects the new ones of the cluster."""
    if isinstance(part, list):
        return [_ours(item, origin, name) for item in part]
    if not isinstance(part, dict):
        return part
    own = {"matchLabels": {CLUSTER_LABEL: name}}
    return {
        key: own
        if key == "labelSelector" and isinstance(item, dict) and selects(item, origin.labels)
        else _ours(item, origin, name)
        for key, item in part.items()
    }
