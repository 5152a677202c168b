"""Fixtures that several test directories share."""

from collections.abc import Iterator

import pytest

from harness.cluster import Cluster
from harness.kinds import cluster_class
from harness.product import Product

pytest_plugins = ["harness.selection"]


@pytest.fixture(scope="session")
def kubernetes(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """A real API server with its controllers, with nothing installed.

    It is shared: use a namespace of your own, and names of your own for what has no namespace.
    """
    with cluster_class(pytestconfig.getoption("--cluster"))(name="tests") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def product(kubernetes: Cluster) -> Product:
    """The operator, installed as users install it."""
    product = Product(kubernetes)
    product.install()
    return product
