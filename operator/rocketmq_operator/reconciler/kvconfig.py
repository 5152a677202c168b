"""A NameServerKVConfig as read from the API: every default resolved."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from rocketmq_operator.reconciler.kinds import KV_CONFIG, Key, Object
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.spec import ORDER_TOPICS, Part
from rocketmq_operator.reconciler.sync import Policy

FINALIZER: Final = "namesrv.dev/kv-entries"
"""Keeps an object until the operator wrote down that its keys have to go."""
NEVER: Final = "9999"
"""Sorts after every time: an object that the API server does not have yet is the youngest."""


class DeletionPolicy(StrEnum):
    """``spec.deletionPolicy``: what becomes of the entries when the object is deleted."""

    DELETE = "Delete"
    RETAIN = "Retain"


class KvConfigSpec(Part, frozen=True):
    """``spec`` with its defaults, without the reference to the cluster."""

    kv_namespace: str = ORDER_TOPICS
    entries: Mapping[str, str] = {}
    order_topics: Mapping[str, str] = {}
    drift: Policy = Policy.CORRECT
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    paused: bool = False

    @property
    def table(self) -> Mapping[str, str]:
        """Wanted keys and values."""
        return self.order_topics or self.entries


class KvConfig(Struct, frozen=True):
    """One NameServerKVConfig; ``trouble`` says why its spec cannot be read.

    ``created`` and ``deleted`` are RFC 3339 texts, ``deleted`` empty unless it is being deleted.
    """

    key: Key
    created: str
    deleted: str
    held: bool
    spec: KvConfigSpec
    trouble: Trouble | None = None

    def __str__(self) -> str:
        return f"{KV_CONFIG.name} {self.key}"

    @property
    def id(self) -> str:
        """``namespace/name``."""
        return str(self.key)

    @property
    def rank(self) -> tuple[str, str, str]:
        """Sorts by age; of two objects that want one key, the first has it."""
        return self.created, *self.key

    @property
    def deletes(self) -> bool:
        """Whether its keys go with it."""
        return self.spec.deletion_policy is DeletionPolicy.DELETE


def cluster_of(body: Object) -> Key:
    """The NameServerCluster that a NameServerKVConfig names."""
    reference = body["spec"]["clusterRef"]
    return Key(reference.get("namespace", body["metadata"]["namespace"]), reference["name"])


def read(body: Object) -> KvConfig:
    """Read a NameServerKVConfig."""
    metadata = body["metadata"]
    spec, trouble = KvConfigSpec(), None
    try:
        spec = msgspec.convert(body["spec"], KvConfigSpec)
    except msgspec.ValidationError as error:
        trouble = Trouble("InvalidSpec", f"spec: {error}")
    return KvConfig(
        Key(metadata["namespace"], metadata["name"]),
        metadata.get("creationTimestamp", NEVER),
        metadata.get("deletionTimestamp", ""),
        FINALIZER in metadata.get("finalizers", ()),
        spec,
        trouble,
    )
