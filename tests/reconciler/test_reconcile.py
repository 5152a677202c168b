"""What a pass does, and tells, while something is away or refused."""

from typing import Any

import pytest

from harness.passes import KEY, Passes
from rocketmq_operator.reconciler.kinds import CONFIG_MAP
from rocketmq_operator.reconciler.resources import seed_configmap

APP = [{"kvNamespace": "app", "entries": {"a": "1"}}]
STORED = {"replicas": 3, "storage": {"size": "1Gi"}}


def pending(passes: Passes) -> dict[str, Any]:
    """Keys to remove, as the seed has them."""
    seed = passes.get(CONFIG_MAP, f"{KEY.name}-nameserver-seed")
    return dict(seed_configmap.read(seed).inventory.kv_pending_delete)


async def dropped() -> Passes:
    """A cluster of three that held a key, and whose spec does not have it any more."""
    passes = Passes(**STORED, kvConfig=APP)
    passes.pods(True, True, True)
    passes.hold(0, 1, 2, app={"a": "1"})
    await passes.reconcile(2)
    passes.change(**STORED)
    return passes


async def test_a_key_that_no_server_holds_any_more_is_struck_off() -> None:
    passes = await dropped()
    await passes.reconcile()
    assert pending(passes) == {"app": {"a"}}
    passes.hold(0, 1, 2, app={})
    await passes.reconcile()
    assert pending(passes) == {}


@pytest.mark.parametrize("deleted", ["", "2026-01-01T00:00:00Z"])
async def test_a_key_is_remembered_for_a_server_that_is_away(deleted: str) -> None:
    passes = await dropped()
    if deleted:
        passes.pod(2, ready=False, deletionTimestamp=deleted)
    else:
        passes.no_pod(2)
    passes.hold(0, 1, app={})
    await passes.reconcile(2)
    assert pending(passes) == {"app": {"a"}}
    passes.pod(2)
    await passes.reconcile()
    assert pending(passes) == {"app": {"a"}}
    passes.hold(2, app={})
    await passes.reconcile()
    assert pending(passes) == {}
