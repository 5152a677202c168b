"""The seed: what a server shall hold, as files that it reads at its start.

Pods start with the right KV entries and configuration while the operator is down. Beside the
files lies the inventory of what the operator wrote.
"""

import json
from typing import Final

import msgspec
from msgspec import Struct

from rocketmq_operator.errors import SpecError
from rocketmq_operator.protocol import properties
from rocketmq_operator.reconciler.kinds import CONFIG_MAP, Object
from rocketmq_operator.reconciler.resources import inventory
from rocketmq_operator.reconciler.resources.inventory import Inventory, Written
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import Cluster
from rocketmq_operator.reconciler.sync import STARTED_WITH

PROPERTIES_FILE: Final = "namesrv.properties"
KV_FILE: Final = "kvConfig.json"
ADDRESS_LIST: Final = "nsaddr"
INVENTORY_FILE: Final = "inventory.json"

MAX_BYTES: Final = 1_040_000
"""All files; Kubernetes refuses a ConfigMap with more than 1 MiB (1048576 bytes) of data."""


def build(cluster: Cluster, previous: Inventory) -> Object:
    """The ConfigMap; ``previous`` is the inventory in the live one.

    Raises SpecError with a reason that starts with ``KVTooLarge`` if the files do not fit.
    """
    data = files(cluster) | {INVENTORY_FILE: previous.following(cluster).encode()}
    size = sum(len(text.encode()) for text in data.values())
    if size > MAX_BYTES:
        raise SpecError(
            "spec.kvConfig",
            f"KVTooLarge: the seed, with the names of all keys and of {len(previous.kv)} KV "
            f"namespaces written before, takes {size} bytes and at most {MAX_BYTES} fit; "
            "remove entries in smaller steps or shorten the keys",
        )
    return {**child(cluster, CONFIG_MAP, cluster.names.seed), "data": data}


def files(cluster: Cluster) -> dict[str, str]:
    """The files that servers read, by name."""
    spec = cluster.spec
    table = {"configTable": cluster.kv}
    addresses = cluster.names.namesrv_addr(spec.replicas, spec.ports.remoting)
    return {
        **({ADDRESS_LIST: addresses} if spec.address_server.enabled else {}),
        PROPERTIES_FILE: properties.dump({**STARTED_WITH, **spec.namesrv_config}),
        KV_FILE: json.dumps(table, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
    }


def read(config_map: Object | None) -> Written:
    """What a live seed says was written.

    Empty if there is none or somebody spoiled it: a key that nobody claims is never deleted.
    """
    data = (config_map or {}).get("data") or {}
    try:
        found = inventory.decode(data.get(INVENTORY_FILE, "{}"))
        tables = msgspec.json.decode(data.get(KV_FILE, "{}"), type=_KvFile)
    except msgspec.MsgspecError:
        return Written()
    return Written(found, tables.config_table)


def notes(config_map: Object | None, wanted: Inventory) -> bool:
    """Whether a live seed has just this inventory."""
    data = (config_map or {}).get("data") or {}
    return bool(data.get(INVENTORY_FILE) == wanted.encode())


class _KvFile(Struct, rename="camel"):
    config_table: dict[str, dict[str, str]] = {}
