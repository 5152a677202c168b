"""The metadata that all children have: name, labels, and who owns them."""

from typing import Final

from rocketmq_operator.reconciler.kinds import CLUSTER, Kind, Object
from rocketmq_operator.reconciler.spec import AddedMetadata, Cluster

NOTHING_ADDED: Final = AddedMetadata()


def child(cluster: Cluster, kind: Kind, name: str, added: AddedMetadata = NOTHING_ADDED) -> Object:
    """A child of ``cluster`` with nothing but its metadata, and what the spec adds to it."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {
            "name": name,
            "namespace": cluster.key.namespace,
            **described(cluster, added),
            "ownerReferences": [_owner(cluster)],
        },
    }


def described(cluster: Cluster, added: AddedMetadata) -> Object:
    """Labels, of which the operator's win, and annotations if there are any."""
    labels = {"labels": {**added.labels, **cluster.names.labels}}
    return labels | ({"annotations": added.annotations} if added.annotations else {})


def _owner(cluster: Cluster) -> Object:
    return {
        "apiVersion": CLUSTER.api_version,
        "kind": CLUSTER.name,
        "name": cluster.key.name,
        "uid": cluster.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
