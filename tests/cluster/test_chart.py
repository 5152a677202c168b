"""The operator by its Helm chart and by `manifests/`: taken over, and given back."""

import pytest

from harness.product import Make, Product
from harness.release import Release

pytestmark = pytest.mark.alone


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
