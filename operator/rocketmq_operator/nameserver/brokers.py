"""What is known of one broker: who it is, its seat in a group, its last sign of life. Pure."""

from collections.abc import Collection, Hashable
from typing import NamedTuple, Protocol

from rocketmq_operator.protocol.bodies import BrokerData, DataVersion

DEFAULT_TIMEOUT = 120_000
"""Milliseconds without a sign of life, unless the broker says otherwise."""
MASTER = 0

Key = tuple[str, str]
"""(cluster, address): who a registration is."""


class Identity(NamedTuple):
    """What a registration says of the broker itself. ``acting`` None: a broker before 5.0."""

    cluster: str
    address: str
    name: str
    broker_id: int
    ha_address: str | None
    zone: str | None
    timeout: int
    acting: bool | None

    @property
    def key(self) -> Key:
        """The live entry it stands for."""
        return self.cluster, self.address


class Fingerprint(NamedTuple):
    """All that two equal registrations share: identity, body length and CRC, how it was encoded."""

    identity: Identity
    crc: int
    length: int
    encoding: tuple[int, bool]


class Registered(NamedTuple):
    """What a slave is told of its master."""

    ha_address: str | None = None
    master: str | None = None

    def fields(self) -> dict[str, str]:
        """As ext fields of the answer."""
        pairs = {"haServerAddr": self.ha_address, "masterAddr": self.master}
        return {name: text for name, text in pairs.items() if text is not None}


class Leaving(NamedTuple):
    """A broker to remove. ``broker_id`` None: not told."""

    cluster: str
    address: str
    name: str
    broker_id: int | None


class Notice(NamedTuple):
    """The smallest broker id of ``name`` changed: tell ``receivers`` (Java's request 905)."""

    name: str
    receivers: tuple[str, ...]
    min_id: int
    min_address: str
    offline: str | None
    ha_address: str | None


class Watcher(Protocol):
    """Whoever keeps answers made from these tables and must drop what changed."""

    def topic_changed(self, topic: str) -> None:
        """The queues or the static mapping of ``topic`` changed."""

    def broker_changed(self, name: str) -> None:
        """Addresses, zone, filter servers or the like of broker ``name`` changed."""


class Group:
    """The members of one broker name.

    ``stamp`` moves with every change after which an equal re-registration is no longer a no-op. It
    was never that of another group, not even of an earlier one of this name.
    """

    __slots__ = ("acting", "addresses", "cluster", "name", "stamp", "zone")

    def __init__(self, cluster: str, name: str) -> None:
        self.cluster = cluster
        self.name = name
        self.addresses: dict[int, str] = {}
        self.acting = False
        self.zone: str | None = None
        self.stamp = 0

    @property
    def smallest(self) -> int | None:
        """The smallest id, or None when there is no member."""
        return min(self.addresses, default=None)

    def data(self) -> BrokerData:
        """The group as bodies carry it."""
        ids = dict(sorted(self.addresses.items()))
        return BrokerData(self.name, ids, self.cluster, self.acting, self.zone)


class Live:
    """The last registration of one address.

    While ``fingerprint`` and ``stamp`` stand, an equal registration changes nothing but the time.
    ``provisional``: another server knows it so, and it has not registered here yet. ``slices``:
    hashes of the parts of its table that are applied, while nobody else edited topics (``edits``).
    """

    __slots__ = (
        "channel",
        "edits",
        "fingerprint",
        "identity",
        "last_update",
        "provisional",
        "slices",
        "stamp",
        "version",
    )

    def __init__(
        self,
        identity: Identity,
        version: DataVersion,
        channel: Hashable,
        now: int,
        *,
        provisional: bool = False,
    ) -> None:
        self.identity = identity
        self.version = version
        self.channel = channel
        self.last_update = now
        self.provisional = provisional
        self.fingerprint: Fingerprint | None = None
        self.stamp = -1
        self.slices: frozenset[int] = frozenset()
        self.edits = -1

    @property
    def deadline(self) -> int:
        """When it counts as gone (ms). The sum overflows as Java's long does: then it is gone."""
        end = self.last_update + self.identity.timeout
        return end if end < 1 << 63 else end - (1 << 64)


def shown_acting(data: BrokerData, writable: Collection[str]) -> BrokerData:
    """Show the first slave as master where the group wants that and is read-only meanwhile."""
    ids = data.broker_addrs
    if not ids or MASTER in ids or not data.enable_acting_master or data.broker_name in writable:
        return data
    smallest = min(ids)
    shown = {MASTER: ids[smallest]} | {seat: ids[seat] for seat in ids if seat != smallest}
    return BrokerData(data.broker_name, shown, data.cluster, True, data.zone_name)
