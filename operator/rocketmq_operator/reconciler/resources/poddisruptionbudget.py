"""How many servers a drain of nodes may stop at once."""

from rocketmq_operator.reconciler.kinds import DISRUPTION_BUDGET, Object
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import Cluster, DisruptionBudget


def build(cluster: Cluster) -> Object | None:
    """The budget, or None where it is switched off or a single server could never be drained."""
    spec = cluster.spec
    if not spec.disruption_budget.enabled or spec.servers <= 1:
        return None
    return {
        **child(cluster, DISRUPTION_BUDGET, cluster.names.disruption_budget),
        "spec": {
            **_bound(spec.disruption_budget),
            # A server that is not ready serves nobody: it must not keep a node from draining.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": cluster.names.labels},
        },
    }


def _bound(budget: DisruptionBudget) -> Object:
    if budget.min_available is not None:
        return {"minAvailable": budget.min_available}
    return {"maxUnavailable": 1 if budget.max_unavailable is None else budget.max_unavailable}
