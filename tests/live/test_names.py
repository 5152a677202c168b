"""Objects of one name: of two namespaces, of somebody else, of before."""

import pytest

from harness.product import Make, Nsc, Product


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
