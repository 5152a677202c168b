"""The ServiceAccount of the pods: no rights, no token."""

from rocketmq_operator.reconciler.kinds import SERVICE_ACCOUNT, Object
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import Cluster


def build(cluster: Cluster) -> Object | None:
    """The ServiceAccount, or None where the spec names another."""
    if cluster.spec.pod.service_account_name is not None:
        return None
    account = child(cluster, SERVICE_ACCOUNT, cluster.names.service_account)
    return {**account, "automountServiceAccountToken": False}
