"""The container that runs one NameServer."""

from types import ModuleType
from typing import Final

import msgspec

from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CONTAINER, DATA_CLAIM
from rocketmq_operator.reconciler.resources import java_server, native_server, quantity, tls
from rocketmq_operator.reconciler.resources.directories import DATA_DIR, SEED_DIR, TEMPORARY_DIR
from rocketmq_operator.reconciler.spec import Cluster, Flavor, ProbeTiming

SEED: Final = "seed"
TEMPORARY: Final = "tmp"
FLAVORS: Final = {Flavor.NATIVE: native_server, Flavor.JAVA: java_server}

DRAIN: Final = 3
"""Seconds that a server whose pod is being deleted still serves.

Services and DNS need a moment to stop leading to it; then clients that lose it find another.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow
"""

SECURITY: Final[Object] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def build(cluster: Cluster) -> Object:
    """The container. Raises SpecError for a quantity that is none."""
    spec, pod, server = cluster.spec, cluster.spec.pod, FLAVORS[cluster.spec.flavor]
    container: Object = {
        "name": CONTAINER,
        "image": spec.image,
        "command": server.command(cluster),
        "env": [*server.environment(cluster), *quantity.in_part("spec.pod.env", pod.env)],
        "ports": server.ports(cluster),
        "resources": _resources(cluster, server),
        "securityContext": {**SECURITY, **pod.container_security_context},
        "volumeMounts": [
            {"name": SEED, "mountPath": SEED_DIR, "readOnly": True},
            {"name": DATA_CLAIM, "mountPath": DATA_DIR},
            {"name": TEMPORARY, "mountPath": TEMPORARY_DIR},
            *tls.mounts(cluster),
            *pod.volume_mounts,
        ],
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN}}},
        **_probes(cluster, server),
    }
    if pod.env_from:
        container["envFrom"] = pod.env_from
    if spec.image_pull_policy is not None:
        container["imagePullPolicy"] = spec.image_pull_policy
    return container


def ports_of(pod: Object) -> dict[str, int]:
    """Where the server in a pod listens, by the names of the ports."""
    found = pods.server(pod["spec"]).get("ports", ())
    return {port["name"]: port["containerPort"] for port in found if "name" in port}


def security(cluster: Cluster) -> Object:
    """The users of a pod, as the image of the flavor has them."""
    found: Object = FLAVORS[cluster.spec.flavor].SECURITY
    return found


def _resources(cluster: Cluster, server: ModuleType) -> Object:
    given = cluster.spec.resources
    parts = server.RESOURCES if given is None else given
    return {
        part: quantity.amounts(f"spec.resources.{part}", table)
        for part, table in parts.items()
        if table
    }


def _probes(cluster: Cluster, server: ModuleType) -> Object:
    """Starting is a matter of a second; a slow node gets a minute before it is restarted."""
    pod, alive, ready = cluster.spec.pod, server.probe("/livez"), server.probe("/readyz")
    return {
        "startupProbe": _probe(alive, pod.startup_probe, period=1, failures=60),
        "readinessProbe": _probe(ready, pod.readiness_probe, period=5, failures=2),
        "livenessProbe": _probe(alive, pod.liveness_probe, period=10, failures=6),
    }


def _probe(what: Object, timing: ProbeTiming, *, period: int, failures: int) -> Object:
    given: Object = msgspec.to_builtins(timing)
    return {
        **what,
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
        "successThreshold": 1,
        **{name: value for name, value in given.items() if value is not None},
    }
