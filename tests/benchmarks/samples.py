"""What a run of the benchmarks found: a flat list of figures, each with what it was measured of."""

from collections.abc import Iterable
from statistics import median
from typing import Final

import msgspec

OURS: Final = "ours"
JAVA: Final = "Java"
JAVA_EPOLL: Final = "Java, epoll"
RUST: Final = "rocketmq-rust"
RUST_CACHE: Final = "rocketmq-rust, cache on"
ECHO: Final = "C echo"

Setting = str | int | float


class Sample(msgspec.Struct):
    """Figures of one server under one load. `values` name their unit."""

    scenario: str
    server: str
    settings: dict[str, Setting]
    values: dict[str, float]


class Run(msgspec.Struct):
    """A whole run; the JSON file is this."""

    date: str
    command: str
    quick: bool
    seconds: float
    machine: dict[str, str]
    versions: dict[str, str]
    notes: list[str]
    samples: list[Sample]

    def of(self, scenario: str, server: str | None = None, **settings: Setting) -> list[Sample]:
        """The samples of a scenario, a server, and settings of these values."""
        return [
            sample
            for sample in self.samples
            if sample.scenario == scenario
            and server in (None, sample.server)
            and all(sample.settings.get(name) == value for name, value in settings.items())
        ]

    def value(self, name: str, scenario: str, server: str, **settings: Setting) -> float | None:
        """The median of one figure over all rounds; None if it was not measured."""
        return middle(
            sample.values[name]
            for sample in self.of(scenario, server, **settings)
            if name in sample.values
        )


def middle(values: Iterable[float]) -> float | None:
    """The median, None of nothing."""
    found = list(values)
    return median(found) if found else None
