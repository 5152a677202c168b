"""What the Prometheus operator reads: where to scrape, and what to be alarmed about."""

from typing import Final, NamedTuple

from rocketmq_operator.reconciler.clustermetrics import PREFIX
from rocketmq_operator.reconciler.kinds import POD_MONITOR, PROMETHEUS_RULE, Object
from rocketmq_operator.reconciler.names import HTTP_PORT
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import AddedMetadata, Cluster


class Alert(NamedTuple):
    """``expression`` is PromQL, ``lasting`` how long it must hold, ``text`` what people read.

    In both, ``{prefix}``, ``{own}`` and ``{key}`` stand for the metrics of clusters, the labels of
    one, and its name.
    """

    name: str
    expression: str
    lasting: str
    severity: str
    text: str


ALERTS: Final = (
    Alert(
        "RocketMQNameServerNotReady",
        '{prefix}servers{{{own}state="ready"}} < on (namespace, name) '
        '{prefix}servers{{{own}state="wanted"}}',
        "15m",
        "warning",
        "Fewer NameServers of {key} are ready than wanted.",
    ),
    Alert(
        "RocketMQNameServersDown",
        '{prefix}servers{{{own}state="ready"}} == 0 and on (namespace, name) '
        '{prefix}servers{{{own}state="wanted"}} > 0',
        "1m",
        "critical",
        "No NameServer of {key} is ready: clients find no broker.",
    ),
    Alert(
        "RocketMQNameServerViewsDiverged",
        '{prefix}condition{{{own}type="ViewsConverged",status="False"}} == 1',
        "10m",
        "warning",
        "The NameServers of {key} do not know the same brokers.",
    ),
    Alert(
        "RocketMQBrokersOffline",
        '{prefix}brokers{{{own}state="offline"}} > 0',
        "5m",
        "warning",
        "Brokers that were registered with {key} are gone.",
    ),
    Alert(
        "RocketMQNameServerStalled",
        '{prefix}condition{{{own}type="Stalled",status="True"}} == 1',
        "5m",
        "warning",
        "{key} waits for a person: kubectl describe nsc says for what.",
    ),
)
"""What can be wrong with one cluster."""


def pod_monitor(cluster: Cluster) -> Object | None:
    """The PodMonitor, or None."""
    given = cluster.spec.monitoring.pod_monitor
    if not given.enabled:
        return None
    endpoint = {"port": HTTP_PORT, "path": "/metrics"}
    if given.interval is not None:
        endpoint["interval"] = given.interval
    return {
        **child(cluster, POD_MONITOR, cluster.names.monitor, AddedMetadata(given.labels)),
        "spec": {
            "selector": {"matchLabels": cluster.names.labels},
            "podMetricsEndpoints": [endpoint],
        },
    }


def prometheus_rule(cluster: Cluster) -> Object | None:
    """The PrometheusRule, or None."""
    given = cluster.spec.monitoring.prometheus_rule
    if not given.enabled:
        return None
    key = cluster.key
    own = f'namespace="{key.namespace}",name="{key.name}",'
    group = {"name": f"{key}", "rules": [rule(alert, own, f"{key}") for alert in ALERTS]}
    return {
        **child(cluster, PROMETHEUS_RULE, cluster.names.monitor, AddedMetadata(given.labels)),
        "spec": {"groups": [group]},
    }


def rule(alert: Alert, own: str, key: str) -> Object:
    """The rule as Prometheus reads it, of the cluster ``key`` that the labels ``own`` select."""
    return {
        "alert": alert.name,
        "expr": alert.expression.format(prefix=PREFIX, own=own),
        "for": alert.lasting,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.text.format(key=key),
            "runbook": f"docs/runbooks/{alert.name}.md",
        },
    }
