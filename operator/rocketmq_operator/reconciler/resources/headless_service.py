"""The Service that gives every server a name of its own.

It publishes servers that are not ready: a broker must be able to register with a server before
anybody can call that server ready.
"""

from rocketmq_operator.reconciler.kinds import SERVICE, Object
from rocketmq_operator.reconciler.names import HTTP_PORT, REMOTING_PORT
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import Cluster


def build(cluster: Cluster) -> Object:
    """The headless Service."""
    ports, added = cluster.spec.ports, cluster.spec.headless_service.metadata
    return {
        **child(cluster, SERVICE, cluster.names.headless_service, added),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": cluster.names.labels,
            "ports": [
                service_port(REMOTING_PORT, ports.remoting),
                service_port(HTTP_PORT, ports.http),
            ],
        },
    }


def service_port(name: str, number: int) -> Object:
    """A port of a Service that leads to the container port of the same name."""
    return {"name": name, "port": number, "targetPort": name, "protocol": "TCP"}
