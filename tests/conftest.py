"""Fixtures that several test directories share."""

from collections.abc import Iterator

import pytest

from harness.cluster import Cluster
from harness.embedded import EmbeddedCluster


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Cluster]:
    """A real API server with its controllers, with nothing installed.

    It is shared: use a namespace of your own, and names of your own for what has no namespace.
    """
    with EmbeddedCluster(name="tests") as cluster:
        yield cluster
