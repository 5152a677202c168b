"""What the servers show of the brokers, compared: who is online, who disagrees, who left.

A server that did not answer has no view and does not vote, so silence is never read as "all
brokers gone". A server that has just started is not believed when it lacks a broker, unless it
has shown that broker before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from rocketmq_operator.reconciler.timestamps import from_text, to_text

MAX_NAME: Final = 255
"""Characters of a cluster's or broker's name that ``status.brokers`` takes."""
MAX_ADDRESS: Final = 512


class BrokerId(NamedTuple):
    """One broker process: RocketMQ cluster, broker name, and id (0 is the master)."""

    cluster: str
    name: str
    id: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A broker as one server shows it.

    ``topics`` and ``data_version`` are None and empty for servers that do not tell them.
    ``provisional``: the server has it from another one, the broker has not registered there yet.
    """

    address: str
    zone: str = ""
    topics: int | None = None
    data_version: str = ""
    provisional: bool = False


def older(one: Sighting, other: Sighting) -> bool:
    """Whether ``one`` is of an older data version; not known where a server tells none."""
    if not one.data_version or not other.data_version:
        return False
    return _version(one.data_version) < _version(other.data_version)


def _version(text: str) -> tuple[int, ...]:
    """``stateVersion/timestamp/counter``, in the order in which they grow."""
    return tuple(map(int, text.split("/")))


@dataclass(frozen=True, slots=True)
class ServerView:
    """The brokers that one server shows now.

    ``known`` holds every broker that this server process has shown since it started, with the
    time of the last news of it. ``settled`` says that it has been up long enough for every
    living broker to have registered.
    """

    brokers: Mapping[BrokerId, Sighting]
    topics: int = 0
    known: Mapping[BrokerId, datetime] = field(default_factory=dict, compare=False)
    settled: bool = True

    def denies(self, broker: BrokerId) -> bool:
        """Whether the lack of ``broker`` here says that it is gone."""
        return broker not in self.brokers and (self.settled or broker in self.known)


def showable(brokers: Mapping[BrokerId, Sighting]) -> dict[BrokerId, Sighting]:
    """Without brokers whose names or addresses are too long for the status to hold."""
    return {
        broker: sighting
        for broker, sighting in brokers.items()
        if max(len(broker.cluster), len(broker.name)) <= MAX_NAME
        and len(sighting.address) <= MAX_ADDRESS
    }


class State(StrEnum):
    """How a broker stands with the servers that answer."""

    OFFLINE = "Offline"
    DIVERGED = "Diverged"
    ONLINE = "Online"


class Limits(NamedTuple):
    """Seconds until a disagreement counts, and until an offline broker is forgotten."""

    stale_after: float
    forget_after: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One broker in the mirror; the shape of an item of ``status.brokers``."""

    broker: BrokerId
    state: State
    sighting: Sighting
    views: str
    missing_from: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    since: datetime

    def to_status(self) -> dict[str, Any]:
        """The item of ``status.brokers``."""
        item: dict[str, Any] = {
            "cluster": self.broker.cluster,
            "name": self.broker.name,
            "id": self.broker.id,
            "role": "Master" if self.broker.id == 0 else "Slave",
            "address": self.sighting.address,
            "state": self.state.value,
            "views": self.views,
            "firstSeen": to_text(self.first_seen),
            "lastSeen": to_text(self.last_seen),
            "lastTransitionTime": to_text(self.since),
        }
        optional = {
            "zone": self.sighting.zone or None,
            "topics": self.sighting.topics,
            "dataVersion": self.sighting.data_version or None,
            "missingFrom": list(self.missing_from) or None,
        }
        return item | {name: value for name, value in optional.items() if value is not None}

    @classmethod
    def from_status(cls, item: Mapping[str, Any]) -> "Entry":
        """The inverse of :meth:`to_status`; KeyError or ValueError for anything else."""
        return cls(
            BrokerId(item["cluster"], item["name"], item["id"]),
            State(item["state"]),
            Sighting(
                item["address"], item.get("zone", ""), item.get("topics"),
                item.get("dataVersion", ""),
            ),
            item["views"],
            tuple(item.get("missingFrom", ())),
            from_text(item["firstSeen"]),
            from_text(item["lastSeen"]),
            from_text(item["lastTransitionTime"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mirror:
    """All brokers known, those in trouble first; ``answering`` servers were asked with success."""

    entries: tuple[Entry, ...] = ()
    answering: int = 0

    def in_state(self, *states: State) -> tuple[Entry, ...]:
        """The entries in one of ``states``."""
        return tuple(entry for entry in self.entries if entry.state in states)

    @property
    def converging(self) -> tuple[Entry, ...]:
        """Brokers that some answering server lacks or shows differently, stale or not."""
        shown = (entry for entry in self.entries if entry.state is not State.OFFLINE)
        return tuple(entry for entry in shown if entry.missing_from)

    def next_change(self, limits: Limits, now: datetime) -> float | None:
        """Seconds until an entry changes by the passing of time alone, or None.

        What waits for the word of a server, the report of that server will change.
        """
        timed = [entry for entry in self.entries if self.answering and self._timed(entry)]
        waits = [_due(entry, limits) - now for entry in timed]
        return max(0.0, min(waits).total_seconds()) if waits else None

    def _timed(self, entry: Entry) -> bool:
        if entry.state is State.ONLINE:
            return 0 < len(entry.missing_from) < self.answering
        return entry.state is State.OFFLINE


def mirror(
    previous: Iterable[Entry], views: Mapping[str, ServerView], limits: Limits, now: datetime
) -> Mirror:
    """Carry the mirror on with what the answering servers show at ``now``.

    With no server answering the entries stay as they were.
    """
    before = {entry.broker: entry for entry in previous}
    if not views:
        return Mirror(_by_trouble(before.values()))
    shown = {broker for view in views.values() for broker in view.brokers}
    entries = [_follow(b, before.get(b), views, limits, now) for b in {*before, *shown}]
    forget = timedelta(seconds=limits.forget_after)
    kept = (e for e in entries if e.state is not State.OFFLINE or e.since + forget > now)
    return Mirror(_by_trouble(kept), len(views))


def _follow(
    broker: BrokerId,
    before: Entry | None,
    views: Mapping[str, ServerView],
    limits: Limits,
    now: datetime,
) -> Entry:
    sightings = {name: v.brokers[broker] for name, v in views.items() if broker in v.brokers}
    best = _best(sightings.values(), before)
    missing = tuple(sorted(name for name in views if not _same(sightings.get(name), best)))
    entry = Entry(
        broker,
        State.ONLINE,
        best,
        f"{len(views) - len(missing)}/{len(views)}",
        missing,
        before.first_seen if before else now,
        _last_seen(broker, views, before, now),
        now,
    )
    if not sightings:
        return _absent(entry, before, views)
    return _present(entry, before, limits, now)


def _absent(entry: Entry, before: Entry | None, views: Mapping[str, ServerView]) -> Entry:
    """Nobody shows it: offline if anybody's word counts, otherwise as it was."""
    believed = any(view.denies(entry.broker) for view in views.values())
    was = before.state if before else State.OFFLINE
    state = State.OFFLINE if believed else was
    if before is None or before.state is not state:
        return replace(entry, state=state)
    # What all showed until now is missed since now, however long it was online.
    missed_now = state is State.ONLINE and not before.missing_from
    return replace(entry, state=state, since=entry.since if missed_now else before.since)


def _present(entry: Entry, before: Entry | None, limits: Limits, now: datetime) -> Entry:
    if not entry.missing_from:
        steady = before and before.state is State.ONLINE and not before.missing_from
        return replace(entry, since=before.since) if before and steady else entry
    open_before = before is not None and before.missing_from and before.state is not State.OFFLINE
    since = before.since if before and open_before else now
    if before and open_before and before.state is State.DIVERGED:
        return replace(entry, state=State.DIVERGED, since=since)
    if now - since >= timedelta(seconds=limits.stale_after):
        return replace(entry, state=State.DIVERGED, since=now)
    return replace(entry, since=since)


def _best(sightings: Iterable[Sighting], before: Entry | None) -> Sighting:
    """The newest description: data versions sort by state version, time and counter."""
    ranked = sorted(sightings, key=lambda s: (_version_rank(s.data_version), s.address))
    if ranked:
        return ranked[-1]
    return before.sighting if before else Sighting("")


def _version_rank(data_version: str) -> tuple[int, ...]:
    parts = data_version.split("/")
    return tuple(int(part) for part in parts) if data_version else ()


def _same(sighting: Sighting | None, best: Sighting) -> bool:
    if sighting is None or sighting.address != best.address:
        return False
    if None in (sighting.topics, best.topics):
        return True
    return (sighting.data_version, sighting.topics) == (best.data_version, best.topics)


def _last_seen(
    broker: BrokerId, views: Mapping[str, ServerView], before: Entry | None, now: datetime
) -> datetime:
    if any(broker in view.brokers for view in views.values()):
        return now
    news = [view.known[broker] for view in views.values() if broker in view.known]
    return max([*news, *([before.last_seen] if before else [])], default=now)


def _due(entry: Entry, limits: Limits) -> datetime:
    offline = entry.state is State.OFFLINE
    return entry.since + timedelta(seconds=limits.forget_after if offline else limits.stale_after)


def _by_trouble(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    order = {State.OFFLINE: 0, State.DIVERGED: 1, State.ONLINE: 2}
    by_name: Sequence[Entry] = sorted(entries, key=lambda e: e.broker)
    newest_first = sorted(by_name, key=lambda e: e.since, reverse=True)
    return tuple(sorted(newest_first, key=lambda e: order[e.state]))
