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


def test_two_clusters_of_one_name_in_two_namespaces_do_not_meet(
    product: Product, namespace: str, make: Make
) -> None:
    here = make(replicas=1, kvConfig=[{"kvNamespace": "app", "entries": {"where": "here"}}])
    other = f"{namespace}-other"
    product.kubectl("create", "namespace", other)
    there = Nsc(product, here.name, other)
    there.create(replicas=2, kvConfig=[{"kvNamespace": "app", "entries": {"where": "there"}}])
    there.wait_ready()
    assert here.columns()["READY"] == "1/1"
    assert set(here.servers().values()).isdisjoint(there.servers().values())
    there.delete()
    product.kubectl("delete", "namespace", other, "--wait=false")
    assert here.columns()["READY"] == "1/1"


STRANGER = "nsc-0-nameserver"


@pytest.fixture
def in_the_way(product: Product, namespace: str, make: Make) -> Nsc:
    """A cluster that waits as a Service of somebody else has the name of its own."""
    product.kubectl("-n", namespace, "create", "service", "clusterip", STRANGER, "--tcp=1:1")
    nsc = make(wait=False, replicas=1)
    nsc.wait_status(lambda status: status.get("phase") == "Failed", "Failed")
    return nsc


def test_a_name_that_somebody_else_uses_is_told_and_left_alone(in_the_way: Nsc) -> None:
    stalled = in_the_way.condition("Stalled")
    assert stalled["reason"] == "NameTaken"
    assert f"Service {STRANGER}" in stalled["message"]
    in_the_way.kubectl("delete", "service", STRANGER)
    in_the_way.wait_ready()


def test_an_object_that_asks_for_it_is_adopted_whole(in_the_way: Nsc) -> None:
    nsc = in_the_way
    path = f"/api/v1/namespaces/{nsc.namespace}/services/{STRANGER}"
    before = nsc.product.cluster.get(path)
    nsc.kubectl("annotate", "service", STRANGER, f"namesrv.dev/adopt-into={nsc.name}")
    nsc.wait_ready()
    after = nsc.product.cluster.get(path)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert [port["port"] for port in after["spec"]["ports"]] == [9876]
    assert "app" not in after["spec"]["selector"]
    assert after["metadata"]["ownerReferences"][0]["uid"] == nsc.get()["metadata"]["uid"]
    assert [
        (entry["manager"], entry["operation"]) for entry in after["metadata"]["managedFields"]
    ] == [("rocketmq-operator", "Apply")]


def test_a_deleted_and_recreated_cluster_starts_afresh(make: Make) -> None:
    nsc = make(replicas=1)
    uid = nsc.get()["metadata"]["uid"]
    nsc.kubectl("delete", "nsc", nsc.name)
    nsc.create(replicas=1)
    assert nsc.get()["metadata"]["uid"] != uid
    nsc.wait_ready()


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
