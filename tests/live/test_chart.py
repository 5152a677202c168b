"""The operator's Helm chart where no node plays a part: rights, what it leaves, Helm's waiting."""

import json
from collections.abc import Sequence
from typing import Final

import pytest

from harness import generated, helm
from harness.cluster import KubectlError
from harness.product import DEPLOYMENT, RIGHTS, SYSTEM, WAIT, Make, Nsc, Product
from harness.release import WAITING, Release
from harness.wait import until

CLUSTER_CHART: Final = generated.ROOT / generated.CLUSTER_CHART
NAME: Final = "kubernetes.io/metadata.name"


def accounts_bound(product: Product, kind: str) -> Sequence[str]:
    """Names of the bindings of this kind, in all namespaces, that name the operator."""
    items = json.loads(product.kubectl("get", kind, "-A", "-o", "json"))["items"]
    return [
        item["metadata"]["name"]
        for item in items
        for subject in item.get("subjects", ())
        if (subject["name"], subject.get("namespace")) == (DEPLOYMENT, SYSTEM)
    ]


def test_in_one_namespace_it_needs_no_rights_beyond_that(
    product: Product, release: Release, make: Make, namespace: str
) -> None:
    release.upgrade(scope="Namespaces", namespaces=[namespace])
    assert accounts_bound(product, "clusterrolebindings") == []
    assert set(accounts_bound(product, "rolebindings")) == {RIGHTS, f"{DEPLOYMENT}-leases"}
    elsewhere = Nsc(product, "elsewhere", "default").create(replicas=1)
    its_own = {"from": "Selector", "namespaceSelector": {"matchLabels": {NAME: namespace}}}
    nsc = make(replicas=1, kvDelegation=its_own)
    nsc.add_entries(a="1")
    assert elsewhere.status() == {"observedGeneration": 0}
    elsewhere.delete()
    leader = until(product.leader_in_pod, timeout=WAIT, what="a leader").partition("_")[0]
    log = product.cluster.logs(SYSTEM, leader, "operator")
    assert "forbidden" not in log.lower()


def test_uninstalling_it_leaves_the_servers_and_their_definitions(
    product: Product, release: Release, make: Make
) -> None:
    release.upgrade()
    nsc = make(replicas=1)
    servers = nsc.started()
    release.uninstall()
    assert "namesrv.dev" in product.kubectl("get", "crd", "-o", "name")
    assert nsc.columns()["READY"] == "1/1"
    assert nsc.started() == servers
    with pytest.raises(KubectlError, match="not found"):
        product.kubectl("get", "clusterrole", RIGHTS)


def test_helm_waits_for_a_cluster_by_values_until_it_is_ready(
    product: Product, release: Release, namespace: str
) -> None:
    release.upgrade()
    spec = {"replicas": 1, "pod": {"terminationGracePeriodSeconds": 5}}
    words = ("install", "prod", CLUSTER_CHART, "--namespace", namespace, *WAITING)
    release.helm(*words, *helm.options({"spec": spec}))
    nsc = Nsc(product, "prod", namespace)
    assert nsc.condition("Ready")["status"] == "True"
    release.helm("uninstall", "prod", "--namespace", namespace)
    until(lambda: not nsc.leftovers(), timeout=WAIT, what="nothing left of prod")


def test_an_upgrade_that_changes_nothing_replaces_no_pod(
    product: Product, release: Release, make: Make
) -> None:
    release.upgrade()
    nsc = make(replicas=2)
    operators, servers = product.operator_pods(), nsc.started()
    printed = release.upgrade()
    assert "kubectl -n rocketmq-system rollout status" in printed
    assert (product.operator_pods(), nsc.started()) == (operators, servers)
    release.upgrade(log={"level": "debug"})
    replaced = set(operators)
    until(lambda: replaced.isdisjoint(product.operator_pods()), timeout=WAIT, what="new operators")
    nsc.patch(replicas=3)
    nsc.wait_columns(READY="3/3")
    assert servers.items() <= nsc.started().items()
