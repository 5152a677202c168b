"""A Docker engine, by its command line."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from harness import shell
from harness.errors import HarnessError

ANSWER_TIMEOUT: Final = 10.0
BUILD_TIMEOUT: Final = 900.0


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    `environment` is what `docker` and `kind` need to find it; `address` is where ports that
    containers publish are reached from here; `isolated` tells that nothing outside this machine
    can be reached from its containers.
    """

    address: str = "127.0.0.1"
    isolated: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def docker(
        self, *words: str | Path, stdin: IO[bytes] | None = None, timeout: float = shell.SHORT
    ) -> str:
        """Run `docker`; its stdout. Raises HarnessError with what it printed if it fails."""
        return shell.run("docker", *words, stdin=stdin, env=self.variables(), timeout=timeout)

    def attempt(
        self, *words: str | Path, timeout: float = shell.SHORT
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker` whatever comes of it. Raises HarnessError if that takes too long."""
        return shell.attempt("docker", *words, env=self.variables(), timeout=timeout)

    def variables(self) -> dict[str, str]:
        """The whole environment of a program that shall find the engine."""
        return os.environ | self.environment

    def image_id(self, reference: str) -> str:
        """The digest of the image's configuration; empty if the engine does not hold it."""
        found = self.attempt("image", "inspect", "--format={{.Id}}", reference)
        return found.stdout.strip() if found.returncode == 0 else ""

    def build(self, context: Path, reference: str, **arguments: str) -> None:
        """Build a directory's Dockerfile without any network."""
        flags = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        name = f"--tag={reference}"
        self.docker("build", "--network=none", *flags, name, context, timeout=BUILD_TIMEOUT)

    def answers(self) -> bool:
        """Whether it takes commands."""
        words = ("version", "--format={{.Server.Version}}")
        try:
            return self.attempt(*words, timeout=ANSWER_TIMEOUT).returncode == 0
        except HarnessError:
            return False
