"""Prometheus metrics of the operator; names and labels are stable."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

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
