"""The operator in a cluster, and NameServerClusters to try it with."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from harness.cluster import Cluster, Nodes
from harness.product import Make, Nsc, Product


@pytest.fixture
def nodes(kubernetes: Cluster) -> Nodes:
    """The cluster's machine, for tests that need nodes."""
    assert isinstance(kubernetes, Nodes)
    return kubernetes


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
        made.append(nsc.create(**spec))
        if wait:
            nsc.wait_ready()
        return nsc

    yield one
    for nsc in made:
        nsc.kubectl("delete", "nsc", nsc.name, "--ignore-not-found", "--wait=false")
