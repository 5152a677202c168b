"""Every field of the CRD means something to the operator."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from harness import schemawalk
from harness.schemawalk import Step
from rocketmq_operator.reconciler import interpret, resources, status
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.resources import Circumstances, default_image, external_services
from rocketmq_operator.reconciler.resources.inventory import Inventory
from rocketmq_operator.reconciler.spec import Cluster, parse
from rocketmq_operator.reconciler.views import BrokerId, ServerView, Sighting, mirror

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
STEPS: Final = schemawalk.steps()
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


def effects(spec: Any) -> dict[str, Any]:
    """All that follows from a spec: children, wire writes, waiting, and what is told."""
    cluster = parsed(spec)
    inventory = OWNED.following(cluster.spec)
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
    }


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.leaf)
def test_a_changed_field_changes_what_the_operator_does(step: Step) -> None:
    before, after = effects(step.before), effects(step.after)
    assert [name for name in before if before[name] != after[name]]
