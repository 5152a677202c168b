"""From the start of the process to the first answer, on all cores, with nothing stored."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import rust
from benchmarks.plan import Plan
from benchmarks.samples import Sample
from benchmarks.servers import Java, Ours, Rust
from benchmarks.usage import cpu_seconds


def measure(plan: Plan, directory: Path) -> Iterator[Sample]:
    """Samples of the scenario `start`."""
    makes = (Ours, Java, Rust) if rust.can_be_had() else (Ours, Java)
    for number in range(plan.starts):
        for make in makes:
            server = make(directory / f"{make.__name__}-{number}")
            began = time.perf_counter()
            with server:
                took = time.perf_counter() - began
                used = cpu_seconds(server.pid)
            figures = {"seconds": took, "cpu_seconds": used}
            yield Sample("start", server.label, {"round": number}, figures)
