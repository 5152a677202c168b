"""Directories whose files change all at once, in the layout that kubelets use.

`key -> ..data/key`, `..data -> ..<version>/`: replacing the one symlink `..data` switches every
file, so that a reader never sees a mixture.
"""

import itertools
import os
import shutil
from pathlib import Path

from harness.node.files import Files

DATA = "..data"


class AtomicDirectory:
    """One published volume."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True)
        path.chmod(0o755)
        self.path = path
        self._versions = itertools.count(1)
        self._published: Files | None = None
        self._current: Path | None = None

    def publish(self, files: Files) -> bool:
        """Make these the content; returns whether anything changed."""
        if files == self._published:
            return False
        version = self.path / f"..{next(self._versions):06}"
        _write(version, files)
        scratch = self.path / "..data_tmp"
        scratch.symlink_to(version.name)
        os.replace(scratch, self.path / DATA)
        self._link_names({name.split("/")[0] for name in files})
        if self._current is not None:
            shutil.rmtree(self._current)
        self._published, self._current = files, version
        return True

    def _link_names(self, wanted: set[str]) -> None:
        present = {entry.name for entry in self.path.iterdir() if not entry.name.startswith("..")}
        for name in wanted - present:
            (self.path / name).symlink_to(f"{DATA}/{name}")
        for name in present - wanted:
            (self.path / name).unlink()


def _write(directory: Path, files: Files) -> None:
    directory.mkdir()
    for name, file in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
