"""The Service that leads clients to any ready server; brokers must not use it."""

from rocketmq_operator.reconciler.kinds import SERVICE, Object
from rocketmq_operator.reconciler.names import REMOTING_PORT
from rocketmq_operator.reconciler.resources.headless_service import service_port
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import Cluster


def build(cluster: Cluster) -> Object:
    """The Service for clients."""
    return {
        **child(cluster, SERVICE, cluster.names.client_service),
        "spec": {
            "type": "ClusterIP",
            "selector": cluster.names.labels,
            "ports": [service_port(REMOTING_PORT, cluster.spec.ports.remoting)],
        },
    }
