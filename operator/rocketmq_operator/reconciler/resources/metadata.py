"""The metadata that all children have: name, labels, and who owns them."""

from rocketmq_operator.reconciler.kinds import CLUSTER, Kind, Object
from rocketmq_operator.reconciler.spec import Cluster


def child(cluster: Cluster, kind: Kind, name: str) -> Object:
    """A child of ``cluster`` with nothing but its metadata."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {
            "name": name,
            "namespace": cluster.key.namespace,
            "labels": cluster.names.labels,
            "ownerReferences": [_owner(cluster)],
        },
    }


def _owner(cluster: Cluster) -> Object:
    return {
        "apiVersion": CLUSTER.api_version,
        "kind": CLUSTER.name,
        "name": cluster.key.name,
        "uid": cluster.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
