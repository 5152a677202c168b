"""Rules, runbooks and the dashboard, without a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import monitoring
from harness.prometheus import promtool

CLUSTER = 'namespace="mq",name="prod"'
SERVERS = f"rocketmq_operator_cluster_servers{{{CLUSTER},state="
BROKERS = f"rocketmq_operator_cluster_brokers{{{CLUSTER},state="
CONDITION = f"rocketmq_operator_cluster_condition{{{CLUSTER},type="
FIRING: dict[str, tuple[list[tuple[str, str]], str]] = {
    "RocketMQNameServerNotReady": (
        [(f'{SERVERS}"ready"}}', "2x60"), (f'{SERVERS}"wanted"}}', "3x60")],
        "16m",
    ),
    "RocketMQNameServersDown": (
        [(f'{SERVERS}"ready"}}', "0x60"), (f'{SERVERS}"wanted"}}', "3x60")],
        "2m",
    ),
    "RocketMQNameServerViewsDiverged": (
        [(f'{CONDITION}"ViewsConverged",status="False"}}', "1x60")],
        "11m",
    ),
    "RocketMQBrokersOffline": ([(f'{BROKERS}"offline"}}', "1x60")], "6m"),
    "RocketMQNameServerStalled": ([(f'{CONDITION}"Stalled",status="True"}}', "1x60")], "6m"),
    "RocketMQOperatorNoLeader": ([("rocketmq_operator_leading", "0x60")], "3m"),
    "RocketMQOperatorReconcileFails": (
        [(f"rocketmq_operator_cluster_last_reconcile_succeeded{{{CLUSTER}}}", "0x60")],
        "16m",
    ),
    "RocketMQOperatorQueueStuck": ([("rocketmq_operator_queue_oldest_seconds", "100+60x60")], "7m"),
    "RocketMQNameServerWritesFail": (
        [('rocketmq_nameserver_write_errors_total{instance="a:1"}', "0+1x60")],
        "3m",
    ),
    "RocketMQNameServerFramesRejected": (
        [('rocketmq_nameserver_frames_rejected_total{instance="a:1"}', "0+120x60")],
        "20m",
    ),
}
"""Series that make an alert fire, and by when it does."""


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(monitoring.RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[str]:
    return [rule["alert"] for rule in rules() if "alert" in rule]


def test_the_rule_file_is_made_from_the_alerts_and_prometheus_takes_it() -> None:
    assert monitoring.RULES.read_text() == monitoring.rules(), "run make generated"
    assert "SUCCESS" in promtool("check", "rules", monitoring.RULES)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in monitoring.RUNBOOKS.glob("*.md")} == set(alerts())
    for rule in rules():
        if "alert" in rule:
            page = monitoring.ROOT / rule["annotations"]["runbook"]
            assert page.read_text().startswith(f"# {rule['alert']}\n")


def unit_test(directory: Path, name: str, series: list[tuple[str, str]], at: str) -> None:
    """Let promtool say whether an alert fires, and only that one of these."""
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series],
        "promql_expr_test": [
            {
                "expr": f'count by (alertname) (ALERTS{{alertname="{name}",alertstate="firing"}})',
                "eval_time": at,
                "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1}],
            }
        ],
    }
    path = directory / "test.yaml"
    content = {"rule_files": [str(monitoring.RULES)], "evaluation_interval": "1m", "tests": [case]}
    path.write_text(yaml.safe_dump(content))
    promtool("test", "rules", path)


@pytest.mark.parametrize("name", alerts())
def test_each_alert_fires_when_it_should(tmp_path: Path, name: str) -> None:
    unit_test(tmp_path, name, *FIRING[name])


def panels() -> list[dict[str, Any]]:
    found = json.loads(monitoring.DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def test_panels_have_names_explanations_and_a_place_of_their_own() -> None:
    every = json.loads(monitoring.DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels())
