"""What a server holds in memory: 100,000 topics on 4 brokers, and 10,000 connections at rest."""

import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks import rust
from benchmarks.contest import Contest, Contestant
from benchmarks.fixtures import Fixture
from benchmarks.line import Line
from benchmarks.plan import Plan
from benchmarks.samples import Sample
from benchmarks.servers import Java, Ours, Rust
from harness.errors import HarnessError
from harness.memory import peak_memory, resident_memory

SETTLE: Final = 2.0
SPARE_FILES: Final = 200
FEW: Final = Fixture("topic", topics=100, brokers=4, width=4)


def measure(plan: Plan, directory: Path) -> Iterator[Sample]:
    """Samples of the scenarios `topics in memory` and `idle connections`."""
    makes = (Ours, Java, Rust) if rust.can_be_had() else (Ours, Java)
    for make in makes:
        with Contest(directory / make.__name__) as contest:
            yield _idle(contest.start(make), plan)
            yield _crowd(contest.start(make), plan)


def _crowd(contestant: Contestant, plan: Plan) -> Sample:
    fixture = Fixture("topic", plan.crowd, brokers=4, width=4)
    pid = contestant.server.pid
    fresh = resident_memory(pid)
    contestant.brokers.enter(fixture)
    time.sleep(SETTLE)
    registered, peak = resident_memory(pid), peak_memory(pid)
    contestant.answers(fixture.lookups())
    time.sleep(SETTLE)
    figures: dict[str, float] = {
        "fresh_bytes": fresh,
        "rss_bytes": registered,
        "peak_bytes": peak,
        "all_asked_bytes": resident_memory(pid),
    }
    return Sample("topics in memory", contestant.server.label, {"topics": plan.crowd}, figures)


def _idle(contestant: Contestant, plan: Plan) -> Sample:
    """Each connection has asked once, so that it is one to the server, not only to the kernel."""
    contestant.brokers.enter(FEW)
    frames = FEW.lookups()
    contestant.answers(frames * 10)
    pid = contestant.server.pid
    with ExitStack() as stack:
        before = resident_memory(pid)
        count = _open(stack, contestant.server.address, frames, plan.idle)
        time.sleep(SETTLE)
        each = (resident_memory(pid) - before) / max(count, 1)
    settings: dict[str, str | int | float] = {"connections": count}
    figures = {"bytes_each": each, "rss_before_bytes": float(before)}
    return Sample("idle connections", contestant.server.label, settings, figures)


def _open(stack: ExitStack, address: str, frames: Sequence[bytes], wanted: int) -> int:
    """Open connections and ask once on each, until the server refuses one; how many there are."""
    count = min(wanted, _files() - SPARE_FILES)
    for number in range(count):
        try:
            stack.callback(_asked(address, frames[number % len(frames)]).close)
        except (OSError, HarnessError) as refusal:
            print(f"{address} has {number} connections and refuses one more: {refusal}")
            return number
    return count


def _asked(address: str, frame: bytes) -> Line:
    line = Line(address)
    line.ask(frame)
    return line


def _files() -> int:
    """How many files this process may open; its limit is raised as far as it goes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
