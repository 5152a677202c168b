"""Every field of the CRD means something to the operator."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from harness import schemawalk
from harness.schemawalk import Step
from rocketmq_operator.reconciler import delegation, interpret, kvconfig, resources, status
from rocketmq_operator.reconciler.delegated import Owned
from rocketmq_operator.reconciler.kinds import KV_CONFIG
from rocketmq_operator.reconciler.kube.store import cluster_of
from rocketmq_operator.reconciler.kvconfig import KvConfig
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.resources import Circumstances, default_image, external_services
from rocketmq_operator.reconciler.resources.inventory import Inventory, Written
from rocketmq_operator.reconciler.spec import Cluster, parse
from rocketmq_operator.reconciler.views import BrokerId, ServerView, Sighting, mirror

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
STEPS: Final = schemawalk.steps()
KV_STEPS: Final = schemawalk.steps(schemawalk.KV_CONFIGS)
SERVICES: Final = {
    f"prod-nameserver-{n}-external": {
        "spec": {"ports": [{"nodePort": 31000 + n}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }
    for n in range(3)
}
OWNED: Final = Inventory(kv={"gone": frozenset({"a"})}, namesrv_config=frozenset({"gone"}))
PINNED: Final = {"metadata": {"annotations": {default_image.ANNOTATION: "rocketmq-operator:0.1.0"}}}
VIEW: Final = ServerView(
    {BrokerId("Default", f"broker-{n}", 1): Sighting(f"10.0.0.{n}:10911") for n in range(2)}
)


def parsed(spec: Any) -> Cluster:
    metadata = {"name": "prod", "namespace": "mq", "uid": "u-1", "generation": 1}
    return parse({"metadata": metadata, "spec": spec}, "rocketmq-operator:0.1.0")


def kv_config(spec: Any, **metadata: str) -> KvConfig:
    return kvconfig.read(
        {"metadata": {"name": "shop", "namespace": "team", **metadata}, "spec": spec}
    )


def kv_effects(cluster: Cluster, config: KvConfig) -> Any:
    """What a NameServerKVConfig gets of a cluster that had it before."""
    before = Inventory(delegated={"team/shop": Owned("theirs", frozenset({"a"}))})
    written = Written(before, {"theirs": {"a": "0"}})
    found = delegation.divide(cluster, [config], written, {"team": {"a": "b"}})
    return found.delegated, [(share.entries, share.trouble) for share in found.shares]


def effects(spec: Any) -> dict[str, Any]:
    """All that follows from a spec: children, wire writes, waiting, and what is told."""
    cluster = parsed(spec)
    inventory = OWNED.following(cluster)
    wanted = interpret.wanted(cluster, inventory)
    limits = interpret.limits(cluster)
    shown = mirror((), {"prod-nameserver-0": VIEW}, limits, NOW - timedelta(hours=1))
    outside = external_services.addresses(cluster, SERVICES, {})
    seen = Observed(cluster, NOW, wanted=wanted, mirror=shown, external=outside)
    return {
        "children": json.dumps(resources.desired(cluster, Circumstances(inventory))),
        "orders": interpret.orders(cluster, wanted),
        "gate": interpret.gate(cluster),
        "image": default_image.resolve({"spec": spec}, PINNED, "rocketmq-operator:0.2.0"),
        "limits": limits,
        "status": status.build(seen, {}),
        "kv": kv_effects(cluster, kv_config({"kvNamespace": "theirs", "entries": {"a": "1"}})),
    }


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.leaf)
def test_a_changed_field_changes_what_the_operator_does(step: Step) -> None:
    before, after = effects(step.before), effects(step.after)
    assert [name for name in before if before[name] != after[name]]


@pytest.mark.parametrize("step", KV_STEPS, ids=lambda step: step.leaf)
def test_a_changed_field_of_a_kv_config_changes_what_its_cluster_does(step: Step) -> None:
    before, after = kv_config_effects(step.before), kv_config_effects(step.after)
    assert [name for name in before if before[name] != after[name]]


def kv_config_effects(spec: Any) -> dict[str, Any]:
    """All that follows from a NameServerKVConfig, as long as it is there and after it."""
    cluster = parsed({"kvDelegation": {"from": "All"}})
    body = {"metadata": {"namespace": "team", "name": "shop"}, "spec": spec}
    return {
        "cluster": cluster_of(KV_CONFIG, body),
        "there": kv_effects(cluster, kv_config(spec)),
        "gone": kv_effects(cluster, kv_config(spec, deletionTimestamp="2026-01-02T00:00:00Z")),
    }
