"""The Node objects that the scheduler binds pods to."""

from datetime import datetime

from harness.node.api import MERGE, Api
from harness.node.fields import NODE_CAPACITY
from harness.node.objects import Object, timestamp

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


async def register(api: Api, number: int, address: str, version: str, now: datetime) -> None:
    """Make a ready Node; nothing has to renew it (see the controller manager's flags)."""
    await api.create("/api/v1/nodes", node_object(number))
    status = {"status": node_status(number, address, version, now)}
    await api.patch(f"/api/v1/nodes/{node_name(number)}/status", status, MERGE)


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
