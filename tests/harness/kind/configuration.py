"""What kind and Kubernetes are told when a cluster is made."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from harness import audit
from harness.images import PRODUCT_IMAGE
from harness.kind import systemimages
from harness.kind.engine import Engine
from harness.loopback import free_ports

RELAY_PORT: Final = 30080
RELAY_NAMESPACE: Final = "harness"
AUDIT_POLICY: Final = "/etc/kubernetes/audit-policy.yaml"
AUDIT_LOG: Final = "/var/log/kubernetes/audit.log"
"""Paths on the node."""


def published_ports(engine: Engine) -> tuple[int, int]:
    """Where an engine publishes the API and the relay; an isolated one's are nobody else's."""
    if engine.isolated:
        return 6443, RELAY_PORT
    api, relayed = free_ports(engine.address, 2)
    return api, relayed


def write(
    directory: Path, engine: Engine, published: tuple[int, int], *, own_node_image: bool
) -> Path:
    """Write the file for `kind create cluster --config`, and what it mounts, to the directory."""
    policy = directory / "audit-policy.yaml"
    policy.write_text(audit.POLICY)
    file = directory / "kind.yaml"
    file.write_text(
        cluster(engine.address, published, audit_policy=policy, own_node_image=own_node_image)
    )
    return file


def cluster(address: str, ports: Sequence[int], *, audit_policy: Path, own_node_image: bool) -> str:
    """The configuration of `kind create cluster`.

    The API and the relay are published at these two ports of `address`. A node image of ours has
    versions of its own of some parts.
    """
    api_port, relay_port = ports
    patches = [{"kind": "KubeletConfiguration", "failCgroupV1": False}, _audited()]
    if own_node_image:
        patches.append(_own_parts())
    relay = {
        "containerPort": RELAY_PORT,
        "hostPort": relay_port,
        "listenAddress": address,
    }
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {
                "ipFamily": "ipv4",
                "apiServerAddress": address,
                "apiServerPort": api_port,
                "podSubnet": "10.244.0.0/16",
                "serviceSubnet": "10.96.0.0/16",
            },
            "kubeadmConfigPatches": [yaml.safe_dump(patch) for patch in patches],
            "nodes": [
                {
                    "role": "control-plane",
                    "extraPortMappings": [relay],
                    "extraMounts": [_mounted(audit_policy)],
                }
            ],
        }
    )


def _mounted(audit_policy: Path) -> dict[str, Any]:
    return {"hostPath": str(audit_policy), "containerPath": AUDIT_POLICY, "readOnly": True}


def _audited() -> dict[str, Any]:
    """An API server that keeps an audit log."""
    flags = {"audit-policy-file": AUDIT_POLICY, "audit-log-path": AUDIT_LOG}
    policy = {"name": "audit-policy", "readOnly": True, "pathType": "File"}
    log = {"name": "audit-log", "pathType": "DirectoryOrCreate"}
    return {
        "kind": "ClusterConfiguration",
        "apiServer": {
            "extraArgs": flags,
            "extraVolumes": [
                policy | dict.fromkeys(("hostPath", "mountPath"), AUDIT_POLICY),
                log | dict.fromkeys(("hostPath", "mountPath"), str(Path(AUDIT_LOG).parent)),
            ],
        },
    }


def _own_parts() -> dict[str, Any]:
    """Tags of our images, and an etcd that does not wait for a disk: no data outlives the node."""
    etcd = {"imageTag": systemimages.etcd_tag(), "extraArgs": {"unsafe-no-fsync": "true"}}
    return {
        "kind": "ClusterConfiguration",
        "etcd": {"local": etcd},
        "dns": {"imageTag": systemimages.coredns_tag()},
    }


def relay(program: str) -> list[dict[str, Any]]:
    """The relay's objects; `program` is the text of relay.py."""
    metadata = {"name": "relay", "namespace": RELAY_NAMESPACE}
    labels = {"app": "relay"}
    container = {
        "name": "relay",
        "image": PRODUCT_IMAGE,
        "command": ["/opt/rocketmq/bin/python", "-c", program, str(RELAY_PORT)],
        "ports": [{"containerPort": RELAY_PORT}],
        "readinessProbe": {"tcpSocket": {"port": RELAY_PORT}, "periodSeconds": 1},
        "resources": {"limits": {"memory": "128Mi"}, "requests": {"cpu": "10m"}},
    }
    service = {
        "type": "NodePort",
        "selector": labels,
        "ports": [{"port": RELAY_PORT, "nodePort": RELAY_PORT}],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = {"selector": {"matchLabels": labels}, "template": template}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": RELAY_NAMESPACE}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": deployment},
    ]
