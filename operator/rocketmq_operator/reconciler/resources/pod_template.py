"""The pod of one server, fit for the ``restricted`` Pod Security profile."""

from typing import Any, Final

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CONTAINER, DATA_CLAIM, HTTP_PORT, REMOTING_PORT
from rocketmq_operator.reconciler.resources import quantity
from rocketmq_operator.reconciler.spec import DEFAULT_RESOURCES, Cluster, PodPart

SEED_DIR: Final = "/etc/rocketmq/seed"
DATA_DIR: Final = "/var/lib/rocketmq"

GROUP: Final = 65532
"""Group that may write to the volumes; that of the image's user."""

POD_SECURITY: Final[Object] = {
    "runAsNonRoot": True,
    "fsGroup": GROUP,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY: Final[Object] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def build(cluster: Cluster) -> Object:
    """The pod template."""
    pod = cluster.spec.pod
    metadata: Object = {"labels": {**pod.metadata.labels, **cluster.names.labels}}
    if pod.metadata.annotations:
        metadata["annotations"] = pod.metadata.annotations
    spec = {
        "serviceAccountName": pod.service_account_name or cluster.names.service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": pod.termination_grace_period_seconds,
        "securityContext": {**POD_SECURITY, **pod.security_context},
        "topologySpreadConstraints": _spread(cluster),
        "containers": [_container(cluster)],
        "volumes": _volumes(cluster),
        **_optional(cluster),
    }
    return {"metadata": metadata, "spec": spec}


def _optional(cluster: Cluster) -> Object:
    pod = cluster.spec.pod
    parts: dict[str, Any] = {
        "imagePullSecrets": [{"name": item.name} for item in cluster.spec.image_pull_secrets],
        "priorityClassName": pod.priority_class_name,
        "nodeSelector": pod.node_selector,
        "tolerations": pod.tolerations,
        "affinity": pod.affinity,
    }
    return {key: part for key, part in parts.items() if part}


def _spread(cluster: Cluster) -> list[PodPart]:
    own = {"labelSelector": {"matchLabels": cluster.names.labels}}
    given = cluster.spec.pod.topology_spread_constraints
    if given is not None:
        return [{**own, **constraint} for constraint in given]
    return [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", **own}
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _container(cluster: Cluster) -> Object:
    spec = cluster.spec
    container: Object = {
        "name": CONTAINER,
        "image": spec.image,
        "command": _command(cluster),
        "env": [{"name": "NAMESRV_LOG_LEVEL", "value": str(spec.log_level)}, *spec.pod.env],
        "ports": [
            {"name": REMOTING_PORT, "containerPort": spec.ports.remoting, "protocol": "TCP"},
            {"name": HTTP_PORT, "containerPort": spec.ports.http, "protocol": "TCP"},
        ],
        "resources": _resources(cluster),
        "securityContext": {**CONTAINER_SECURITY, **spec.pod.container_security_context},
        "volumeMounts": [
            {"name": "seed", "mountPath": SEED_DIR, "readOnly": True},
            {"name": DATA_CLAIM, "mountPath": DATA_DIR},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
        # Starting is a matter of a second; a slow node gets a minute before it is restarted.
        "startupProbe": _probe("/livez", period=1, failures=60),
        "readinessProbe": _probe("/readyz", period=5, failures=2),
        "livenessProbe": _probe("/livez", period=10, failures=6),
    }
    if spec.image_pull_policy is not None:
        container["imagePullPolicy"] = spec.image_pull_policy
    return container


def _command(cluster: Cluster) -> list[str]:
    ports = cluster.spec.ports
    return [
        "rocketmq-nameserver",
        *("--listen", f"0.0.0.0:{ports.remoting}"),
        *("--http", f"0.0.0.0:{ports.http}"),
        *("--seed-dir", SEED_DIR),
        *("--data-dir", DATA_DIR),
    ]


def _resources(cluster: Cluster) -> Object:
    given = cluster.spec.resources
    amounts = DEFAULT_RESOURCES if given is None else given
    return {
        part: {
            name: quantity.from_spec(f"spec.resources.{part}.{name}", amount)
            for name, amount in table.items()
        }
        for part, table in amounts.items()
        if table
    }


def _probe(path: str, *, period: int, failures: int) -> Object:
    return {
        "httpGet": {"path": path, "port": HTTP_PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _volumes(cluster: Cluster) -> list[Object]:
    volumes: list[Object] = [
        {"name": "seed", "configMap": {"name": cluster.names.seed}},
        {"name": "tmp", "emptyDir": {}},
    ]
    if cluster.spec.storage is None:
        volumes.append({"name": DATA_CLAIM, "emptyDir": {}})
    return volumes
