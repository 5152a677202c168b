"""What the product's image costs: its size, and how long each of its programs takes to start.

Times are the engine's own: from the moment it started the process to the process's end, or to
the line of its log that says it serves. What the engine needs to make a container is not in them.
"""

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from harness.errors import HarnessError
from harness.images import PRODUCT_IMAGE
from harness.kind.engine import Engine
from harness.wait import until

RUNS: Final = 3
START_TIMEOUT: Final = 30.0
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


LAYER: Final = "/opt/rocketmq"
"""What the Dockerfile adds to its base."""


@dataclass(frozen=True)
class Report:
    """Sizes in bytes, unpacked; seconds of each start, in the order they were made."""

    size: int
    own_size: int
    starts: Mapping[Program, list[float]]

    def __str__(self) -> str:
        """A small table for people."""
        lines = [
            f"{PRODUCT_IMAGE}: {_mb(self.size)}, {_mb(self.own_size)} of it above its base",
            f"{'':36} {'first':>7} {'median':>7}",
        ]
        for program, seconds in self.starts.items():
            figures = f"{seconds[0]:5.2f} s {statistics.median(seconds):5.2f} s"
            lines.append(f"{' '.join(program.command):36} {figures}  {program.measured}")
        return "\n".join(lines)


def measure(engine: Engine) -> Report:
    """Measure PRODUCT_IMAGE, which the engine has.

    Raises HarnessError if a program does not start.
    """
    size = int(engine.docker("image", "inspect", "--format={{.Size}}", PRODUCT_IMAGE))
    starts = {program: [_start(engine, program) for _ in range(RUNS)] for program in PROGRAMS}
    return Report(size, _own_size(engine), starts)


def _own_size(engine: Engine) -> int:
    layout = "--format={{.Size}} {{.CreatedBy}}"
    told = engine.docker("history", "--human=false", "--no-trunc", layout, PRODUCT_IMAGE)
    layers = [line.partition(" ") for line in told.splitlines()]
    return sum(int(size) for size, _, made_by in layers if "COPY" in made_by and LAYER in made_by)


def _start(engine: Engine, program: Program) -> float:
    """Seconds of one start in a new container."""
    container = engine.docker("create", *SANDBOX, PRODUCT_IMAGE, *program.command).strip()
    try:
        engine.docker("start", container)
        if program.serving:
            end = _serving_since(engine, container, program.serving)
        else:
            end = _ended_at(engine, container)
        start = datetime.fromisoformat(_state(engine, container)["StartedAt"])
    finally:
        engine.attempt("rm", "--force", container)
    return (end - start).total_seconds()


def _serving_since(engine: Engine, container: str, words: str) -> datetime:
    def line() -> str:
        log = _log(engine, container)
        if not _state(engine, container)["Running"]:
            raise HarnessError(f"it ended; its log: {log}")
        return next((line for line in log.splitlines() if words in line), "")

    found = until(line, timeout=START_TIMEOUT, what=f"{words!r} in the log of {container}")
    return datetime.fromisoformat(found.split()[0])


def _ended_at(engine: Engine, container: str) -> datetime:
    code = engine.docker("wait", container, timeout=START_TIMEOUT).strip()
    if code != "0":
        raise HarnessError(f"exit code {code} instead of 0; its log: {_log(engine, container)}")
    return datetime.fromisoformat(_state(engine, container)["FinishedAt"])


def _state(engine: Engine, container: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(
        engine.docker("inspect", "--format={{json .State}}", container)
    )
    return state


def _log(engine: Engine, container: str) -> str:
    done = engine.attempt("logs", "--timestamps", container)
    return done.stdout + done.stderr


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
