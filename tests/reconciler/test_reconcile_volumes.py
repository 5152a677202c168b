"""What a pass does about the size of volumes, and tells of it."""

import pytest

from harness.passes import Passes
from rocketmq_operator.reconciler.kinds import VOLUME_CLAIM
from rocketmq_operator.reconciler.kube.progress import ASK_AGAIN

APP = [{"kvNamespace": "app", "entries": {"a": "1"}}]
STORED = {"replicas": 3, "storage": {"size": "1Gi"}}
READY = (True, True, True)

pytestmark = pytest.mark.usefixtures("_status_at_once")


async def grown(size: str, *, paused: bool = False) -> Passes:
    """A cluster with volumes of 1Gi that shall have another size."""
    passes = Passes(**STORED)
    passes.pods(*READY)
    passes.hold(0, 1, 2)
    for ordinal in range(3):
        passes.volume(ordinal, "1Gi")
    await passes.reconcile(2)
    passes.change(replicas=3, storage={"size": size}, paused=paused)
    return passes


def sizes(passes: Passes) -> list[str]:
    """What the volumes' claims ask for."""
    claims = passes.api.all_of(VOLUME_CLAIM)
    return [claim["spec"]["resources"]["requests"]["storage"] for claim in claims]


async def test_volumes_grow_with_their_size() -> None:
    passes = await grown("2Gi")
    await passes.reconcile()
    assert sizes(passes) == ["2Gi"] * 3
    assert passes.conditions["Ready"] == ("True", "AllServersReady")


async def test_no_volume_grows_while_the_cluster_is_paused() -> None:
    passes = await grown("2Gi", paused=True)
    await passes.reconcile()
    assert sizes(passes) == ["1Gi"] * 3
    passes.change(replicas=3, storage={"size": "2Gi"})
    await passes.reconcile()
    assert sizes(passes) == ["2Gi"] * 3


async def test_volumes_that_may_not_grow_are_not_tried_again_and_again() -> None:
    passes = await grown("2Gi")
    passes.api.refuse("PATCH", VOLUME_CLAIM, 403)
    progress = await passes.reconcile(3)
    assert passes.conditions["Stalled"] == ("True", "VolumeNotGrown")
    assert passes.api.calls.count(("PATCH", VOLUME_CLAIM.plural)) == 3
    assert progress.again is not None
    assert progress.again > 60


async def test_a_claim_without_a_volume_is_waited_for_as_it_may_not_grow() -> None:
    passes = await grown("2Gi")
    passes.volume(1, "1Gi", phase="Pending")
    progress = await passes.reconcile()
    assert sizes(passes) == ["2Gi", "1Gi", "2Gi"]
    assert progress.again is not None
    assert progress.again <= ASK_AGAIN
    assert "Stalled" not in passes.conditions


async def test_a_volume_that_may_not_grow_keeps_no_other() -> None:
    passes = await grown("2Gi")
    passes.api.guard("data-prod-nameserver-0")
    await passes.reconcile()
    assert sizes(passes) == ["1Gi", "2Gi", "2Gi"]
    assert passes.conditions["Stalled"] == ("True", "VolumeNotGrown")


async def test_a_growth_that_fails_is_taken_back() -> None:
    passes = await grown("2Gi")
    passes.api.refuse("PATCH", VOLUME_CLAIM, 403)
    await passes.reconcile()
    passes.change(**STORED)
    await passes.reconcile()
    assert passes.conditions["Ready"] == ("True", "AllServersReady")


async def test_volumes_that_are_larger_than_wanted_are_told() -> None:
    passes = await grown("2Gi")
    await passes.reconcile()
    passes.change(**STORED)
    await passes.reconcile()
    assert sizes(passes) == ["2Gi"] * 3
    assert passes.conditions["Ready"] == ("True", "AllServersReady")
    assert "data-prod-nameserver-0 keeps its 2Gi" in passes.status["message"]


async def test_a_key_is_struck_off_while_volumes_cannot_grow() -> None:
    passes = await grown("2Gi")
    passes.change(replicas=3, storage={"size": "2Gi"}, kvConfig=APP)
    passes.api.refuse("PATCH", VOLUME_CLAIM, 403)
    await passes.reconcile()
    passes.change(replicas=3, storage={"size": "2Gi"})
    passes.hold(0, 1, 2, app={})
    await passes.reconcile()
    assert passes.conditions["Stalled"] == ("True", "VolumeNotGrown")
    assert passes.pending == {}
