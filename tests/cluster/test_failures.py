"""What goes wrong in real clusters, and what the operator makes of it."""

import signal
from typing import Final

import pytest

from harness.cluster import Cluster
from harness.images import PRODUCT_IMAGE
from harness.product import SYSTEM, Make, Product
from harness.wait import until
from rocketmq_operator.reconciler.kube.lease import LeaseTimes

LEASE: Final = LeaseTimes().duration
TAKEOVER: Final = LEASE + 10
"""Seconds from the end of a leader to the next one."""
NOT_PULLED: Final = {"ErrImagePull", "ImagePullBackOff"}


def test_a_bad_image_is_told_and_taking_it_back_heals(make: Make) -> None:
    nsc = make(replicas=3)
    image = nsc.status()["image"]
    missing = f"{PRODUCT_IMAGE.partition(':')[0]}:no-such-tag"
    nsc.patch(image=missing)
    nsc.wait_status(
        lambda status: any(c["type"] == "Stalled" for c in status["conditions"]), "Stalled"
    )
    stalled = nsc.condition("Stalled")
    assert stalled["reason"] == "ImagePullFailed"
    assert f"'{missing}' cannot be pulled" in stalled["message"]
    assert nsc.columns()["STATUS"] == "Degraded"
    assert nsc.status()["readyReplicas"] == 2
    waiting = nsc.workspace.container(f"{nsc.name}-nameserver-2", "nameserver")["state"]["waiting"]
    assert waiting["reason"] in NOT_PULLED
    nsc.patch(image=image)
    nsc.wait_ready()
    assert nsc.columns()["READY"] == "3/3"


def test_a_cluster_born_with_a_bad_image_fails_and_recovers(make: Make) -> None:
    nsc = make(wait=False, replicas=1, image="no-such-image:1")
    nsc.wait_status(lambda status: status.get("phase") == "Failed", "Failed")
    nsc.patch(image=PRODUCT_IMAGE)
    nsc.wait_ready()


def test_a_server_that_crashes_is_told_and_comes_back(
    product: Product, kubernetes: Cluster, make: Make
) -> None:
    nsc = make(replicas=2)
    before = nsc.started()
    kubernetes.kill(nsc.namespace, f"{nsc.name}-nameserver-1", "nameserver", signal.SIGKILL)
    nsc.wait_status(lambda status: status["ready"] == "1/2", "1/2")
    nsc.wait_ready()
    assert nsc.started() != before


def test_a_container_that_keeps_ending_is_told_with_the_way_to_its_log(make: Make) -> None:
    broken = {
        "name": "broken",
        "image": PRODUCT_IMAGE,
        "command": ["rocketmq-nameserver", "--no-such-option"],
    }
    nsc = make(wait=False, replicas=1, pod={"sidecars": [broken]})
    nsc.wait_status(
        lambda status: any(c["type"] == "Stalled" for c in status.get("conditions", ())), "Stalled"
    )
    stalled = nsc.condition("Stalled")
    assert stalled["reason"] == "CrashLoop"
    pod = f"{nsc.name}-nameserver-0"
    assert f"kubectl -n {nsc.namespace} logs -p {pod} -c broken" in stalled["message"]
    nsc.patch(pod={"sidecars": []})
    nsc.wait_ready()


@pytest.mark.alone
def test_another_replica_takes_over_from_a_leader_whose_pod_is_gone(
    product: Product, make: Make
) -> None:
    leader = until(product.leader_in_pod, timeout=TAKEOVER, what="a leader")
    pod = leader.partition("_")[0]
    # At once: nobody waits for an orderly end.
    product.kubectl("-n", SYSTEM, "delete", "pod", pod, "--grace-period=0", "--force")
    nsc = make(wait=False, replicas=1)
    until(lambda: product.leader() not in ("", leader), timeout=TAKEOVER, what="another leader")
    nsc.wait_ready()
    product.wait_for_operator()
