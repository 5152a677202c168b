"""Volumes of a StorageClass that lets none grow."""

from harness.product import Make


def test_a_growth_that_is_refused_can_be_taken_back(make: Make) -> None:
    nsc = make(replicas=1, storage={"size": "16Mi"})
    nsc.patch(storage={"size": "32Mi"})
    nsc.wait_status(lambda status: "persistentvolumeclaims" in status["message"], "a refusal")
    assert nsc.condition("Stalled")["reason"] == "VolumeNotGrown"
    nsc.patch(storage={"size": "16Mi"})
    nsc.wait_ready()
    assert nsc.condition("Stalled") == {}
