"""What Prometheus and Grafana are given for all clusters at once: rules and a dashboard."""

import json
from typing import Any, Final

import yaml

from harness.product import MANIFESTS, ROOT
from rocketmq_operator.reconciler.resources import dashboard as dashboards
from rocketmq_operator.reconciler.resources.monitoring import ALERTS, Alert, rule

DIRECTORY: Final = MANIFESTS / "monitoring"
RULES: Final = DIRECTORY / "rules.yaml"
DASHBOARD: Final = DIRECTORY / "dashboard.json"
RUNBOOKS: Final = ROOT / "docs/runbooks"
HEAD: Final = """\
# Made by `make generated`. Rules for all NameServerClusters and the operator, for a Prometheus that
# reads files; with the Prometheus operator each cluster brings its own: spec.monitoring.
"""
ANY: Final = "{{ $labels.namespace }}/{{ $labels.name }}"
PROGRAMS: Final = (
    Alert(
        "RocketMQOperatorNoLeader",
        "(sum(rocketmq_operator_leading) or vector(0)) < 1",
        "2m",
        "critical",
        "No replica of the operator works: clusters are left as they are.",
    ),
    Alert(
        "RocketMQOperatorReconcileFails",
        "rocketmq_operator_cluster_last_reconcile_succeeded == 0",
        "15m",
        "warning",
        "The operator does not get done with {key}.",
    ),
    Alert(
        "RocketMQOperatorQueueStuck",
        "max(rocketmq_operator_queue_oldest_seconds) > 120",
        "5m",
        "warning",
        "A cluster has waited for the operator for minutes.",
    ),
    Alert(
        "RocketMQNameServerWritesFail",
        "increase(rocketmq_nameserver_write_errors_total[10m]) > 0",
        "0m",
        "warning",
        "NameServer {{{{ $labels.instance }}}} cannot write its KV store or configuration.",
    ),
    Alert(
        "RocketMQNameServerFramesRejected",
        "rate(rocketmq_nameserver_frames_rejected_total[5m]) > 1",
        "15m",
        "warning",
        "Peers send NameServer {{{{ $labels.instance }}}} what it cannot read.",
    ),
)
"""What can be wrong with the operator and with servers themselves."""
RECORDED: Final = {
    "rocketmq_nameserver:route_lookups:rate5m": (
        "rate(rocketmq_nameserver_route_lookups_total[5m])"
    ),
    "rocketmq_nameserver:reply_cache_hits:ratio5m": (
        "rate(rocketmq_nameserver_reply_cache_hits_total[5m])"
        " / rate(rocketmq_nameserver_route_lookups_total[5m])"
    ),
}


def rules() -> str:
    """The rule file."""
    recorded = [{"record": name, "expr": expr} for name, expr in RECORDED.items()]
    groups = {
        "rocketmq-nameserver-clusters": [rule(alert, "", ANY) for alert in ALERTS],
        "rocketmq-programs": [rule(alert, "", ANY) for alert in PROGRAMS],
        "rocketmq-recorded": recorded,
    }
    content: dict[str, Any] = {
        "groups": [{"name": name, "rules": rules} for name, rules in groups.items()]
    }
    text: str = yaml.safe_dump(content, sort_keys=False, width=120)
    return HEAD + text


def dashboard() -> str:
    """The dashboard, for people to import."""
    return json.dumps(dashboards.of_all(), indent=2) + "\n"


def filled(expression: str, **variables: str) -> str:
    """A query of the dashboard with these values of its variables."""
    for name, value in variables.items():
        expression = expression.replace(f"${name}", value)
    return expression
