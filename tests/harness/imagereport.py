"""What the product's image costs: its size, and how long each of its programs takes to start.

Times are the engine's own: from the moment it started the process to the process's end, or to
the line of its log that says it serves. What the engine needs to make a container is not in them.
"""

import json
import statistics
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from harness.errors import HarnessError
from harness.wait import until

RUNS: Final = 5
START_TIMEOUT: Final = 30.0
DOCKER_TIMEOUT: Final = 60.0
# As pods run it: nothing to write to, and a user that the image does not know.
SANDBOX: Final = (
    *("--pull", "never", "--network", "none", "--read-only", "--user", "12345:12345"),
    *("--tmpfs", "/data:mode=1777"),
)


@dataclass(frozen=True)
class Program:
    """A command of the image; `serving` is what it says once it serves, or empty if it ends."""

    command: tuple[str, ...]
    measured: str
    serving: str = ""


PROGRAMS: Final = (
    Program(("rocketmq-nameserver", "--data-dir", "/data"), "until it serves", "boot success"),
    Program(("rocketmq-operator", "--version"), "imports everything, then ends"),
    Program(("mqadmin", "--help"), "until it ends"),
)


@dataclass(frozen=True)
class Report:
    """Sizes in bytes, unpacked; seconds of each start, in the order they were made."""

    image: str
    size: int
    base_size: int
    starts: Mapping[Program, list[float]]

    def __str__(self) -> str:
        """A small table for people."""
        ours = self.size - self.base_size
        lines = [
            f"{self.image}: {_mb(self.size)}, {_mb(ours)} of it above its base",
            f"{'':36} {'first':>7} {'median':>7}",
        ]
        for program, seconds in self.starts.items():
            figures = f"{seconds[0]:5.2f} s {statistics.median(seconds):5.2f} s"
            lines.append(f"{' '.join(program.command):36} {figures}  {program.measured}")
        return "\n".join(lines)


def measure(image: str, base: str, env: Mapping[str, str]) -> Report:
    """Measure an image that the engine has, as its base image; `env` is the docker CLI's.

    Raises HarnessError if a program does not start, or the engine does not answer.
    """
    docker = _Docker(env)
    starts = {
        program: [docker.start_time(image, program) for _ in range(RUNS)] for program in PROGRAMS
    }
    return Report(image, docker.size(image), docker.size(base), starts)


class _Docker:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)

    def size(self, image: str) -> int:
        return int(self._run("image", "inspect", "--format", "{{.Size}}", image))

    def start_time(self, image: str, program: Program) -> float:
        """Seconds of one start in a new container."""
        container = self._run("create", *SANDBOX, image, *program.command).strip()
        try:
            self._run("start", container)
            if program.serving:
                end = self._serving_since(container, program.serving)
            else:
                end = self._ended_at(container)
            start = _moment(self._state(container)["StartedAt"])
        finally:
            with suppress(HarnessError):
                self._run("rm", "--force", container)
        return (end - start).total_seconds()

    def _serving_since(self, container: str, words: str) -> datetime:
        def line() -> str:
            if not self._state(container)["Running"]:
                raise HarnessError(f"it ended; its log: {self._log(container)}")
            return next((line for line in self._log(container).splitlines() if words in line), "")

        found = until(line, timeout=START_TIMEOUT, what=f"{words!r} in the log of {container}")
        return _moment(found.split()[0])

    def _ended_at(self, container: str) -> datetime:
        code = self._run("wait", container, timeout=START_TIMEOUT).strip()
        if code != "0":
            raise HarnessError(f"exit code {code} instead of 0; its log: {self._log(container)}")
        return _moment(self._state(container)["FinishedAt"])

    def _state(self, container: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(
            self._run("inspect", "--format", "{{json .State}}", container)
        )
        return state

    def _log(self, container: str) -> str:
        return self._run("logs", "--timestamps", container, merged=True)

    def _run(self, *words: str, timeout: float = DOCKER_TIMEOUT, merged: bool = False) -> str:
        line = " ".join(["docker", *words])
        try:
            done = subprocess.run(
                ["docker", *words],
                env=self._env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merged else subprocess.PIPE,
                text=True,
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HarnessError(f"`{line}`: {error}; is an engine running?") from error
        if done.returncode != 0:
            raise HarnessError(f"`{line}` failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout


def _moment(text: str) -> datetime:
    """A time as Docker writes it: UTC with up to nine digits of a second."""
    return datetime.fromisoformat(text)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
