"""How long everything is measured: in full, and for a look at whether it works."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Plan:
    """Seconds, and counts of rounds in which all servers take turns."""

    rounds: int = 3
    warm: float = 20.0
    """Of load that a JVM gets before anything is measured."""
    peak: float = 4.0
    fixed: float = 4.0
    fixed_rounds: int = 2
    shares: tuple[float, ...] = (0.25, 0.5, 0.75)
    """Rates of the open loop, of Java's highest rate."""
    cell: float = 0.7
    connections: tuple[int, ...] = (16, 64, 256, 1024)
    widths: tuple[int, ...] = (1, 4, 16)
    starts: int = 5
    storm: float = 30.0
    calm: float = 10.0
    """Before the storm."""
    storm_topics: int = 10_000
    growth: float = 1.0
    growth_topics: int = 10_000
    crowd: int = 100_000
    """Topics whose memory is looked at."""
    idle: int = 10_000


FULL: Final = Plan()
QUICK: Final = Plan(
    rounds=1,
    warm=4.0,
    peak=1.0,
    fixed=1.0,
    fixed_rounds=1,
    shares=(0.5,),
    cell=0.3,
    connections=(64,),
    widths=(4,),
    starts=1,
    storm=4.0,
    calm=2.0,
    storm_topics=1_000,
    growth=0.5,
    growth_topics=1_000,
    crowd=10_000,
    idle=1_000,
)
