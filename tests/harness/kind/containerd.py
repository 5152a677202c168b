"""Containers as the containerd of their node has them."""

import json
import re
from pathlib import PurePosixPath
from typing import Any, Final

from harness.cluster import Nodes

CONTAINERD: Final = ("ctr", "--namespace=k8s.io")
RUN: Final = "/var/run", "/run"
"""A link of Debian's: mount points named below it are made where it leads."""

HOOK: Final = {"/product_name", "/product_uuid"}
"""What kind's own hook, mount-product-files.sh, puts into every container that it starts."""


class NodeContainer:
    """A container by what its pod's status calls `containerID`, running or not."""

    def __init__(self, nodes: Nodes, container_id: str) -> None:
        self._nodes = nodes
        self._info: dict[str, Any] = json.loads(
            nodes.on_node(*CONTAINERD, "containers", "info", container_id.partition("://")[2])
        )

    @property
    def user(self) -> int:
        """The UID of its first process."""
        return int(self._info["Spec"]["process"]["user"]["uid"])

    @property
    def read_only(self) -> bool:
        """Whether its root file system is."""
        return bool(self._info["Spec"]["root"].get("readonly", False))

    def written(self) -> set[str]:
        """Paths that it created or changed beside its volumes."""
        paths = self._nodes.on_node("find", self._upper(), "-mindepth", "1", "-printf", "/%P\\n")
        return set(paths.splitlines()) - self._mount_points() - HOOK

    def _upper(self) -> str:
        """Where overlayfs keeps what the container wrote."""
        snapshots = (*CONTAINERD, "snapshots", f"--snapshotter={self._info['Snapshotter']}")
        mount = self._nodes.on_node(*snapshots, "mounts", "/mnt", self._info["SnapshotKey"])
        found = re.search(r"upperdir=([^,\s]+)", mount)
        assert found is not None, f"no overlay: {mount}"
        return found[1]

    def _mount_points(self) -> set[str]:
        """The runtime makes them before the first process starts, and directories above them."""
        places = [each["destination"] for each in self._info["Spec"]["mounts"]]
        places += [each.replace(*RUN, 1) for each in places if each.startswith(RUN[0])]
        return {str(path) for each in places for path in _with_parents(PurePosixPath(each))}


def _with_parents(path: PurePosixPath) -> tuple[PurePosixPath, ...]:
    return path, *path.parents
