"""The children of a NameServerCluster, one module each, as the plain objects to apply.

All are pure functions of the cluster: the same cluster gives the same objects, quantities are
written as the API server writes them, and nothing is taken over from the labels or annotations
of the cluster.
"""

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.resources import (
    client_service,
    headless_service,
    poddisruptionbudget,
    seed_configmap,
    serviceaccount,
    statefulset,
)
from rocketmq_operator.reconciler.resources.inventory import EMPTY, Inventory
from rocketmq_operator.reconciler.spec import Cluster


def desired(
    cluster: Cluster, inventory: Inventory = EMPTY, claim_size: str | None = None
) -> list[Object]:
    """Every child that the cluster shall have, in the order to apply them.

    ``inventory`` is what the live seed says was written before; ``claim_size`` the size in the
    live StatefulSet's volume claim template. Raises SpecError if the seed does not fit.
    """
    children = [
        serviceaccount.build(cluster),
        seed_configmap.build(cluster, inventory),
        headless_service.build(cluster),
        client_service.build(cluster),
        poddisruptionbudget.build(cluster),
        statefulset.build(cluster, claim_size),
    ]
    return [child for child in children if child is not None]
