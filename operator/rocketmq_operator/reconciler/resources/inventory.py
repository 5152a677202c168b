"""What the operator once wrote to the servers, so that it removes its own keys and no others.

RocketMQ cannot say who wrote a key, nor list KV namespaces. The inventory is kept in the seed
ConfigMap and written before anything is deleted on a server, so a crash at any point leaves a
list to finish, never a key that nobody remembers.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from rocketmq_operator.reconciler.spec import ClusterSpec
from rocketmq_operator.reconciler.sync import Prune

KvKeys = Mapping[str, frozenset[str]]
"""KV namespace to keys."""


class Inventory(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Keys that the operator owns, and those that it owned and still has to remove."""

    kv: dict[str, frozenset[str]] = {}
    kv_pending_delete: dict[str, frozenset[str]] = {}
    namesrv_config: frozenset[str] = frozenset()
    namesrv_config_pending_reset: frozenset[str] = frozenset()

    def following(self, spec: ClusterSpec) -> "Inventory":
        """The inventory once ``spec`` is wanted: what is owned no longer becomes pending.

        Under ``kvPrune: Never`` such KV keys are given up instead.
        """
        kv = {namespace: frozenset(table) for namespace, table in spec.kv.items() if table}
        owned_before = _union(self.kv, self.kv_pending_delete)
        never = spec.drift.kv_prune is Prune.NEVER
        config = frozenset(spec.namesrv_config)
        return Inventory(
            kv,
            {} if never else _minus(owned_before, kv),
            config,
            (self.namesrv_config | self.namesrv_config_pending_reset) - config,
        )

    def with_pending_done(
        self, kv: Mapping[str, Collection[str]], config: Collection[str] = ()
    ) -> "Inventory":
        """Forget pending keys that every server was seen without."""
        return msgspec.structs.replace(
            self,
            kv_pending_delete=_minus(self.kv_pending_delete, kv),
            namesrv_config_pending_reset=self.namesrv_config_pending_reset.difference(config),
        )

    def encode(self) -> str:
        """JSON text; equal inventories give equal text."""
        return msgspec.json.encode(self, order="sorted").decode()


EMPTY: Final = Inventory()


def decode(text: str) -> Inventory:
    """Read what ``encode`` wrote. Raises msgspec.MsgspecError for anything else."""
    return msgspec.json.decode(text, type=Inventory)


def _union(left: KvKeys, right: KvKeys) -> dict[str, frozenset[str]]:
    nothing: frozenset[str] = frozenset()
    return {ns: left.get(ns, nothing) | right.get(ns, nothing) for ns in {**left, **right}}


def _minus(left: KvKeys, right: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    rest = {
        namespace: keys.difference(right.get(namespace, ())) for namespace, keys in left.items()
    }
    return {namespace: keys for namespace, keys in rest.items() if keys}
