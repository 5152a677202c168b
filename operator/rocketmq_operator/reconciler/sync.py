"""KV and configuration of a server against what is wanted: what to write, and what differs.

Servers answer "success" for configuration keys that they do not know and for values that they
cannot read, so only a read-back tells whether a server is in sync.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from rocketmq_operator.protocol.configuration import PROPERTIES, normalize

STARTED_WITH: Final[Mapping[str, str]] = {
    "enableShutdownGracefully": "true",
    "shutdownWaitTimeSeconds": "1",
}
"""What servers are started with where nothing else is wanted: clients are sent on, not cut off."""

KvTables = Mapping[str, Mapping[str, str]]
"""KV namespace to key to value."""


class Policy(StrEnum):
    """What to do about a difference that the operator did not cause."""

    CORRECT = "Correct"
    REPORT = "Report"


class Prune(StrEnum):
    """Which keys that are not wanted are removed from the servers."""

    OWNED = "Owned"
    NAMESPACE = "Namespace"
    NEVER = "Never"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every server of a cluster shall hold.

    ``kv_delete`` and ``config_reset`` name what the operator once wrote and is no longer wanted;
    ``kv_reported`` are keys for which ``Report`` holds, whatever ``kv_policy`` is; ``kv_own`` are
    the KV namespaces that the cluster's spec names itself: no other is pruned as a whole.
    """

    config: Mapping[str, str] = field(default_factory=dict)
    config_reset: frozenset[str] = frozenset()
    config_policy: Policy = Policy.CORRECT
    kv: KvTables = field(default_factory=dict)
    kv_delete: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kv_policy: Policy = Policy.CORRECT
    prune: Prune = Prune.OWNED
    kv_reported: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kv_own: frozenset[str] = frozenset()

    def reports(self, key: "KvKey") -> bool:
        """Whether a difference in this entry is shown, not corrected."""
        reported = key.key in self.kv_reported.get(key.namespace, ())
        return reported or self.kv_policy is Policy.REPORT

    @property
    def namespaces(self) -> frozenset[str]:
        """The KV namespaces that must be read from each server."""
        return frozenset(self.kv) | frozenset(self.kv_delete)

    def config_target(self) -> dict[str, str]:
        """Wanted values, and the defaults of the keys to reset where a default is known."""
        known = {key: PROPERTIES[key].default for key in self.config_reset if key in PROPERTIES}
        started = {key: text for key, text in STARTED_WITH.items() if key in known}
        return {**known, **started, **self.config}


class KvKey(NamedTuple):
    """One entry of the KV store."""

    namespace: str
    key: str


@dataclass(frozen=True, slots=True)
class Held:
    """What one server holds, as read back: configuration, and the KV tables asked for.

    ``asked`` is what was wanted of it by then; what was wanted since may still be under way.
    """

    config: Mapping[str, str]
    kv: KvTables
    asked: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True)
class Writes:
    """What to send to one server; empty when it is in sync."""

    config: Mapping[str, str]
    put: Mapping[KvKey, str]
    delete: tuple[KvKey, ...]

    def __bool__(self) -> bool:
        return bool(self.config or self.put or self.delete)


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs on one server; ``unknown`` are configuration keys that it does not have."""

    config: tuple[str, ...]
    unknown: tuple[str, ...]
    kv: tuple[KvKey, ...]
    unmanaged: Mapping[str, int]

    @property
    def config_in_sync(self) -> bool:
        """Every wanted configuration key is there with the wanted value."""
        return not self.config and not self.unknown

    @property
    def kv_in_sync(self) -> bool:
        """Every wanted KV entry is there, and nothing that shall go is left."""
        return not self.kv


def drift(wanted: Wanted, held: Held) -> Drift:
    """Compare one server with what is wanted."""
    target = wanted.config_target()
    unknown = tuple(sorted(key for key in wanted.config if key not in held.config))
    differs = (key for key, value in target.items() if not _holds(held.config, key, value))
    surplus = _surplus(wanted, held)
    return Drift(
        tuple(sorted(key for key in differs if key not in unknown)),
        unknown,
        tuple(sorted([*_unequal(wanted.kv, held.kv), *surplus])),
        _unmanaged(wanted, held),
    )


def writes(wanted: Wanted, held: Held, before: Wanted | None) -> Writes:
    """What to send so that the server holds what is wanted.

    Under ``Report`` only what a change of the wanted state since ``before`` asks for is sent;
    with ``before`` unknown (the operator has just started) nothing is.
    """
    found = drift(wanted, held)
    target = wanted.config_target()
    config = {key: target[key] for key in found.config}
    put = {key: wanted.kv[key.namespace][key.key] for key in _unequal(wanted.kv, held.kv)}
    delete = _surplus(wanted, held)
    if wanted.config_policy is Policy.REPORT:
        config = {k: v for k, v in config.items() if before and before.config_target().get(k) != v}
    put = {
        key: value
        for key, value in put.items()
        if not wanted.reports(key) or (before and _value(before, key) != value)
    }
    if wanted.kv_policy is Policy.REPORT:
        delete = tuple(key for key in delete if key.key in wanted.kv_delete.get(key.namespace, ()))
    return Writes(config, put, tuple(sorted(delete)))


def unreadable(config: Mapping[str, str]) -> dict[str, str]:
    """Wanted configuration values that no server would take over, each with the reason."""
    problems = {}
    for key, value in config.items():
        known = PROPERTIES.get(key)
        if known is not None and normalize(known, value) is None:
            problems[key] = f"{value!r} is not of type {known.kind.value}"
    return problems


def _holds(held: Mapping[str, str], key: str, value: str) -> bool:
    if key not in held:
        return False
    known = PROPERTIES.get(key)
    if known is None:
        return held[key] == value
    wanted = normalize(known, value)
    return wanted is not None and normalize(known, held[key]) == wanted


def _value(wanted: Wanted, key: KvKey) -> str | None:
    return wanted.kv.get(key.namespace, {}).get(key.key)


def _unequal(wanted: KvTables, held: KvTables) -> list[KvKey]:
    return [
        KvKey(namespace, key)
        for namespace, table in wanted.items()
        for key, value in table.items()
        if held.get(namespace, {}).get(key) != value
    ]


def _surplus(wanted: Wanted, held: Held) -> tuple[KvKey, ...]:
    if wanted.prune is Prune.NEVER:
        return ()
    return tuple(
        KvKey(namespace, key)
        for namespace, table in held.kv.items()
        for key in table
        if key not in wanted.kv.get(namespace, {}) and _to_go(wanted, namespace, key)
    )


def _to_go(wanted: Wanted, namespace: str, key: str) -> bool:
    if wanted.prune is Prune.NAMESPACE and namespace in wanted.kv_own:
        return True
    return key in wanted.kv_delete.get(namespace, ())


def _unmanaged(wanted: Wanted, held: Held) -> dict[str, int]:
    surplus = set(_surplus(wanted, held))
    counts = {
        namespace: sum(
            key not in wanted.kv.get(namespace, {}) and KvKey(namespace, key) not in surplus
            for key in table
        )
        for namespace, table in held.kv.items()
    }
    return {namespace: count for namespace, count in counts.items() if count}


def removed_everywhere(
    keys: Mapping[str, frozenset[str]], held: Sequence[Held]
) -> dict[str, frozenset[str]]:
    """Those of ``keys`` (by KV namespace) that each server was asked to remove, and has not."""
    return {
        namespace: frozenset(
            key for key in names if all(_removed(one, namespace, key) for one in held)
        )
        for namespace, names in keys.items()
    }


def _removed(held: Held, namespace: str, key: str) -> bool:
    asked = key in held.asked.kv_delete.get(namespace, ())
    return asked and key not in held.kv.get(namespace, {})
