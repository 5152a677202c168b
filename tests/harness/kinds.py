"""The kinds of clusters by name; a kind's module is imported when it is asked for."""

from importlib import import_module
from typing import Final

from harness.cluster import Cluster

KINDS: Final = {
    "embedded": ("harness.embedded", "EmbeddedCluster"),
    "kind": ("harness.kind.cluster", "KindCluster"),
}
"""Module and class of each kind."""
DEFAULT_KIND: Final = "embedded"


def cluster_class(kind: str) -> type[Cluster]:
    """The class of the kind of that name. Raises KeyError."""
    module, name = KINDS[kind]
    found: type[Cluster] = getattr(import_module(module), name)
    return found
