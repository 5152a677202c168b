"""A namespace for each test."""

import uuid
from collections.abc import Iterator

import pytest

from harness.cluster import Cluster
from harness.wait import until
from harness.workspace import Workspace


@pytest.fixture
def workspace(kubernetes: Cluster) -> Iterator[Workspace]:
    """A new namespace; it is deleted in the background."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    kubernetes.kubectl("create", "namespace", name)
    account = ("--namespace", name, "get", "serviceaccount", "default")
    until(
        lambda: kubernetes.kubectl(*account, check=False).returncode == 0,
        timeout=20,
        what="the namespace's service account",
    )
    yield Workspace(kubernetes, name)
    kubernetes.kubectl("delete", "namespace", name, "--wait=false")
