"""What a changed spec would do, told before it is done."""

import json
from typing import Any

import pytest

from rocketmq_operator.reconciler.foresight import Foresight, foresee
from rocketmq_operator.reconciler.resources import Circumstances
from rocketmq_operator.reconciler.resources.inventory import Inventory
from rocketmq_operator.reconciler.spec import Cluster, parse

KV = {"kvConfig": [{"kvNamespace": "app", "entries": {"a": "1", "b": "2"}}]}


def cluster(**spec: Any) -> Cluster:
    metadata = {"name": "prod", "namespace": "mq", "uid": "u-1", "generation": 1}
    return parse({"metadata": metadata, "spec": spec}, "rocketmq-operator:0.1.0")


def foreseen(before: dict[str, Any] | None, after: dict[str, Any]) -> Foresight:
    old = None if before is None else cluster(**before)
    inventory = Inventory().following(old) if old else Inventory()
    return foresee(old, cluster(**after), Circumstances(inventory))


def test_a_new_cluster_is_made_whole_and_restarts_nothing() -> None:
    seen = foreseen(None, {**KV, "replicas": 1})
    assert {change.action for change in seen.objects} == {"create"}
    assert {change.kind for change in seen.objects} >= {"StatefulSet", "Service", "ConfigMap"}
    assert (seen.restarts, bool(seen.wire)) == ((), False)


def test_nothing_follows_from_no_change() -> None:
    assert foreseen(KV, KV).to_text() == "NameServerCluster mq/prod\n  nothing changes\n"


def test_an_image_replaces_the_pods_one_by_one_and_the_field_behind_it_is_named() -> None:
    seen = foreseen({}, {"image": "mine:2"})
    assert seen.restarts == ("prod-nameserver-2", "prod-nameserver-1", "prod-nameserver-0")
    assert seen.because == ("spec.containers[nameserver].image",)
    text = seen.to_text()
    assert (
        "      spec.template.spec.containers[nameserver].image: "
        '"rocketmq-operator:0.1.0" -> "mine:2"\n'
    ) in text
    assert "  replaces, one at a time: prod-nameserver-2, prod-nameserver-1," in text


def test_kv_and_live_configuration_are_written_to_servers_and_restart_none() -> None:
    after = {"kvConfig": [{"kvNamespace": "app", "entries": {"a": "3", "c": "4"}}]}
    seen = foreseen(
        {**KV, "namesrvConfig": {"orderMessageEnable": "true"}},
        {**after, "namesrvConfig": {"clusterTest": "true"}},
    )
    assert seen.wire.put_kv == {"app/a": "3", "app/c": "4"}
    assert seen.wire.delete_kv == ("app/b",)
    assert seen.wire.set_config == {"clusterTest": "true", "orderMessageEnable": "false"}
    assert seen.restarts == ()
    assert [change.kind for change in seen.objects] == ["ConfigMap"]


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ({}, {"paused": True}, "spec.paused is true"),
        ({}, {"replicas": 5}, "servers: 3 -> 5"),
        ({}, {"suspend": True}, "servers: 3 -> 0"),
        ({}, {"namesrvConfig": {"scanNotActiveBrokerInterval": "9000"}}, "when they are restarted"),
        ({}, {"image": "mine:2", "rollout": {"strategy": "OnDelete"}}, "rollout.strategy is"),
    ],
)
def test_what_else_is_worth_knowing(
    before: dict[str, Any], after: dict[str, Any], note: str
) -> None:
    seen = foreseen(before, after)
    (told,) = [one for one in seen.notes if note in one]
    assert f"  note: {told}\n" in seen.to_text()


def test_objects_that_go_and_items_of_lists_are_named() -> None:
    seen = foreseen(
        {"external": {"type": "NodePort"}, "pod": {"env": [{"name": "TZ", "value": "UTC"}]}},
        {"pod": {"env": [{"name": "TZ", "value": "CET"}]}},
    )
    gone = {change.name for change in seen.objects if change.action == "delete"}
    assert gone == {f"prod-nameserver-{n}-external" for n in range(3)}
    assert seen.because == ("spec.containers[nameserver].env[TZ].value",)


def test_programs_read_the_same_as_json() -> None:
    told = json.loads(foreseen({}, {"image": "mine:2"}).to_json())
    assert told["cluster"] == "mq/prod"
    assert told["restarts"][0] == "prod-nameserver-2"
    (change,) = told["objects"]
    assert change["fields"][0]["after"] == "mine:2"
