"""The Node objects that the scheduler binds pods to."""

import asyncio
import logging
from datetime import UTC, datetime

from harness.node.api import MERGE, TRANSIENT, Api
from harness.node.fields import NODE_CAPACITY
from harness.node.objects import Object, timestamp

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
RENEW_EVERY = 3.0
"""Seconds; a kubelet takes 10, and is given up later."""
ZONE = "topology.kubernetes.io/zone"
HEALTHY = {
    "Ready": ("True", "KubeletReady"),
    "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID"),
}


def node_name(number: int) -> str:
    """Names count from 1."""
    return f"node-{number}"


log = logging.getLogger(__name__)


async def register(api: Api, number: int, address: str, version: str, now: datetime) -> None:
    """Make a ready Node, or make one ready again."""
    await api.ensure("/api/v1/nodes", node_object(number))
    status = {"status": node_status(number, address, version, now)}
    await api.patch(f"/api/v1/nodes/{node_name(number)}/status", status, MERGE)


async def renew_forever(api: Api, name: str) -> None:
    """Renew the Lease that tells the node controller of a living node, as kubelets do."""
    metadata = {"name": name, "namespace": "kube-node-lease"}
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    await api.ensure(LEASES, {**lease, "metadata": metadata, "spec": spec})
    while True:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        try:
            await api.patch(f"{LEASES}/{name}", {"spec": {"renewTime": moment}}, MERGE)
        except TRANSIENT:
            log.exception("the Lease of %s", name)
        await asyncio.sleep(RENEW_EVERY)


def node_object(number: int) -> Object:
    """Each node is a zone of its own."""
    name = node_name(number)
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        ZONE: f"zone-{number}",
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def node_status(number: int, address: str, version: str, now: datetime) -> Object:
    """Healthy, with room for more pods than a test starts."""
    moment = timestamp(now)
    return {
        "capacity": NODE_CAPACITY,
        "allocatable": NODE_CAPACITY,
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": node_name(number)},
        ],
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "lastHeartbeatTime": moment,
                "lastTransitionTime": moment,
            }
            for kind, (status, reason) in HEALTHY.items()
        ],
        "nodeInfo": _node_info(version),
    }


def _node_info(version: str) -> Object:
    unknown = ("machineID", "systemUUID", "bootID", "kernelVersion", "kubeProxyVersion")
    return {
        **dict.fromkeys(unknown, ""),
        "osImage": "the machine of the tests",
        "operatingSystem": "linux",
        "architecture": "amd64",
        "containerRuntimeVersion": "bubblewrap://0",
        "kubeletVersion": version,
    }
