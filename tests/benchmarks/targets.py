"""What the server shall reach, and whether a run saw it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.samples import ECHO, JAVA, OURS, RUST, Run

MB: Final = 1e6
KB: Final = 1e3
SHARE: Final = 0.5


@dataclass(frozen=True)
class Target:
    """A figure of a run, and its bound: at least it, or at most."""

    words: str
    bound: float
    figure: Callable[[Run], float | None]
    unit: str = ""
    at_least: bool = False

    def met(self, run: Run) -> bool | None:
        """Whether a run reached it; None if it was not measured."""
        figure = self.figure(run)
        if figure is None:
            return None
        return figure >= self.bound if self.at_least else figure <= self.bound

    def limit(self) -> str:
        """The bound for people."""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"


def peak_ratio(other: str, depth: int) -> Callable[[Run], float | None]:
    """Our lookups a second, times the other's."""
    return lambda run: ratio(
        run.value("rate", "peak", OURS, depth=depth), run.value("rate", "peak", other, depth=depth)
    )


def p99_ratio(run: Run) -> float | None:
    """Our p99 at half of Java's highest rate, times Java's."""
    ours, theirs = (
        run.value("p99_us", "fixed rate", server, share=SHARE) for server in (OURS, JAVA)
    )
    return ratio(ours, theirs)


def stormy(name: str, variant: str, scale: float = 1.0) -> Callable[[Run], float | None]:
    """A figure of ours during a storm of 10,000 topics."""
    return lambda run: scaled(run.value(name, "storm", OURS, variant=variant, topics=10_000), scale)


def growth_ratio(run: Run) -> float | None:
    """Lookups a second of the slowest size, times those of the fastest."""
    shapes = {
        (sample.settings["topics"], sample.settings["brokers"]) for sample in run.of("growth")
    }
    rates = [
        run.value("rate", "growth", OURS, asked="some", topics=topics, brokers=brokers)
        for topics, brokers in shapes
    ]
    found = [rate for rate in rates if rate is not None]
    return min(found) / max(found) if found else None


def linearity(run: Run) -> float | None:
    """Time of a first registration per topic at the most topics, times that at the fewest."""
    samples = [sample for sample in run.of("registration", OURS) if sample.settings["brokers"] == 4]
    each = [
        (int(sample.settings["topics"]), sample.values["first_seconds"] / sample.settings["topics"])
        for sample in samples
        if not isinstance(sample.settings["topics"], str)
    ]
    return max(each)[1] / min(each)[1] if each else None


def ratio(one: float | None, other: float | None) -> float | None:
    """One divided by the other, None without both."""
    return one / other if one is not None and other else None


def scaled(value: float | None, scale: float) -> float | None:
    """A figure in another unit."""
    return None if value is None else value * scale


def _storm(variant: str) -> list[Target]:
    return [
        Target(
            f"storm, bodies {variant}: longest stall of the loop",
            10,
            stormy("max_us", variant, 1e-3),
            " ms",
        ),
        Target(
            f"storm, bodies {variant}: of a core, lookups included",
            20,
            stormy("core_share", variant, 100),
            " %",
        ),
        Target(
            f"storm, bodies {variant}: p99 of lookups", 5, stormy("p99_us", variant, 1e-3), " ms"
        ),
    ]


TARGETS: Final = (
    Target("lookups/s, 64 connections: Java's", 5, peak_ratio(JAVA, 1), " times", at_least=True),
    Target(
        "lookups/s, 64 connections: rocketmq-rust's",
        3,
        peak_ratio(RUST, 1),
        " times",
        at_least=True,
    ),
    Target("lookups/s, 64 connections: a C echo's", 0.7, peak_ratio(ECHO, 1), at_least=True),
    Target(
        "lookups/s, 16 in flight on each: Java's",
        10,
        peak_ratio(JAVA, 16),
        " times",
        at_least=True,
    ),
    Target("p99 at half of Java's highest rate: of Java's", 0.2, p99_ratio),
    *_storm("unchanged"),
    *_storm("changed"),
    Target(
        "memory with 100,000 topics on 4 brokers",
        150,
        lambda run: scaled(
            run.value("rss_bytes", "topics in memory", OURS, topics=100_000), 1 / MB
        ),
        " MB",
    ),
    Target(
        "memory of an idle connection, of 10,000",
        3,
        lambda run: scaled(
            run.value("bytes_each", "idle connections", OURS, connections=10_000), 1 / KB
        ),
        " KB",
    ),
    Target("start to first answer", 0.5, lambda run: run.value("seconds", "start", OURS), " s"),
    Target(
        "lookups/s as topics and brokers grow tenfold, twice: slowest of fastest",
        0.9,
        growth_ratio,
        at_least=True,
    ),
    Target(
        "first registration of 100 times the topics: time per topic, times that of one",
        1.5,
        linearity,
    ),
)
