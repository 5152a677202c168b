"""Reading a NameServerCluster: defaults, and what the schema cannot refuse."""

from typing import Any

import pytest

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.spec import Cluster, parse


def cluster(spec: dict[str, Any] | None = None) -> Cluster:
    metadata = {"name": "prod", "namespace": "mq", "uid": "u-1", "generation": 7}
    return parse({"metadata": metadata, "spec": spec}, "operator:default")


@pytest.mark.parametrize("spec", [None, {}])
def test_an_absent_spec_has_every_default(spec: dict[str, Any] | None) -> None:
    read = cluster(spec)
    assert (read.key.namespace, read.key.name, read.uid, read.generation) == (
        "mq",
        "prod",
        "u-1",
        7,
    )
    assert (read.spec.replicas, read.spec.servers) == (3, 3)
    assert read.spec.image == "operator:default"
    assert (read.spec.ports.remoting, read.spec.ports.http) == (9876, 8080)
    assert (read.spec.brokers.stale_after_seconds, read.spec.drift.interval_seconds) == (45, 60)


def test_an_image_of_its_own_wins() -> None:
    assert cluster({"image": "mine:1"}).spec.image == "mine:1"


def test_suspended_means_no_servers_whatever_the_replicas() -> None:
    assert cluster({"suspend": True, "replicas": 5}).spec.servers == 0


def test_order_topics_are_the_kv_namespace_that_rocketmq_reads() -> None:
    spec = cluster(
        {
            "kvConfig": [{"kvNamespace": "shop", "entries": {"a": "1"}}, {"kvNamespace": "empty"}],
            "orderTopics": {"orders": "broker-a:4;broker-b:4"},
        }
    ).spec
    assert spec.kv == {
        "shop": {"a": "1"},
        "empty": {},
        "ORDER_TOPIC_CONFIG": {"orders": "broker-a:4;broker-b:4"},
    }


def test_fields_of_a_newer_crd_are_left_out() -> None:
    assert cluster({"replicas": 5, "sharding": {"by": "zone"}}).spec.replicas == 5


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"replicas": 10}, "spec.replicas"),
        ({"ports": {"http": "8080"}}, "spec.ports.http"),
        ({"drift": {"kvPrune": "Sometimes"}}, "spec.drift.kvPrune"),
        ({"kvConfig": [{"entries": {}}]}, "spec.kvConfig[0]"),
    ],
)
def test_a_wrong_value_is_named_with_its_path(spec: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        cluster(spec)
    assert caught.value.path == path


def kv_of(count: int) -> list[dict[str, Any]]:
    return [
        {"kvNamespace": f"n{n}", "entries": {f"k{k}": "v" * 4000 for k in range(count)}}
        for n in range(10)
    ]


def test_kv_entries_that_no_config_map_holds_are_refused_with_both_sizes() -> None:
    with pytest.raises(SpecError, match=r"spec.kvConfig: KVTooLarge: .* \d{6,} bytes .* 900000"):
        cluster({"kvConfig": kv_of(23)})


def test_kv_entries_just_below_the_limit_are_taken() -> None:
    assert len(cluster({"kvConfig": kv_of(22)}).spec.kv) == 10
