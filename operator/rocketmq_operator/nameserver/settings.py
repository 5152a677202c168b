"""The server's configuration: what files and flags say, and what an update changes. Pure.

``Configuration`` is the text people see (GET and UPDATE_NAMESRV_CONFIG, the stored file),
``Options`` what it means. Rules: Java's ``Configuration`` class.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.configuration import (
    BLACK_LIST,
    PROPERTIES,
    Effect,
    nearest,
    normalize,
)

_MAX_SECONDS = 10 * 365 * 24 * 3600
_MAX_WAITING = 1_000_000
_MAX_BUFFER = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """The properties that have a meaning here, typed. Times in milliseconds unless named.

    ``idle_seconds`` 0: never; ``go_away_seconds`` 0: stop at once; buffers in bytes, 0: ours.
    """

    order_message_enable: bool
    return_order_topic_config: bool
    support_acting_master: bool
    enable_all_topic_list: bool
    enable_topic_list: bool
    notify_min_broker_id_changed: bool
    need_wait_for_service: bool
    wait_for_service: int
    delete_topic_with_registration: bool
    scan_interval: int
    idle_seconds: int
    queue_capacity: int
    unregister_capacity: int
    go_away_seconds: int
    write_high: int
    write_low: int
    send_buffer: int
    receive_buffer: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """All property texts by name; a property without a value is absent.

    ``extra`` holds what a file named beyond the server's own properties; GET prints it too.
    """

    values: dict[str, str]
    extra: dict[str, str] = field(default_factory=dict)

    def printed(self) -> dict[str, str]:
        """What GET_NAMESRV_CONFIG shows and the file holds."""
        return self.extra | self.values

    def refused(self, changes: Mapping[str, str]) -> list[str]:
        """The names in ``changes`` that are on the black list, the configured one included."""
        configured = self.values["configBlackList"].split(";")
        black = BLACK_LIST | {name.strip() for name in configured}
        return sorted(black & changes.keys())

    def updated(self, changes: Mapping[str, str]) -> "Configuration":
        """With ``changes`` applied as Java does: unknown names and bad values are skipped."""
        extra = {name: changes.get(name, text) for name, text in self.extra.items()}
        return Configuration(self.values | _readable(changes), extra)

    def waiting_for_restart(self, at_start: Mapping[str, str]) -> list[str]:
        """Names whose value differs from that at the start and matters at a start only."""
        return sorted(
            name
            for name, row in PROPERTIES.items()
            if row.effect is Effect.RESTART and self.values.get(name) != at_start.get(name)
        )

    def options(self) -> Options:
        """What the values mean. Numbers are clamped to where a timer works."""
        yes = {name for name, text in self.values.items() if text == "true"}
        number = {name: max(int(self.values[name]), 0) for name in _NUMBERS}
        graceful = "enableShutdownGracefully" in yes
        high, low = number["writeBufferHighWaterMark"], number["writeBufferLowWaterMark"]
        marked = high > 0 and low > 0
        return Options(
            order_message_enable="orderMessageEnable" in yes,
            return_order_topic_config="returnOrderTopicConfigToBroker" in yes,
            support_acting_master="supportActingMaster" in yes,
            enable_all_topic_list="enableAllTopicList" in yes,
            enable_topic_list="enableTopicList" in yes,
            notify_min_broker_id_changed="notifyMinBrokerIdChanged" in yes,
            need_wait_for_service="needWaitForService" in yes,
            wait_for_service=1000 * min(number["waitSecondsForService"], _MAX_SECONDS),
            delete_topic_with_registration="deleteTopicWithBrokerRegistration" in yes,
            scan_interval=_between(10, number["scanNotActiveBrokerInterval"], 1000 * _MAX_SECONDS),
            idle_seconds=min(number["serverChannelMaxIdleTimeSeconds"], _MAX_SECONDS),
            queue_capacity=_between(1, number["defaultThreadPoolQueueCapacity"], _MAX_WAITING),
            unregister_capacity=_between(1, number["unRegisterBrokerQueueCapacity"], _MAX_WAITING),
            go_away_seconds=min(number["shutdownWaitTimeSeconds"], _MAX_SECONDS) * graceful,
            write_high=min(high, _MAX_BUFFER) * marked,
            write_low=min(low, high, _MAX_BUFFER) * marked,
            send_buffer=min(number["serverSocketSndBufSize"], _MAX_BUFFER),
            receive_buffer=min(number["serverSocketRcvBufSize"], _MAX_BUFFER),
        )


_NUMBERS = (
    "waitSecondsForService",
    "scanNotActiveBrokerInterval",
    "serverChannelMaxIdleTimeSeconds",
    "defaultThreadPoolQueueCapacity",
    "unRegisterBrokerQueueCapacity",
    "shutdownWaitTimeSeconds",
    "writeBufferHighWaterMark",
    "writeBufferLowWaterMark",
    "serverSocketSndBufSize",
    "serverSocketRcvBufSize",
)


def _between(least: int, value: int, most: int) -> int:
    return min(max(value, least), most)


def _readable(changes: Mapping[str, str]) -> dict[str, str]:
    """Those of ``changes`` that a property of the server takes, as it stores them."""
    taken: dict[str, str] = {}
    for name, text in changes.items():
        row = PROPERTIES.get(name)
        value = normalize(row, text) if row is not None and row.listed else None
        if value is not None:
            taken[name] = value
    return taken


def defaults(paths: Mapping[str, str]) -> Configuration:
    """A fresh configuration; ``paths`` gives the defaults that depend on the machine."""
    rows = (row for row in PROPERTIES.values() if row.listed and row.default)
    return Configuration({row.name: row.default for row in rows} | dict(paths))


def loaded(base: Configuration, entries: Mapping[str, str]) -> Configuration:
    """``base`` with the entries of a -c file; keys that are no property of ours are kept."""
    listed = {name for name, row in PROPERTIES.items() if row.listed}
    extra = {name: text for name, text in entries.items() if name not in listed}
    return Configuration(base.values | _readable(entries), base.extra | extra)


def stored(base: Configuration, entries: Mapping[str, str]) -> Configuration:
    """``base`` with what this server persisted: paths and listeners come from the flags instead."""
    return loaded(base, {name: text for name, text in entries.items() if not _fixed(name)})


def seeded(base: Configuration, entries: Mapping[str, str], path: str) -> Configuration:
    """``base`` with the entries of the seed file ``path``.

    Names that no NameServer has are left out, unlike those of a -c file: whoever wrote the seed
    can see by GET_NAMESRV_CONFIG that they did not arrive. Raises SettingsError for names that a
    seed may not set.
    """
    fixed = sorted(filter(_fixed, entries))
    if fixed:
        raise SettingsError(
            f"{path}: {', '.join(fixed)} cannot be seeded: {Effect.FIXED.value}; remove the line"
        )
    return loaded(base, {name: text for name, text in entries.items() if name in PROPERTIES})


def _fixed(name: str) -> bool:
    return name in PROPERTIES and PROPERTIES[name].effect is Effect.FIXED


def remarks(entries: Mapping[str, str], path: str) -> list[str]:
    """Warnings for a person: unknown names, unreadable values, names without meaning here."""
    found: list[str] = []
    for name, text in sorted(entries.items()):
        row = PROPERTIES.get(name)
        if row is None:
            guess = nearest(name)
            hint = f"; did you mean {guess}?" if guess else ""
            found.append(f"{path}: unknown property {name}{hint}")
        elif normalize(row, text) is None:
            found.append(f"{path}: {name}={text!r} is not of type {row.kind.value}; ignored")
        elif row.effect is Effect.IGNORED and normalize(row, text) != row.default:
            found.append(f"{path}: {name} is {Effect.IGNORED.value}")
    return found
