"""What goes wrong in real clusters, and what the operator makes of it."""

import signal
from typing import Final

import pytest

from harness.cluster import Cluster
from harness.images import PRODUCT_IMAGE
from harness.product import SYSTEM, WAIT, Make, Nsc, Product
from harness.server import Server
from harness.wait import until
from rocketmq_operator.reconciler.kube.lease import LeaseTimes

KINDS: Final = (
    "statefulset",
    "service",
    "configmap",
    "serviceaccount",
    "poddisruptionbudget",
    "networkpolicy",
)
LEASE: Final = LeaseTimes().duration
TAKEOVER: Final = LEASE + 10
"""Seconds from the end of a leader to the next one."""
NOT_PULLED: Final = {"ErrImagePull", "ImagePullBackOff"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_child_deleted_by_hand_comes_back(make: Make, kind: str) -> None:
    nsc = make(replicas=2)
    label = f"namesrv.dev/cluster={nsc.name}"
    before = set(nsc.kubectl("get", kind, "-l", label, "-o", "name").split())
    assert before
    nsc.kubectl("delete", kind, "-l", label)
    until(
        lambda: set(nsc.kubectl("get", kind, "-l", label, "-o", "name").split()) == before,
        timeout=30,
        what=f"every {kind} to come back",
    )
    nsc.wait_ready()


def test_a_child_changed_by_hand_is_put_right(make: Make) -> None:
    nsc = make(replicas=1)
    service = f"{nsc.name}-nameserver"
    nsc.kubectl("label", "service", service, "team=x")
    nsc.kubectl("patch", "service", service, "-p", '{"spec":{"selector":{"app":"other"}}}')
    jsonpath = "-o=jsonpath={.spec.selector.namesrv\\.dev/cluster} {.metadata.labels.team}"
    until(
        lambda: nsc.kubectl("get", "service", service, jsonpath) == f"{nsc.name} x",
        timeout=30,
        what="the selector to be put right, and the label of others to stay",
    )


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


@pytest.mark.alone
def test_the_operator_killed_in_the_middle_goes_on_where_it_was(
    product: Product, kubernetes: Cluster, make: Make
) -> None:
    nsc = make(replicas=2, kvConfig=[{"kvNamespace": "app", "entries": {"a": "1", "b": "2"}}])
    nsc.patch(replicas=3, kvConfig=[{"kvNamespace": "app", "entries": {"a": "9"}}])
    for pod in product.operator_pods():
        kubernetes.kill(SYSTEM, pod, "operator", signal.SIGKILL)
    product.wait_for_operator()
    nsc.wait_ready()
    assert [Server(a).kv("app") for a in nsc.servers().values()] == [{"a": "9"}] * 3


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


@pytest.mark.alone
def test_servers_start_right_while_the_operator_is_down(product: Product, make: Make) -> None:
    nsc = make(
        replicas=1,
        namesrvConfig={"orderMessageEnable": "true"},
        kvConfig=[{"kvNamespace": "app", "entries": {"a": "1"}}],
    )
    product.scale_operator(0)
    try:
        before = nsc.started()
        nsc.kubectl("delete", "pod", f"{nsc.name}-nameserver-0")
        until(
            lambda: len(nsc.pods()) == 1 and nsc.started() != before,
            timeout=WAIT,
            what="another server",
        )
        nsc.workspace.wait_ready(f"{nsc.name}-nameserver-0")
        (address,) = nsc.servers().values()
        assert Server(address).kv("app") == {"a": "1"}
        assert Server(address).config("orderMessageEnable") == "true"
        _delete_while_down(nsc)
    finally:
        product.scale_operator(2)


def _delete_while_down(nsc: Nsc) -> None:
    """Deleting never depends on the operator."""
    nsc.delete()
