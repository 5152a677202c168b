"""What Prometheus sees of a cluster is what its status says."""

from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from rocketmq_operator.reconciler import clustermetrics
from rocketmq_operator.reconciler.clustermetrics import Pass
from rocketmq_operator.reconciler.kinds import Key
from rocketmq_operator.reconciler.metrics import ClusterCollector

PROD = {
    "metadata": {"namespace": "mq", "name": "prod"},
    "spec": {"replicas": 3},
    "status": {
        "replicas": 3,
        "updatedReplicas": 2,
        "readyReplicas": 1,
        "conditions": [{"type": "Ready", "status": "False"}],
        "brokerSummary": {"online": 4, "known": 6, "disagreements": 1},
        "namesrvConfig": {"drifted": ["a"]},
        "kvConfig": [{"drifted": ["a", "b"]}, {}],
    },
}
NEW = {"metadata": {"namespace": "mq", "name": "new"}}


def scraped(*clusters: Any, **passes: Pass) -> set[str]:
    registry = CollectorRegistry()
    keyed = {Key("mq", name): one for name, one in passes.items()}
    registry.register(ClusterCollector(lambda: clustermetrics.families(clusters, keyed)))
    text = generate_latest(registry).decode()
    prefix = clustermetrics.PREFIX
    return {line.removeprefix(prefix) for line in text.splitlines() if line.startswith(prefix)}


def test_the_status_in_numbers() -> None:
    assert scraped(PROD, prod=Pass(1000, succeeded=False)) == {
        'condition{name="prod",namespace="mq",status="True",type="Ready"} 0.0',
        'condition{name="prod",namespace="mq",status="False",type="Ready"} 1.0',
        'condition{name="prod",namespace="mq",status="Unknown",type="Ready"} 0.0',
        'servers{name="prod",namespace="mq",state="wanted"} 3.0',
        'servers{name="prod",namespace="mq",state="existing"} 3.0',
        'servers{name="prod",namespace="mq",state="updated"} 2.0',
        'servers{name="prod",namespace="mq",state="ready"} 1.0',
        'brokers{name="prod",namespace="mq",state="online"} 4.0',
        'brokers{name="prod",namespace="mq",state="disagreed"} 1.0',
        'brokers{name="prod",namespace="mq",state="offline"} 2.0',
        'drifted_keys{name="prod",namespace="mq",what="namesrvConfig"} 1.0',
        'drifted_keys{name="prod",namespace="mq",what="kvConfig"} 2.0',
        'last_reconcile_timestamp_seconds{name="prod",namespace="mq"} 1000.0',
        'last_reconcile_succeeded{name="prod",namespace="mq"} 0.0',
    }


def test_a_cluster_without_a_status_and_one_that_is_gone() -> None:
    found = scraped(NEW, gone=Pass(1000, succeeded=True))
    assert 'servers{name="new",namespace="mq",state="ready"} 0.0' in found
    assert not [line for line in found if "brokers" in line or "gone" in line]
