"""What the operator once wrote to the servers, so that it removes its own keys and no others.

RocketMQ cannot say who wrote a key, nor list KV namespaces. The inventory is kept in the seed
ConfigMap and written before anything is deleted on a server, so a crash at any point leaves a
list to finish, never a key that nobody remembers.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct, field

from rocketmq_operator.reconciler.delegated import Owned
from rocketmq_operator.reconciler.spec import Cluster
from rocketmq_operator.reconciler.sync import KvTables, Prune

KvKeys = Mapping[str, frozenset[str]]
"""KV namespace to keys."""


class Inventory(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Keys that the operator owns, and those that it owned and still has to remove.

    ``kv`` are those of the NameServerCluster itself, ``delegated`` by ``namespace/name`` those of
    NameServerKVConfigs.
    """

    kv: dict[str, frozenset[str]] = {}
    delegated: dict[str, Owned] = {}
    kv_pending_delete: dict[str, frozenset[str]] = {}
    namesrv_config: frozenset[str] = frozenset()
    namesrv_config_pending_reset: frozenset[str] = frozenset()

    def following(self, cluster: Cluster) -> "Inventory":
        """The inventory once ``cluster`` is wanted: what is owned no longer becomes pending.

        Under ``kvPrune: Never`` such KV keys are given up instead, and so are those of a
        NameServerKVConfig that went without a word on them.
        """
        spec, owners = cluster.spec, dict(sorted(cluster.delegated.owners.items()))
        kv = {namespace: frozenset(table) for namespace, table in spec.kv.items() if table}
        owned_before = _union(self.kv, self.kv_pending_delete, *self._dropped(cluster))
        never = spec.drift.kv_prune is Prune.NEVER
        config = frozenset(spec.namesrv_config)
        return Inventory(
            kv,
            owners,
            {} if never else _minus(owned_before, cluster.kv),
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

    def _dropped(self, cluster: Cluster) -> Iterator[KvKeys]:
        for name, owned in self.delegated.items():
            if name in cluster.delegated.accountable:
                yield {owned.kv_namespace: owned.keys}

    def encode(self) -> str:
        """JSON text; equal inventories give equal text."""
        return msgspec.json.encode(self, order="sorted").decode()


EMPTY: Final = Inventory()


class Written(Struct, frozen=True):
    """What the operator wrote before: the inventory, and the KV entries with their values."""

    inventory: Inventory = EMPTY
    kv: KvTables = field(default_factory=dict)

    def entries(self, config: str) -> dict[str, str]:
        """What was written for the NameServerKVConfig ``namespace/name``."""
        owned = self.inventory.delegated.get(config)
        table = self.kv.get(owned.kv_namespace, {}) if owned else {}
        return {key: table[key] for key in sorted(owned.keys) if key in table} if owned else {}


def decode(text: str) -> Inventory:
    """Read what ``encode`` wrote. Raises msgspec.MsgspecError for anything else."""
    return msgspec.json.decode(text, type=Inventory)


def _union(*parts: KvKeys) -> dict[str, frozenset[str]]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: frozenset().union(*(part.get(name, ()) for part in parts)) for name in names}


def _minus(left: KvKeys, right: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    rest = {
        namespace: keys.difference(right.get(namespace, ())) for namespace, keys in left.items()
    }
    return {namespace: keys for namespace, keys in rest.items() if keys}
