"""Ours and Java's in all combinations of connections, depth, header, route width and writes.

A write is the registration of a broker of its own with 16 topics, on the connection that also asks.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

from benchmarks.contest import Contest, Contestant
from benchmarks.fixtures import Fixture
from benchmarks.generator import Load
from benchmarks.plan import Plan
from benchmarks.samples import Sample
from benchmarks.servers import Java, Ours
from harness.frames import JSON, ROCKETMQ

HEADERS: Final = {"JSON": JSON, "ROCKETMQ": ROCKETMQ}
WRITES: Final = (0, 5)
WRITERS: Final = Fixture("written", topics=16 * 1024, brokers=1024, width=1, network=100)
TOPICS: Final = 1_000


def measure(plan: Plan, directory: Path) -> Iterator[Sample]:
    """Samples of the scenario `matrix`."""
    with Contest(directory) as contest:
        java, ours = contest.start(Java), contest.start(Ours)
        for width, header in product(plan.widths, HEADERS):
            _prepare(java, ours, width, header)
        for file in _files(plan):
            java.warm(file, plan.warm / len(_files(plan)))
        cells = product(_loads(plan), product(plan.widths, HEADERS))
        for turn, (load, (width, header)) in enumerate(cells):
            contest.beat()
            for contestant in (java, ours) if turn % 2 else (ours, java):
                yield contestant.measure(
                    "matrix",
                    _file(width, header),
                    load,
                    width=width,
                    header=header,
                    writes=load.writes,
                )


def _loads(plan: Plan) -> list[Load]:
    return [
        Load(connections, depth, seconds=plan.cell, writes=writes)
        for connections, depth, writes in product(plan.connections, (1, 16), WRITES)
    ]


def _files(plan: Plan) -> list[str]:
    return [_file(width, header) for width, header in product(plan.widths, HEADERS)]


def _file(width: int, header: str) -> str:
    return f"width-{width}-{header}"


def _prepare(java: Contestant, ours: Contestant, width: int, header: str) -> None:
    fixture = Fixture(f"width{width:02}", TOPICS, brokers=width, width=width, network=width)
    frames, writers = fixture.lookups(HEADERS[header]), list(WRITERS.registrations())
    if header == "JSON":
        java.brokers.enter(fixture)
        ours.brokers.enter(fixture)
    reference = java.answers(frames)
    java.prepare(_file(width, header), frames, reference, writers)
    ours.prepare(_file(width, header), frames, reference, writers)
