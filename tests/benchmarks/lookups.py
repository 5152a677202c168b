"""Route lookups of all servers side by side: how many at most, and how fast at fixed rates.

10,000 topics on 4 brokers, asked for at random in JSON on 64 connections.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks import rust
from benchmarks.contest import Contest, Contestant
from benchmarks.fixtures import Fixture
from benchmarks.generator import Load
from benchmarks.plan import Plan
from benchmarks.samples import ECHO, JAVA, Sample, middle
from benchmarks.servers import Echo, Java, JavaEpoll, Ours, Pinned, Rust, RustCache
from harness.frames import packed

TOPICS: Final = Fixture("topic", topics=10_000, brokers=4, width=4)
FILE: Final = "topics"
DEPTHS: Final = (1, 16)
Make = Callable[[Path], Pinned]


def measure(plan: Plan, directory: Path) -> Iterator[Sample]:
    """Samples of the scenarios `peak` and `fixed rate`."""
    with Contest(directory) as contest:
        _enter_all(contest, plan)
        peaks = []
        for sample in _peaks(contest, plan):
            peaks.append(sample)
            yield sample
        yield from _fixed_rates(contest, plan, highest_rate(peaks, JAVA))


def highest_rate(peaks: list[Sample], server: str) -> float:
    """The most that a server answered a second, whatever the depth; the median of its rounds."""
    rates = [
        middle(
            sample.values["rate"]
            for sample in peaks
            if (sample.server, sample.settings["depth"]) == (server, depth)
        )
        for depth in DEPTHS
    ]
    return max(rate for rate in rates if rate is not None)


def _enter_all(contest: Contest, plan: Plan) -> None:
    """Start all, let them know the topics, see that they say the same; warm them up."""
    frames = TOPICS.lookups()
    java = _knowing(contest, Java)
    reference = java.answers(frames)
    java.prepare(FILE, frames)
    others: list[Make] = [JavaEpoll, Ours, *([Rust, RustCache] if rust.can_be_had() else [])]
    for make in others:
        _knowing(contest, make).prepare(FILE, frames, reference)
    answer = packed(reference[0].header, reference[0].body, reference[0].kind)
    contest.start(lambda path: Echo(path, answer)).use(FILE, java.file(FILE))
    for contestant in contest.contestants:
        contest.beat()
        is_java = isinstance(contestant.server, Java)
        contestant.warm(FILE, plan.warm if is_java else plan.warm / 10)


def _knowing(contest: Contest, make: Make) -> Contestant:
    contestant = contest.start(make)
    contestant.brokers.enter(TOPICS)
    return contestant


def _peaks(contest: Contest, plan: Plan) -> Iterator[Sample]:
    for number, contestant in contest.in_turns(plan.rounds):
        for depth in DEPTHS:
            load = Load(depth=depth, seconds=plan.peak)
            yield contestant.measure("peak", FILE, load, round=number)


def _fixed_rates(contest: Contest, plan: Plan, peak: float) -> Iterator[Sample]:
    """Shares of Java's highest rate, on schedule whatever the server does."""
    for share in plan.shares:
        load = Load(seconds=plan.fixed, warmup=0.5, rate=round(share * peak))
        for number, contestant in contest.in_turns(plan.fixed_rounds):
            if contestant.server.label != ECHO:
                yield contestant.measure(
                    "fixed rate", FILE, load, round=number, share=share, rate=load.rate
                )
