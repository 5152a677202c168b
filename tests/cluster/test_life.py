"""From `kubectl apply` to `kubectl delete`."""

import json
from typing import Any

import pytest

from harness.cluster import KubectlError
from harness.product import SAMPLES, Make, Nsc, Product


def test_the_basic_sample_comes_up_and_goes_without_a_trace(
    product: Product, namespace: str
) -> None:
    product.kubectl("-n", namespace, "apply", "-f", SAMPLES / "basic.yaml")
    nsc = Nsc(product, "basic", namespace)
    nsc.wait_ready()
    found = nsc.columns()
    shown = {name: found[name] for name in ("READY", "STATUS", "BROKERS", "VIEWS", "CONFIG")}
    assert shown == {
        "READY": "3/3",
        "STATUS": "Running",
        "BROKERS": "0/0",
        "VIEWS": "Converged",
        "CONFIG": "Synced",
    }
    nsc.delete()
    assert nsc.leftovers() == []


def test_the_first_status_never_looks_healthy(make: Make) -> None:
    nsc = make(wait=False)
    first = nsc.wait_status(lambda status: "conditions" in status, "what the operator writes first")
    ready = next(item for item in first["conditions"] if item["type"] == "Ready")
    assert ready["status"] == "False"


def test_the_object_carries_no_annotation_and_no_finalizer_of_ours(make: Make) -> None:
    metadata = make(replicas=1).get()["metadata"]
    assert "finalizers" not in metadata
    assert set(metadata["annotations"]) == {"kubectl.kubernetes.io/last-applied-configuration"}


def test_scaling_up_and_down(make: Make) -> None:
    nsc = make(replicas=3)
    for replicas in (5, 1):
        nsc.kubectl("scale", f"nsc/{nsc.name}", f"--replicas={replicas}")
        nsc.wait_status(
            lambda status, want=f"{replicas}/{replicas}": (
                status["ready"] == want and status["phase"] == "Running"
            ),
            f"{replicas} servers and Running",
        )
        assert len(nsc.pods()) == replicas
        addresses = nsc.status()["addresses"]["namesrvAddr"].split(";")
        assert len(addresses) == replicas
    scale = nsc.kubectl("get", "--raw", f"{_path(nsc)}/scale")
    assert json.loads(scale)["status"]["replicas"] == 1


def test_suspend_stops_the_servers_and_keeps_the_rest(make: Make) -> None:
    nsc = make(replicas=2)
    nsc.patch(suspend=True)
    nsc.wait_status(lambda status: status["phase"] == "Suspended", "Suspended")
    assert nsc.pods() == {}
    assert f"service/{nsc.name}-nameserver" in nsc.leftovers()
    nsc.patch(suspend=False)
    nsc.wait_ready()
    assert len(nsc.pods()) == 2


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"replicas": 0}, "spec.replicas"),
        ({"ports": {"remoting": 8080}}, "ports"),
        ({"namesrvConfig": {"kvConfigPath": "/tmp/x"}}, "kvConfigPath"),
        ({"kvConfig": [{"kvNamespace": "ORDER_TOPIC_CONFIG", "entries": {}}]}, "orderTopics"),
    ],
)
def test_an_invalid_cluster_is_refused_with_words_that_help(
    product: Product, namespace: str, spec: dict[str, Any], words: str
) -> None:
    with pytest.raises(KubectlError) as refused:
        Nsc(product, "bad", namespace).create(**spec)
    assert words in str(refused.value)


def test_kubectl_explains_the_spec(product: Product) -> None:
    told = product.kubectl("explain", "nsc.spec.brokers")
    assert "probeIntervalSeconds" in told
    assert "DESCRIPTION" in told


def _path(nsc: Nsc) -> str:
    return f"/apis/namesrv.dev/v1alpha1/namespaces/{nsc.namespace}/nameserverclusters/{nsc.name}"
