"""The operator by its Helm chart and by `manifests/`: upgraded, taken over, given back."""

import pytest

from harness.product import WAIT, Make, Product
from harness.release import Release
from harness.wait import until

pytestmark = pytest.mark.alone


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


def test_the_manifests_install_it_where_the_chart_was_and_the_chart_takes_it_over_again(
    product: Product, release: Release, make: Make
) -> None:
    release.upgrade()
    nsc = make(replicas=2)
    servers = nsc.started()
    release.give_back()
    assert not release.exists()
    nsc.patch(replicas=1)
    nsc.wait_columns(READY="1/1")
    release.take_over()
    nsc.patch(replicas=2)
    nsc.wait_columns(READY="2/2")
    first = f"{nsc.name}-nameserver-0"
    assert nsc.started()[first] == servers[first]
