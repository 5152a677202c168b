"""A real API server with the product installed, and its answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.api import Api, Object
from harness.cluster import Cluster
from harness.embedded import EmbeddedCluster
from harness.wait import until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Cluster]:
    """A real API server with its controllers, and no node: nothing that is installed runs."""
    with EmbeddedCluster(name="packaging", nodes=0) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def api(kubernetes: Cluster) -> Api:
    """The API server's answers."""
    return kubernetes.api


@pytest.fixture(scope="session")
def installed(kubernetes: Cluster, crd: Object) -> str:
    """What `kubectl apply -k manifests` printed."""
    assert crd
    return kubernetes.kubectl("apply", "-k", ROOT / "manifests").stdout


@pytest.fixture(scope="session")
def operator_api(kubernetes: Cluster, installed: str) -> Api:
    """The API server's answers to the operator, with the rights that manifests/ give it."""
    assert installed
    user = "system:serviceaccount:rocketmq-system:rocketmq-operator"
    return Api(kubernetes.kubeconfig, user)


@pytest.fixture(scope="session")
def crd(kubernetes: Cluster, api: Api) -> Object:
    """The CustomResourceDefinition as the server keeps it, with its API served."""
    kubernetes.kubectl("apply", "-k", ROOT / "crds")
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nameserverclusters.namesrv.dev"
    for plural in ("nameserverclusters", "nameserverkvconfigs"):
        served = f"/apis/namesrv.dev/v1alpha1/{plural}"
        until(
            lambda url=served: api.ask("GET", url).status == 200,
            timeout=30,
            what=f"the API of {plural}",
        )
    kubernetes.kubectl("api-resources")  # makes kubectl forget that there was no such resource
    return api.ask("GET", path).body
