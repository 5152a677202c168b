"""What a server tells one that starts, and what that one believes of several such tales. Pure.

Times are told as ages, so clocks need not agree. What was adopted and not confirmed is told as
that, with the age of the last sign of life that a server really had.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from rocketmq_operator.errors import BodyError
from rocketmq_operator.nameserver.brokers import Identity, Key, Live
from rocketmq_operator.nameserver.routes import RouteTable
from rocketmq_operator.nameserver.topics import Entries
from rocketmq_operator.protocol.bodies import DataVersion, TopicQueueMappingInfo

SLICE = 1000
"""Topics in a line; some 1 ms of work."""
MEMBERS_SLICE = 100
MAX_TOPIC = 1024
"""Characters; longer names, which no broker takes, are not told."""

_Mappings = dict[str, dict[str, TopicQueueMappingInfo]]


class Member(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A broker as a server knows it; ages in ms, None of ``acting``: a broker before 5.0.

    ``topics_age``: since when the topics of its name are not certain; 0: they are.
    """

    cluster: str
    address: str
    name: str
    broker_id: int
    ha_address: str | None
    zone: str | None
    timeout: int
    acting: bool | None
    version: DataVersion
    filters: list[str | None]
    age: int
    topics_age: int
    provisional: bool

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return Identity(
            self.cluster,
            self.address,
            self.name,
            self.broker_id,
            self.ha_address,
            self.zone,
            self.timeout,
            self.acting,
        )


class Departure(msgspec.Struct, frozen=True, gc=False):
    """A broker that left a server so many ms ago."""

    cluster: str
    address: str
    age: int


class Line(msgspec.Struct, omit_defaults=True):
    """One line of a snapshot. ``topics``: names, each with an index into ``queues``."""

    instance: str = ""
    members: list[Member] = []
    departures: list[Departure] = []
    queues: list[Entries] = []
    topics: list[tuple[str, int]] = []
    mappings: _Mappings = {}


_LINE = msgspec.json.Decoder(Line)
_encode = msgspec.json.Encoder().encode


def lines(routes: RouteTable, instance: str, now: int) -> Iterator[bytes]:
    """A snapshot of ``routes`` as lines of JSON; the tables may change between two of them."""
    yield _encoded(Line(instance, departures=departures(routes, now)))
    members = [_member(routes, live, now) for live in routes.live.values() if _seated(routes, live)]
    for start in range(0, len(members), MEMBERS_SLICE):
        yield _encoded(Line(members=members[start : start + MEMBERS_SLICE]))
    topics = list(routes.topics)
    for start in range(0, len(topics), SLICE):
        yield _encoded(_topics(routes, topics[start : start + SLICE]))


def departures(routes: RouteTable, now: int) -> list[Departure]:
    """Who left, and when."""
    return [Departure(*key, age) for key, age in routes.departures.ages(now).items()]


def _encoded(line: Line) -> bytes:
    return _encode(line) + b"\n"


def _seated(routes: RouteTable, live: Live) -> bool:
    group = routes.groups.get(live.identity.name)
    return group is not None and group.addresses.get(live.identity.broker_id) == (
        live.identity.address
    )


def _member(routes: RouteTable, live: Live, now: int) -> Member:
    identity = live.identity
    return Member(
        cluster=identity.cluster,
        address=identity.address,
        name=identity.name,
        broker_id=identity.broker_id,
        ha_address=identity.ha_address,
        zone=identity.zone,
        timeout=identity.timeout,
        acting=identity.acting,
        version=live.version,
        filters=routes.filters.get(identity.key, []),
        age=now - live.last_update,
        topics_age=now - routes.topics.unconfirmed.vouched(identity.name, now),
        provisional=live.provisional,
    )


def _topics(routes: RouteTable, names: Iterable[str]) -> Line:
    line = Line(queues=[], topics=[], mappings={})
    indexes: dict[int, int] = {}
    for topic in names:
        entries = routes.topics.get(topic)
        if entries is None or len(topic) > MAX_TOPIC:
            continue
        if id(entries) not in indexes:
            indexes[id(entries)] = len(line.queues)
            line.queues.append(entries)
        line.topics.append((topic, indexes[id(entries)]))
        if topic in routes.mappings:
            line.mappings[topic] = routes.mappings[topic]
    return line


@dataclass(slots=True)
class Snapshot:
    """What one server told. ``asked`` and ``heard``: our clock around its first line (ms)."""

    asked: int
    heard: int
    instance: str = ""
    members: list[Member] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    topics: dict[str, Entries] = field(default_factory=dict)
    mappings: _Mappings = field(default_factory=dict)

    def read(self, data: bytes) -> None:
        """Take one line. Raises BodyError."""
        try:
            line = _LINE.decode(data)
            self.topics.update((topic, line.queues[index]) for topic, index in line.topics)
        except (msgspec.DecodeError, IndexError) as error:
            raise BodyError(f"no line of a snapshot: {error}") from error
        self.instance = self.instance or line.instance
        self.members += line.members
        self.departures += line.departures
        self.mappings.update(line.mappings)


@dataclass(frozen=True, slots=True)
class View:
    """Who is registered with one server, and who left it when, at the latest (our ms)."""

    confirmed: frozenset[Key]
    left: Mapping[Key, int]


def view(members: Iterable[tuple[Key, bool]], left: Iterable[Departure], heard: int) -> View:
    """From what a server told and was heard to tell at ``heard``; True marks a provisional one."""
    return View(
        frozenset(key for key, provisional in members if not provisional),
        {(each.cluster, each.address): heard - each.age for each in left},
    )


def refuted(signs: Mapping[Key, int], views: Iterable[View]) -> set[Key]:
    """Which brokers are gone: they left some server after their last sign of life (ms) that is
    known here, and are registered with none."""
    told = list(views)
    return {
        key
        for key, sign in signs.items()
        if any(each.left.get(key, sign - 1) >= sign for each in told)
        and not any(key in each.confirmed for each in told)
    }


@dataclass(frozen=True, slots=True)
class _Tale:
    """A member as one snapshot told it; ``sign``: its last sign of life, at the earliest (ms)."""

    snapshot: Snapshot
    member: Member

    @property
    def sign(self) -> int:
        return self.snapshot.asked - self.member.age

    @property
    def freshness(self) -> tuple[int, bool]:
        return self.sign, not self.member.provisional

    @property
    def seniority(self) -> tuple[int, int]:
        """Which of two addresses has a seat: Java's rule, then the later sign of life."""
        return self.member.version.state_version, self.sign

    @property
    def authority(self) -> tuple[bool, int, int, int, int]:
        """Whose table of topics is the newest."""
        version = self.member.version
        stamp = (version.state_version, version.timestamp, version.counter or 0)
        return not self.member.provisional, *stamp, self.sign


def adopt(routes: RouteTable, snapshots: Iterable[Snapshot], now: int) -> int:
    """Enter into empty ``routes`` what ``snapshots`` tell; returns how many brokers that are.

    Of each broker the latest tale counts, unless it is gone elsewhere or its time is over. The
    topics of a broker name come from the server that knows them best.
    """
    told = list(snapshots)
    tales = _believed(told, now)
    for tale in sorted(tales, key=lambda each: each.freshness):
        member = tale.member
        routes.adopt(member.identity, member.version, member.filters, tale.sign)
    for snapshot, vouched in _sources(told, {tale.member.name for tale in tales}):
        routes.adopt_topics(snapshot.topics, _mappings(snapshot, vouched), vouched)
    return len(tales)


def _believed(snapshots: list[Snapshot], now: int) -> list[_Tale]:
    latest: dict[Key, _Tale] = {}
    for tale in _tales(snapshots):
        known = latest.get(tale.member.identity.key)
        if known is None or tale.freshness > known.freshness:
            latest[tale.member.identity.key] = tale
    views = [_view(snapshot) for snapshot in snapshots]
    gone = refuted({key: tale.sign for key, tale in latest.items()}, views)
    alive = (tale for key, tale in latest.items() if key not in gone)
    return _seats(tale for tale in alive if tale.sign + tale.member.timeout >= now)


def _tales(snapshots: Iterable[Snapshot]) -> Iterator[_Tale]:
    for snapshot in snapshots:
        for member in snapshot.members:
            yield _Tale(snapshot, member)


def _view(snapshot: Snapshot) -> View:
    members = ((member.identity.key, member.provisional) for member in snapshot.members)
    return view(members, snapshot.departures, snapshot.heard)


def _seats(tales: Iterable[_Tale]) -> list[_Tale]:
    """One broker for each seat: two addresses may both have been seen on it."""
    seats: dict[tuple[str, int], _Tale] = {}
    for tale in tales:
        seat = tale.member.name, tale.member.broker_id
        if seat not in seats or tale.seniority > seats[seat].seniority:
            seats[seat] = tale
    return list(seats.values())


def _sources(
    snapshots: list[Snapshot], names: set[str]
) -> Iterator[tuple[Snapshot, dict[str, int]]]:
    """Each snapshot with the broker names whose topics it is the source of, and as of when."""
    best: dict[str, _Tale] = {}
    for tale in _tales(snapshots):
        name = tale.member.name
        if name in names and (name not in best or tale.authority > best[name].authority):
            best[name] = tale
    for snapshot in snapshots:
        chosen = {name: tale for name, tale in best.items() if tale.snapshot is snapshot}
        yield (
            snapshot,
            {name: snapshot.asked - tale.member.topics_age for name, tale in chosen.items()},
        )


def _mappings(snapshot: Snapshot, names: Mapping[str, int]) -> _Mappings:
    return {
        topic: {name: info for name, info in infos.items() if name in names}
        for topic, infos in snapshot.mappings.items()
    }
