"""The pod of one server, fit for the ``restricted`` Pod Security profile."""

import json
from typing import Any, Final

from rocketmq_operator.protocol.configuration import read_at_start
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import DATA_CLAIM
from rocketmq_operator.reconciler.resources import container, quantity, tls
from rocketmq_operator.reconciler.resources.metadata import described
from rocketmq_operator.reconciler.spec import AddedMetadata, Cluster, OnRestartRequired, PodPart

CONFIG_ANNOTATION: Final = "namesrv.dev/config-read-at-start"
"""Changes the template, so that pods are replaced."""

POD_SECURITY: Final[Object] = {
    "runAsNonRoot": True,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}


def build(cluster: Cluster) -> Object:
    """The pod template. Raises SpecError for a quantity that is none."""
    pod = cluster.spec.pod
    spec = {
        "serviceAccountName": pod.service_account_name or cluster.names.service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": pod.termination_grace_period_seconds,
        "securityContext": {**POD_SECURITY, **container.security(cluster), **pod.security_context},
        "topologySpreadConstraints": _spread(cluster),
        "containers": [container.build(cluster), *_others("sidecars", pod.sidecars)],
        "volumes": [*_volumes(cluster), *quantity.in_part("spec.pod.volumes", pod.volumes)],
        **_optional(cluster),
    }
    return {"metadata": described(cluster, _metadata(cluster)), "spec": spec}


def _metadata(cluster: Cluster) -> AddedMetadata:
    """What the spec adds, and where it asks for restarts, what servers read at their start."""
    given, config = cluster.spec.pod.metadata, read_at_start(cluster.spec.namesrv_config)
    if cluster.spec.rollout.on_restart_required is OnRestartRequired.REPORT or not config:
        return given
    text = json.dumps(config, sort_keys=True)
    return AddedMetadata(given.labels, {**given.annotations, CONFIG_ANNOTATION: text})


def _optional(cluster: Cluster) -> Object:
    pod = cluster.spec.pod
    parts: dict[str, Any] = {
        "imagePullSecrets": [{"name": item.name} for item in cluster.spec.image_pull_secrets],
        "priorityClassName": pod.priority_class_name,
        "runtimeClassName": pod.runtime_class_name,
        "schedulerName": pod.scheduler_name,
        "nodeSelector": pod.node_selector,
        "tolerations": pod.tolerations,
        "affinity": pod.affinity,
        "initContainers": _others("initContainers", pod.init_containers),
        "hostNetwork": pod.host_network,
        "dnsPolicy": pod.dns_policy,
        "dnsConfig": pod.dns_config,
        "hostAliases": pod.host_aliases,
    }
    return {key: part for key, part in parts.items() if part}


def _others(field: str, given: list[PodPart]) -> list[PodPart]:
    """Containers of others, as strict as the server's unless they say otherwise."""
    found: list[PodPart] = quantity.in_part(f"spec.pod.{field}", given)
    return [
        {**one, "securityContext": {**container.SECURITY, **one.get("securityContext", {})}}
        for one in found
    ]


def _spread(cluster: Cluster) -> list[PodPart]:
    own = {"labelSelector": {"matchLabels": cluster.names.labels}}
    given = cluster.spec.pod.topology_spread_constraints
    if given is not None:
        return [{**own, **constraint} for constraint in given]
    return [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", **own}
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _volumes(cluster: Cluster) -> list[Object]:
    volumes: list[Object] = [
        {"name": container.SEED, "configMap": {"name": cluster.names.seed}},
        {"name": container.TEMPORARY, "emptyDir": {}},
    ]
    if cluster.spec.storage is None:
        volumes.append({"name": DATA_CLAIM, "emptyDir": {}})
    return volumes + tls.volumes(cluster)
