"""Fixtures that several test directories share."""

import secrets
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from harness.cluster import Cluster
from harness.kinds import cluster_class
from harness.plugin import Plugin
from harness.product import SMALL, Make, Nsc, Product
from harness.release import Release

pytest_plugins = ["harness.selection"]


def pytest_configure() -> None:
    """Let no child inherit that Ctrl-C is ignored, as a shell's background jobs ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def kubernetes(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """A real API server with its controllers, with nothing installed.

    It is shared: use a namespace of your own, and names of your own for what has no namespace.
    """
    with cluster_class(pytestconfig.getoption("--cluster"))(name="tests") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def product(kubernetes: Cluster) -> Product:
    """The operator, installed by the manifests unless the cluster has it already."""
    product = Product(kubernetes)
    product.provide()
    return product


@pytest.fixture(scope="module")
def release(product: Product) -> Iterator[Release]:
    """The operator by the chart with its default values; afterwards as it was before."""
    release = Release(product)
    before = release.exists()
    if not before:
        release.take_over()
    yield release
    if before:
        release.upgrade()
    else:
        release.give_back()


@pytest.fixture
def namespace(product: Product) -> Iterator[str]:
    """A namespace of the test's own, as strict as Pod Security can be."""
    name = f"test-{secrets.token_hex(3)}"
    product.kubectl("create", "namespace", name)
    product.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    product.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def make(product: Product, namespace: str) -> Iterator[Make]:
    """NameServerClusters of the test, told to go afterwards; nobody waits for that."""
    made: list[Nsc] = []

    def one(*, wait: bool = True, **spec: Any) -> Nsc:
        nsc = Nsc(product, f"nsc-{len(made)}", namespace)
        # Process 1 of a container that is told to stop while it starts may miss the signal.
        spec["pod"] = {"terminationGracePeriodSeconds": 5, **spec.get("pod", {})}
        made.append(nsc.create(**{"resources": SMALL, **spec}))
        if wait:
            nsc.wait_ready()
        return nsc

    yield one
    for nsc in made:
        nsc.kubectl("delete", "nsc", nsc.name, "--ignore-not-found", "--wait=false")


@pytest.fixture
def plugin(kubernetes: Cluster, namespace: str) -> Plugin:
    """`kubectl nsc` in the test's namespace."""
    return Plugin(kubernetes, namespace)
