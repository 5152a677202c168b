"""`kubectl nsc`, run as people run it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.cluster import Cluster
from harness.errors import HarnessError

BIN: Final = Path(sys.executable).parent
TIMEOUT: Final = 60.0
"""Seconds."""


class Plugin:
    """The plugin on one cluster, by default with the name of a namespace as ``-n``."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def run(self, *words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `kubectl-nsc`. Raises HarnessError if it ends with another exit code."""
        return self._done([BIN / "kubectl-nsc", *words, "-n", self._namespace], code)

    def by_kubectl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `kubectl nsc`, which finds it in PATH."""
        return self._done([self._cluster.kubectl_path, "nsc", *words, "-n", self._namespace], 0)

    def text(self, *words: str | Path, code: int = 0) -> str:
        """What it prints."""
        return self.run(*words, code=code).stdout

    def json(self, *words: str, code: int = 0) -> Any:
        """What it prints with ``-o json``."""
        return msgspec.json.decode(self.text(*words, "-o", "json", code=code))

    def _done(self, command: list[str | Path], code: int) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self._cluster.environment()}
        path = f"{BIN}:{self._cluster.kubectl_path.parent}:{environment['PATH']}"
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env={**environment, "PATH": path},
        )
        if done.returncode != code:
            words = " ".join(map(str, command[1:]))
            told = f"{done.stdout}{done.stderr}"
            raise HarnessError(f"{words}: exit code {done.returncode}, not {code}: {told}")
        return done
