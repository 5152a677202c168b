"""Children that somebody else changed, a pause, and an operator that is killed or away."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import pytest

from harness.cluster import Cluster
from harness.product import SYSTEM, WAIT, Make, Nsc, Product
from harness.server import Server
from harness.wait import until

KINDS: Final = (
    "statefulset",
    "service",
    "configmap",
    "serviceaccount",
    "poddisruptionbudget",
    "networkpolicy",
)
WEBHOOK_FAILS: Final = "failed calling webhook"


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


def test_a_webhook_that_is_down_keeps_nothing_else(
    product: Product, namespace: str, make: Make
) -> None:
    with _broken_webhook(product, namespace):
        nsc = make(replicas=2, wait=False)
        status = nsc.wait_status(
            lambda status: status.get("ready") == "2/2", "two servers are ready", timeout=WAIT
        )
        assert WEBHOOK_FAILS in status["message"]
        assert nsc.condition("Reconciling")["reason"] == "ApplyingChildren"
        nsc.kubectl("delete", "pod", "-l", f"namesrv.dev/cluster={nsc.name}", "--wait=false")
        nsc.wait_status(lambda status: status.get("ready") != "2/2", "servers are missing")
    nsc.wait_ready()


@contextmanager
def _broken_webhook(product: Product, namespace: str) -> Iterator[None]:
    """Nobody answers who shall be asked about PodDisruptionBudgets."""
    kind, name = "ValidatingWebhookConfiguration", f"broken-{namespace}"
    rule = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": ["*"],
        "resources": ["poddisruptionbudgets"],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    webhook = {
        "name": "broken.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "namespaceSelector": selector,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    api = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind}
    product.apply({**api, "metadata": {"name": name}, "webhooks": [webhook]})
    budget = ("create", "pdb", "b", "--selector=a=b", "--min-available=1", "--dry-run=server")
    command = partial(product.cluster.kubectl, "-n", namespace, *budget, check=False)
    try:
        until(lambda: WEBHOOK_FAILS in command().stderr, timeout=30, what="a webhook in use")
        yield
    finally:
        product.kubectl("delete", kind, name)


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


def test_paused_changes_nothing_and_still_tells(make: Make) -> None:
    nsc = make(replicas=2)
    nsc.patch(paused=True)
    nsc.wait_status(lambda status: status["phase"] == "Paused", "Paused")
    nsc.patch(replicas=3)
    generation = nsc.get()["metadata"]["generation"]
    nsc.wait_status(lambda status: status["observedGeneration"] == generation, "the new spec seen")
    nsc.kubectl("delete", "configmap", f"{nsc.name}-nameserver-seed")
    assert len(nsc.pods()) == 2
    assert nsc.condition("Paused")["status"] == "True"
    assert f"configmap/{nsc.name}-nameserver-seed" not in nsc.leftovers()
    nsc.patch(paused=False)
    nsc.wait_ready()
    assert len(nsc.pods()) == 3
    assert f"configmap/{nsc.name}-nameserver-seed" in nsc.leftovers()
