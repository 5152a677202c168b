"""What servers know while they are measured: brokers with their topics, and the requests for them.

A topic takes 166 bytes of a registration, so 10,000 make 1.7 MB, and 100,000 just fit in a frame.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.line import Line
from harness.errors import HarnessError
from harness.frames import JSON, ask
from harness.registrations import Member, body, member, registration

PLACEHOLDER: Final = 1 << 30
"""The first opaque: ten digits, as all have that the load generator puts in its place."""
HEARTBEAT: Final = 904
LOOKUP: Final = 105
QUEUES: Final = 4
BEAT_EVERY: Final = 20.0
"""Seconds; a broker that is silent for 120 s is dropped."""


@dataclass(frozen=True)
class Fixture:
    """`topics` topics on `brokers` masters, each topic on `width` of them.

    `network` keeps their addresses apart from those of other fixtures at the same server.
    """

    name: str
    topics: int
    brokers: int
    width: int
    network: int = 0

    def topic_names(self) -> list[str]:
        """All topics."""
        return [f"{self.name}-{number:05}" for number in range(self.topics)]

    def members(self) -> list[Member]:
        """All brokers."""
        return [
            member(f"{self.name}-broker-{number:03}", address=self._address(number))
            for number in range(self.brokers)
        ]

    def _address(self, number: int) -> str:
        high, low = divmod(number, 250)
        return f"10.{self.network}.{high}.{low}:10911"

    def registrations(self) -> Iterator[bytes]:
        """A request of each broker."""
        groups = self.brokers // self.width
        for group in range(groups):
            held = dict.fromkeys(self.topic_names()[group::groups], QUEUES)
            content = body(held)
            for who in self.members()[group * self.width : (group + 1) * self.width]:
                yield registering(who, content)

    def lookups(self, kind: int = JSON, *, every: int = 1) -> list[bytes]:
        """A request for every `every`th topic; opaques rise."""
        return [
            ask(LOOKUP, kind=kind, opaque=PLACEHOLDER + number, topic=name)
            for number, name in enumerate(self.topic_names()[::every])
        ]


def registering(who: Member, content: bytes) -> bytes:
    """The request of one broker with this body."""
    return registration(who, content, opaque=PLACEHOLDER)


class Brokers:
    """Brokers at one server, all on one connection, which live until `close`."""

    def __init__(self, address: str) -> None:
        self._line = Line(address)
        self._members: dict[str, Member] = {}
        self._heard = time.monotonic()

    def enter(self, fixture: Fixture) -> list[float]:
        """Register all brokers of a fixture; how many seconds each took."""
        took = self.register(fixture.registrations())
        self._members |= {who["brokerName"]: who for who in fixture.members()}
        return took

    def register(self, frames: Iterable[bytes]) -> list[float]:
        """Send registrations one after another; how many seconds each took."""
        return [self._register(frame) for frame in frames]

    def beat(self) -> None:
        """A sign of life of every broker, if it is time for one."""
        if time.monotonic() - self._heard < BEAT_EVERY:
            return
        self._heard = time.monotonic()
        for who in self._members.values():
            self._succeed(ask(HEARTBEAT, opaque=PLACEHOLDER, fields=who))

    def close(self) -> None:
        """End them all."""
        self._line.close()

    def _register(self, frame: bytes) -> float:
        began = time.perf_counter()
        self._succeed(frame)
        return time.perf_counter() - began

    def _succeed(self, frame: bytes) -> None:
        answer = self._line.ask(frame)
        if answer.code != 0:
            words = f"{answer.code}, {answer.remark!r}"
            raise HarnessError(f"{self._line.address} answered a broker with {words}")
