"""What the containers of a pod share: the pod, its directories, the node's services."""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.images import Image, read_images
from harness.node.api import Api
from harness.node.objects import Key, Object, key_of
from harness.node.sources import Sources


@dataclass(frozen=True)
class NodePaths:
    """Where the node keeps things; the harness reads `running` and `pod_logs`."""

    run_dir: Path

    @property
    def images(self) -> Path:
        """Written by the harness's ImageStore."""
        return self.run_dir / "images.json"

    @property
    def names(self) -> Path:
        """The name table, for programs outside of pods."""
        return self.run_dir / "node" / "names.json"

    @property
    def pods(self) -> Path:
        """One directory for each pod."""
        return self.run_dir / "node" / "pods"

    @property
    def claims(self) -> Path:
        """One directory for each persistent volume."""
        return self.run_dir / "node" / "volumes"

    def running(self, pod: Key, container: str) -> Path:
        """A file that exists while the container runs, with its process id and start time."""
        return self.run_dir / "node" / "running" / f"{pod[0]}_{pod[1]}_{container}.json"

    def container_logs(self, pod: Key, container: str) -> Path:
        """One file for each instance, the newest sorts last."""
        return self.run_dir / "logs" / "pods" / f"{pod[0]}_{pod[1]}" / container


@dataclass(frozen=True)
class Node:
    """The services of the node."""

    api: Api
    bwrap: str
    address: str
    paths: NodePaths
    sources: Sources
    claims: Mapping[Key, Object]
    volumes: Mapping[Key, Object]

    def find_image(self, reference: str) -> Image | None:
        """The image of that reference, if it exists now."""
        return read_images(self.paths.images).get(reference)


@dataclass
class PodContext:
    """One pod while it is on the node; `pod` is replaced when the API's copy changes."""

    node: Node
    pod: Object
    ip: str
    directory: Path
    on_change: Callable[[], None]
    volume_paths: dict[str, Path] = field(default_factory=dict)
    _poke: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> Key:
        """(namespace, name)."""
        return key_of(self.pod)

    @property
    def etc(self) -> Path:
        """What containers see as their files in /etc."""
        return self.directory / "etc"

    def container(self, name: str) -> Object:
        """Its newest specification."""
        spec = self.pod["spec"]
        everything = [*spec.get("initContainers", ()), *spec["containers"]]
        found: Object = next(each for each in everything if each["name"] == name)
        return found

    def poke(self) -> None:
        """Something that a waiting container may wait for has changed."""
        self._poke.set()

    async def poked(self, seconds: float) -> bool:
        """Wait for the next poke; False if none came in time."""
        self._poke.clear()
        try:
            async with asyncio.timeout(seconds):
                return await self._poke.wait()
        except TimeoutError:
            return False


def start_ticks(pid: int) -> str | None:
    """When a process started, as the kernel counts; None if it is gone.

    With the id it names a process for good.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat.rpartition(")")[2].split()[19]


def write_atomically(path: Path, text: str) -> None:
    """Replace a file; readers see the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text)
    os.replace(scratch, path)


def note_running(path: Path, pid: int) -> None:
    """Tell the harness which process to signal."""
    write_atomically(path, json.dumps({"pid": pid, "start": start_ticks(pid)}))
