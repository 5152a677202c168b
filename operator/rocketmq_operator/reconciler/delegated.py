"""KV entries that the servers of a cluster hold for NameServerKVConfigs, as values."""

from collections.abc import Mapping

from msgspec import Struct


class Owned(Struct, frozen=True, rename="camel"):
    """What one NameServerKVConfig owns: keys of one KV namespace."""

    kv_namespace: str
    keys: frozenset[str]


class Delegated(Struct, frozen=True):
    """The part of the wanted KV entries that comes from NameServerKVConfigs.

    ``kv`` is KV namespace to key to value; ``reported`` are keys whose difference is shown and not
    corrected; ``owners`` says by ``namespace/name`` of an object what it owns; ``accountable`` are
    the objects whose former keys shall go.
    """

    kv: Mapping[str, Mapping[str, str]] = {}
    reported: Mapping[str, frozenset[str]] = {}
    owners: Mapping[str, Owned] = {}
    accountable: frozenset[str] = frozenset()
