"""Prometheus metrics of the operator; names and labels are stable."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()

RECONCILES = Counter(
    "rocketmq_operator_reconciles",
    "Reconciles by result.",
    ["result"],
    registry=REGISTRY,
)
RECONCILE_SECONDS = Histogram(
    "rocketmq_operator_reconcile_seconds",
    "Duration of one reconcile.",
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
    registry=REGISTRY,
)
QUEUE_DEPTH = Gauge(
    "rocketmq_operator_queue_depth",
    "Clusters waiting to be reconciled.",
    registry=REGISTRY,
)
QUEUE_AGE = Gauge(
    "rocketmq_operator_queue_oldest_seconds",
    "How long the cluster that waits longest has waited.",
    registry=REGISTRY,
)
LEADING = Gauge(
    "rocketmq_operator_leading",
    "1 on the replica that holds the Lease.",
    registry=REGISTRY,
)
API_WRITES = Counter(
    "rocketmq_operator_api_writes",
    "Writes to the Kubernetes API by what was written.",
    ["what"],
    registry=REGISTRY,
)
API_CALLS = Counter(
    "rocketmq_operator_api_calls",
    "Calls of the Kubernetes API, watches excepted, by HTTP method and status.",
    ["verb", "code"],
    registry=REGISTRY,
)
WIRE_CALLS = Counter(
    "rocketmq_operator_wire_calls",
    "Calls of NameServers by request and by the answer's code or the error.",
    ["request", "result"],
    registry=REGISTRY,
)


class ClusterCollector(Collector):
    """Metrics made when somebody scrapes."""

    def __init__(self, families: Callable[[], Iterable[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """What the function gives now."""
        return self._families()
