"""Servers that run side by side, know the same, and are measured in turns."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks import loads, servers
from benchmarks.answers import body_lengths
from benchmarks.fixtures import Brokers
from benchmarks.generator import Load, measure
from benchmarks.line import Line
from benchmarks.samples import Sample, Setting
from benchmarks.servers import Pinned
from harness.frames import Answer

SETTLE: Final = 0.3
"""Seconds after brokers have left with their connections."""


class Contestant:
    """A running server with the brokers it knows, and files of requests by name."""

    def __init__(self, server: Pinned) -> None:
        self.server = server
        self.brokers = Brokers(server.address)
        self._files: dict[str, Path] = {}

    def answers(self, frames: Sequence[bytes]) -> list[Answer]:
        """What it says to requests."""
        line = Line(self.server.address)
        try:
            return line.ask_all(frames)
        finally:
            line.close()

    def prepare(
        self,
        name: str,
        frames: Sequence[bytes],
        reference: Sequence[Answer] | None = None,
        writers: Sequence[bytes] = (),
    ) -> None:
        """Make the file `name`, once all its answers are seen to be those of `reference`."""
        answers = self.answers(frames)
        lengths = body_lengths(answers, reference or answers, self.server.label)
        bodies: list[bytes] = []
        requests = loads.lookups(frames, lengths) + loads.registrations(writers, bodies)
        self.use(name, loads.write(self.server.directory / f"{name}.requests", requests, bodies))

    def use(self, name: str, file: Path) -> None:
        """Take a file of requests as it is."""
        self._files[name] = file

    def file(self, name: str) -> Path:
        """The file of that name."""
        return self._files[name]

    def measure(self, scenario: str, file: str, load: Load, **settings: Setting) -> Sample:
        """One load, with its form among the settings."""
        values = measure(self.server, self._files[file], load)
        if load.writes:
            time.sleep(SETTLE)
        form: dict[str, Setting] = {"connections": load.connections, "depth": load.depth}
        return Sample(scenario, self.server.label, form | settings, values)

    def warm(self, file: str, seconds: float) -> None:
        """Load it for a while, with and without many requests on their way."""
        for depth in (1, 16):
            load = Load(depth=depth, seconds=seconds / 2, warmup=0)
            measure(self.server, self._files[file], load)


class Contest:
    """Servers on the same core; whatever happens, they end with the block."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.contestants: list[Contestant] = []
        self._stack = ExitStack()
        self._core, _ = servers.cores()

    def start(self, make: Callable[[Path], Pinned], name: str = "") -> Contestant:
        """Start a server in a directory of its own."""
        server = make(self.directory / f"{len(self.contestants)}-{name}")
        server.core = self._core
        self._stack.enter_context(server)
        contestant = Contestant(server)
        self._stack.callback(contestant.brokers.close)
        self.contestants.append(contestant)
        return contestant

    def in_turns(self, rounds: int) -> Iterator[tuple[int, Contestant]]:
        """Every contestant in every round, in the opposite order every other time."""
        for number in range(rounds):
            for contestant in self.contestants[:: -1 if number % 2 else 1]:
                self.beat()
                yield number, contestant

    def beat(self) -> None:
        """Signs of life of all brokers that are due."""
        for contestant in self.contestants:
            contestant.brokers.beat()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
