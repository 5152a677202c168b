"""What only tests of whole clusters ask for."""

import pytest

from harness.cluster import Cluster, Nodes


@pytest.fixture
def nodes(kubernetes: Cluster) -> Nodes:
    """The cluster's machine, for tests that need nodes."""
    assert isinstance(kubernetes, Nodes)
    return kubernetes
