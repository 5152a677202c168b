"""The children of a NameServerCluster, one module each, as the plain objects to apply.

All are pure functions of the cluster: the same cluster gives the same objects, quantities are
written as the API server writes them, and nothing is taken over from the labels or annotations
of the cluster.
"""

from dataclasses import dataclass

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.resources import (
    client_service,
    dashboard,
    external_services,
    headless_service,
    monitoring,
    networkpolicy,
    poddisruptionbudget,
    seed_configmap,
    serviceaccount,
    statefulset,
    tls,
)
from rocketmq_operator.reconciler.resources.inventory import EMPTY, Inventory
from rocketmq_operator.reconciler.spec import Cluster


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the children depend on beside the cluster.

    ``inventory`` is what the live seed says was written before, ``claim_size`` the size in the
    live StatefulSet's volume claim template, ``operator_namespace`` where the operator runs.
    """

    inventory: Inventory = EMPTY
    claim_size: str | None = None
    operator_namespace: str = "rocketmq-system"


def desired(cluster: Cluster, given: Circumstances = Circumstances()) -> list[Object]:
    """Every child that the cluster shall have, in the order to apply them.

    Raises SpecError if the seed does not fit.
    """
    children = [
        serviceaccount.build(cluster),
        seed_configmap.build(cluster, given.inventory),
        headless_service.build(cluster),
        client_service.build(cluster),
        *external_services.build(cluster),
        networkpolicy.build(cluster, given.operator_namespace),
        tls.certificate(cluster),
        monitoring.pod_monitor(cluster),
        monitoring.prometheus_rule(cluster),
        dashboard.build(cluster),
        poddisruptionbudget.build(cluster),
        statefulset.build(cluster, given.claim_size),
    ]
    return [child for child in children if child is not None]
