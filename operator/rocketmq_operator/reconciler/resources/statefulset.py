"""The StatefulSet. Its pod template holds only what a server must be restarted for."""

from typing import Final

from rocketmq_operator.reconciler.kinds import STATEFUL_SET, Object
from rocketmq_operator.reconciler.names import DATA_CLAIM
from rocketmq_operator.reconciler.resources import default_image, pod_template, quantity
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import AddedMetadata, Cluster, Storage

REVISIONS_KEPT: Final = 5


def build(cluster: Cluster, claim_size: str | None = None) -> Object:
    """The StatefulSet.

    ``claim_size`` is the size in the live one's claim template, which Kubernetes never lets
    change; volumes that shall grow are grown one by one (see ``claims``).
    """
    names, storage = cluster.names, cluster.spec.storage
    spec: Object = {
        "replicas": cluster.spec.servers,
        "serviceName": names.headless_service,
        "selector": {"matchLabels": names.labels},
        # The operator deletes pods one by one: a rolling update of Kubernetes's own would neither
        # wait for the brokers nor leave a broken revision by itself.
        "updateStrategy": {"type": "OnDelete"},
        "podManagementPolicy": "Parallel",
        "revisionHistoryLimit": REVISIONS_KEPT,
        "template": pod_template.build(cluster),
    }
    if storage is not None:
        spec["volumeClaimTemplates"] = [_claim_template(cluster, storage, claim_size)]
        spec["persistentVolumeClaimRetentionPolicy"] = _retention(cluster, storage)
    added = AddedMetadata(annotations={default_image.ANNOTATION: cluster.default_image})
    return {**child(cluster, STATEFUL_SET, names.stateful_set, added), "spec": spec}


def _claim_template(cluster: Cluster, storage: Storage, claim_size: str | None) -> Object:
    size = claim_size or quantity.from_spec("spec.storage.size", storage.size)
    spec: Object = {
        "accessModes": [storage.access_mode],
        "resources": {"requests": {"storage": size}},
    }
    if storage.storage_class_name is not None:
        spec["storageClassName"] = storage.storage_class_name
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": DATA_CLAIM, "labels": cluster.names.labels},
        "spec": spec,
    }


def _retention(cluster: Cluster, storage: Storage) -> Object:
    # To Kubernetes a suspended cluster is one scaled to zero, but its volumes must stay.
    when_scaled = "Retain" if cluster.spec.suspend else storage.when_scaled
    return {"whenDeleted": storage.when_deleted, "whenScaled": when_scaled}
