"""The container that runs one NameServer."""

from typing import Final

import msgspec

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CONTAINER, DATA_CLAIM, HTTP_PORT, REMOTING_PORT
from rocketmq_operator.reconciler.resources import quantity, tls
from rocketmq_operator.reconciler.spec import DEFAULT_RESOURCES, Cluster, Pod, ProbeTiming

SEED: Final = "seed"
TEMPORARY: Final = "tmp"
SEED_DIR: Final = "/etc/rocketmq/seed"
DATA_DIR: Final = "/var/lib/rocketmq"

SECURITY: Final[Object] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def build(cluster: Cluster) -> Object:
    """The container. Raises SpecError for a quantity that is none."""
    spec, pod = cluster.spec, cluster.spec.pod
    container: Object = {
        "name": CONTAINER,
        "image": spec.image,
        "command": _command(cluster),
        "env": [
            {"name": "NAMESRV_LOG_LEVEL", "value": str(spec.log_level)},
            *quantity.in_part("spec.pod.env", pod.env),
        ],
        "ports": [
            {"name": REMOTING_PORT, "containerPort": spec.ports.remoting, "protocol": "TCP"},
            {"name": HTTP_PORT, "containerPort": spec.ports.http, "protocol": "TCP"},
        ],
        "resources": _resources(cluster),
        "securityContext": {**SECURITY, **pod.container_security_context},
        "volumeMounts": [
            {"name": SEED, "mountPath": SEED_DIR, "readOnly": True},
            {"name": DATA_CLAIM, "mountPath": DATA_DIR},
            {"name": TEMPORARY, "mountPath": "/tmp"},
            *tls.mounts(cluster),
            *pod.volume_mounts,
        ],
        **_probes(pod),
    }
    if pod.env_from:
        container["envFrom"] = pod.env_from
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
        *tls.options(cluster),
    ]


def _resources(cluster: Cluster) -> Object:
    given = cluster.spec.resources
    parts = DEFAULT_RESOURCES if given is None else given
    return {
        part: quantity.amounts(f"spec.resources.{part}", table)
        for part, table in parts.items()
        if table
    }


def _probes(pod: Pod) -> Object:
    """Starting is a matter of a second; a slow node gets a minute before it is restarted."""
    return {
        "startupProbe": _probe("/livez", pod.startup_probe, period=1, failures=60),
        "readinessProbe": _probe("/readyz", pod.readiness_probe, period=5, failures=2),
        "livenessProbe": _probe("/livez", pod.liveness_probe, period=10, failures=6),
    }


def _probe(path: str, timing: ProbeTiming, *, period: int, failures: int) -> Object:
    given: Object = msgspec.to_builtins(timing)
    return {
        "httpGet": {"path": path, "port": HTTP_PORT, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
        "successThreshold": 1,
        **{name: value for name, value in given.items() if value is not None},
    }
