"""A cache of the objects that the operator watches; the newest resourceVersion wins.

Watch events, lists and the answers to the operator's own writes arrive in any order. Each object
carries a resourceVersion, and these can be compared as numbers
(https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions), so an older
version never overwrites a newer one and a late event never brings a deleted object back.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rocketmq_operator.reconciler import kvconfig
from rocketmq_operator.reconciler.kinds import CLUSTER, KV_CONFIG, Key, Kind, Object
from rocketmq_operator.reconciler.names import CLUSTER_LABEL

MAX_TOMBSTONES: Final = 10_000
"""Deleted objects remembered; far more than can be in flight between a list and a watch."""


class Identity(NamedTuple):
    """Names one object of any kind."""

    kind: Kind
    namespace: str
    name: str


class Store:
    """What the API last said about each object, indexed by the cluster it belongs to."""

    def __init__(self) -> None:
        self._objects: dict[Identity, Object] = {}
        self._members: dict[Key, set[Identity]] = {}
        self._tombstones: OrderedDict[Identity, int] = OrderedDict()

    def cluster(self, key: Key) -> Object | None:
        """The NameServerCluster named by ``key``."""
        return self._objects.get(Identity(CLUSTER, *key))

    def clusters(self) -> Iterator[Key]:
        """Keys of all clusters known."""
        return (Key(i.namespace, i.name) for i in list(self._objects) if i.kind is CLUSTER)

    def named(self) -> set[Key]:
        """Keys of all clusters, and of those that other objects name."""
        return {*self.clusters(), *self._members}

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object by name."""
        return self._objects.get(Identity(kind, namespace, name))

    def members(self, key: Key, kind: Kind) -> list[Object]:
        """The objects of ``kind`` that carry the cluster's label or name it, by name."""
        found = (i for i in self._members.get(key, ()) if i.kind is kind)
        return [self._objects[identity] for identity in sorted(found, key=lambda i: i[1:])]

    def put(self, kind: Kind, obj: Object) -> Key | None:
        """Take in an object; the cluster concerned, or None where nothing was news."""
        if not self.is_news(kind, obj):
            return None
        identity = _identify(kind, obj)
        self._drop(identity)
        self._objects[identity] = obj
        key = cluster_of(kind, obj)
        if key is not None and kind is not CLUSTER:
            self._members.setdefault(key, set()).add(identity)
        return key

    def is_news(self, kind: Kind, obj: Object) -> bool:
        """Whether this is a newer version of the object than what is known."""
        identity = _identify(kind, obj)
        known = self._objects.get(identity)
        newest = max(_version(known) if known else 0, self._tombstones.get(identity, 0))
        return _version(obj) > newest

    def remove(self, kind: Kind, obj: Object) -> Key | None:
        """Take in a deletion, with the last state of the object."""
        identity = _identify(kind, obj)
        known = self._objects.get(identity)
        if known is not None and known["metadata"]["uid"] != obj["metadata"]["uid"]:
            return None
        self._bury(identity, max(_version(obj), _version(known) if known else 0))
        return cluster_of(kind, obj)

    def replace(self, kind: Kind, objects: Iterable[Object], version: int) -> set[Key]:
        """Take in a complete list made at ``version``; what it lacks and is older is gone."""
        changed: set[Key | None] = set()
        seen = set()
        for obj in objects:
            seen.add(_identify(kind, obj))
            changed.add(self.put(kind, obj))
        known = [i for i in self._objects if i.kind is kind and i not in seen]
        for identity in known:
            obj = self._objects[identity]
            if _version(obj) <= version:
                self._bury(identity, version)
                changed.add(cluster_of(kind, obj))
        return {key for key in changed if key is not None}

    def _bury(self, identity: Identity, version: int) -> None:
        self._drop(identity)
        self._tombstones[identity] = version
        self._tombstones.move_to_end(identity)
        if len(self._tombstones) > MAX_TOMBSTONES:
            self._tombstones.popitem(last=False)

    def _drop(self, identity: Identity) -> None:
        obj = self._objects.pop(identity, None)
        key = cluster_of(identity.kind, obj) if obj else None
        if key is None or key not in self._members:
            return
        self._members[key].discard(identity)
        if not self._members[key]:
            del self._members[key]


def cluster_of(kind: Kind, obj: Object) -> Key | None:
    """The cluster that an object is about: itself, or the one that it or its label names."""
    metadata = obj["metadata"]
    if kind is CLUSTER:
        return Key(metadata["namespace"], metadata["name"])
    if kind is KV_CONFIG:
        return kvconfig.cluster_of(obj)
    name = metadata.get("labels", {}).get(CLUSTER_LABEL)
    return Key(metadata["namespace"], name) if name else None


def _identify(kind: Kind, obj: Object) -> Identity:
    return Identity(kind, obj["metadata"]["namespace"], obj["metadata"]["name"])


def _version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])
