"""Runs the load generator against a server, and looks at what that costs the server."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import programs
from benchmarks.servers import Pinned, cores
from benchmarks.usage import busy_seconds, cpu_seconds
from harness.errors import HarnessError
from harness.memory import resident_memory

PATIENCE: Final = 60.0


class Latencies(msgspec.Struct):
    """Of all requests of a kind; microseconds, at most 0.8 % too high."""

    count: int
    p50: float
    p90: float
    p99: float
    p99_9: float
    max: float


class Report(msgspec.Struct):
    """What loadgen.c prints. `late` requests were sent over 1 ms after they were due."""

    requests: int
    seconds: float
    rate: float
    answered_in_all: int
    wall_seconds: float
    cpu_seconds: float
    late: int
    errors: dict[str, int]
    lookups_us: Latencies
    registrations_us: Latencies


@dataclass(frozen=True)
class Load:
    """How requests are sent; a `rate` of 0 is a closed loop, `writes` are percent."""

    connections: int = 64
    depth: int = 1
    seconds: float = 1.0
    warmup: float = 0.2
    rate: float = 0.0
    writes: int = 0
    in_order: bool = False

    def options(self) -> list[str]:
        """The words for loadgen.c."""
        words = ["--in-order"] if self.in_order else []
        for name in ("connections", "depth", "seconds", "warmup", "rate", "writes"):
            words += [f"--{name}", str(getattr(self, name))]
        return words


class Generator:
    """A load generator at work; `report` waits for its end."""

    def __init__(self, address: str, requests: Path, load: Load, *, first: bool = False) -> None:
        """`first`: it has the core before all others that want it."""
        host, _, port = address.rpartition(":")
        _, core = cores()
        prefix = ["taskset", "-c", str(core), *(["chrt", "--fifo", "10"] if first else [])]
        argv = [*prefix, str(programs.built("loadgen")), host, port, str(requests)]
        self._deadline = load.seconds + load.warmup + PATIENCE
        self._process = subprocess.Popen(
            [*argv, *load.options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def report(self) -> Report:
        """What it measured. Raises HarnessError if it failed."""
        try:
            told, complaint = self._process.communicate(timeout=self._deadline)
        finally:
            self._process.kill()
            self._process.wait()
        if self._process.returncode != 0:
            raise HarnessError(f"the load generator failed: {complaint.decode()}")
        return msgspec.json.decode(told, type=Report)


def measure(server: Pinned, requests: Path, load: Load) -> dict[str, float]:
    """One load on one server, as the values of a Sample."""
    with watched(server) as use:
        report = Generator(server.address, requests, load).report()
    per_request = use.server * 1e6 / max(report.answered_in_all, 1)
    return values(report) | use.shares(report) | {"cpu_us_per_request": per_request}


@dataclass
class Use:
    """Seconds of processor time of the server and of everybody, and what passed on the clock."""

    server: float = 0.0
    all: float = 0.0
    wall: float = 0.0
    resident: int = 0

    def shares(self, *reports: Report) -> dict[str, float]:
        """Shares of a core: the server, and whoever else is neither it nor a load generator."""
        others = self.all - self.server - sum(report.cpu_seconds for report in reports)
        return {
            "core_share": self.server / self.wall,
            "others_core_share": max(others / self.wall, 0.0),
            "rss_bytes": self.resident,
        }


@contextmanager
def watched(server: Pinned) -> Iterator[Use]:
    """What is used during the body; it is known after it."""
    use = Use()
    began, mine, everything = time.monotonic(), cpu_seconds(server.pid), busy_seconds()
    yield use
    use.server = cpu_seconds(server.pid) - mine
    use.all = busy_seconds() - everything
    use.wall = time.monotonic() - began
    use.resident = resident_memory(server.pid)


def values(report: Report) -> dict[str, float]:
    """The figures of a report by names that tell their unit."""
    found = {
        "rate": report.rate,
        "requests": report.requests,
        "errors": sum(report.errors.values()),
        "late": report.late,
        "generator_core_share": report.cpu_seconds / report.wall_seconds,
    }
    found |= {f"errors_{kind}": count for kind, count in report.errors.items() if count}
    kinds = {"": report.lookups_us, "registration_": report.registrations_us}
    for prefix, latencies in kinds.items():
        if latencies.count:
            for name in ("p50", "p90", "p99", "p99_9", "max"):
                found[f"{prefix}{name}_us"] = getattr(latencies, name)
    return found
