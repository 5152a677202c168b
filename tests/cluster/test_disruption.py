"""Evictions and drains: how many servers may be stopped at once."""

import json
import re
from collections.abc import Iterator
from typing import Final

import pytest

from harness.cluster import KubectlError
from harness.product import Make, Nsc, Product
from harness.sampling import sampled
from harness.wait import until

DRAIN: Final = 8.0
"""Seconds; kubectl asks again every 5 s for what it may not evict."""


def test_only_one_server_at_a_time_may_be_evicted(make: Make) -> None:
    nsc = make(replicas=3)
    first, second, _ = sorted(nsc.pods())
    _wait_allowed(nsc)
    before = nsc.started()
    _evict(nsc, first)
    with pytest.raises(KubectlError) as refused:
        _evict(nsc, second)
    assert '"code":429' in str(refused.value)
    assert f"budget {nsc.name}-nameserver needs 2 healthy pods" in str(refused.value)
    until(
        lambda: len(nsc.ready()) == 3 and nsc.started()[first] != before[first],
        timeout=120,
        what="three servers again",
    )
    _wait_allowed(nsc)
    _evict(nsc, second)


@pytest.fixture
def node(product: Product) -> Iterator[str]:
    """The only node, to be drained; pods may be put there again afterwards."""
    name = product.kubectl("get", "nodes", "-o", "name").strip()
    yield name
    product.kubectl("uncordon", name)


@pytest.mark.alone
@pytest.mark.needs("nodes")
def test_a_drain_waits_for_servers_that_cannot_be_elsewhere(make: Make, node: str) -> None:
    nsc = make(replicas=3)
    _wait_allowed(nsc)
    with sampled(nsc.ready) as ready, pytest.raises(KubectlError) as blocked:
        _drain(nsc, node)
    assert min(map(len, ready)) == 2
    named = set(re.findall(r'evicting pods/"([^"]+)"', str(blocked.value)))
    assert named == ready[-1]
    nsc.kubectl("uncordon", node)
    nsc.wait_ready()
    assert nsc.columns()["READY"] == "3/3"


@pytest.mark.alone
@pytest.mark.needs("nodes")
def test_a_single_server_is_drained_and_comes_back(make: Make, node: str) -> None:
    nsc = make(replicas=1)
    _drain(nsc, node)
    assert nsc.ready() == set()
    nsc.kubectl("uncordon", node)
    nsc.wait_status(lambda status: status["ready"] == "1/1", "the server back")


def _wait_allowed(nsc: Nsc) -> None:
    budget = ("get", "poddisruptionbudget", f"{nsc.name}-nameserver")
    until(
        lambda: nsc.kubectl(*budget, "-o=jsonpath={.status.disruptionsAllowed}") == "1",
        timeout=30,
        what="a budget that allows one disruption",
    )


def _evict(nsc: Nsc, pod: str) -> None:
    """By the API of its own, whose answer kubectl shows at this verbosity only."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": nsc.namespace},
    }
    path = f"/api/v1/namespaces/{nsc.namespace}/pods/{pod}/eviction"
    words = ("create", "-v=8", "--raw", path, "-f", "-")
    nsc.kubectl(*words, input=json.dumps(eviction))


def _drain(nsc: Nsc, node: str) -> None:
    """Of this cluster's pods alone; the node's others are everybody's."""
    selector = f"--pod-selector=namesrv.dev/cluster={nsc.name}"
    nsc.kubectl("drain", node, selector, "--delete-emptydir-data", f"--timeout={DRAIN:g}s")
