"""NameServerClusters and NameServerKVConfigs in the files that people apply."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler import kvconfig
from rocketmq_operator.reconciler.kinds import CLUSTER, KV_CONFIG, NAMESPACE, Key, Kind, Object

NO_UID: Final = ""


@dataclass(frozen=True, slots=True)
class Manifests:
    """What stands in a file; ``labels`` are those of the namespaces in it."""

    clusters: tuple[Object, ...]
    kv_configs: tuple[Object, ...]
    labels: Mapping[str, Mapping[str, str]]

    def kv_configs_of(self, cluster: Key) -> list[Object]:
        """The NameServerKVConfigs that name a cluster."""
        return [body for body in self.kv_configs if kvconfig.cluster_of(body) == cluster]

    @property
    def concerned(self) -> list[Key]:
        """The clusters in the file, and those that something in it names."""
        own = map(_key, self.clusters)
        return list(dict.fromkeys([*own, *map(kvconfig.cluster_of, self.kv_configs)]))

    def cluster(self, key: Key) -> Object | None:
        """The manifest of a cluster, if it is in the file."""
        return next((body for body in self.clusters if _key(body) == key), None)


def read(text: str, namespace: str) -> Manifests:
    """What a YAML stream holds, objects without a namespace in ``namespace``.

    Objects of other kinds are passed over. Raises SpecError for what is no YAML, and for a stream
    without any of ours.
    """
    found = _documents(text)
    clusters = tuple(_placed(document, namespace) for document in _of(CLUSTER, found))
    configs = tuple(_placed(document, namespace) for document in _of(KV_CONFIG, found))
    if not clusters and not configs:
        raise SpecError("the file", f"there is no {CLUSTER.api_version} {CLUSTER.name} in it")
    labels = {
        document["metadata"]["name"]: dict(document["metadata"].get("labels") or {})
        for document in _of(NAMESPACE, found)
    }
    return Manifests(clusters, tuple(map(_referring, configs)), labels)


def _key(body: Object) -> Key:
    return Key(body["metadata"]["namespace"], body["metadata"]["name"])


def _documents(text: str) -> list[Any]:
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise SpecError("the file", f"it is no YAML: {error}") from error


def _of(kind: Kind, documents: Iterable[Any]) -> Iterator[Object]:
    names = (kind.api_version, kind.name)
    for document in documents:
        if (
            isinstance(document, dict)
            and (document.get("apiVersion"), document.get("kind")) == names
        ):
            yield document


def _placed(document: Object, namespace: str) -> Object:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise SpecError("metadata.name", f"it is missing; every {document['kind']} has a name")
    return {**document, "metadata": {"namespace": namespace, "uid": NO_UID, **metadata}}


def _referring(document: Object) -> Object:
    match document.get("spec"):
        case {"clusterRef": {"name": str()}}:
            return document
    name = document["metadata"]["name"]
    raise SpecError("spec.clusterRef.name", f"it is missing in {KV_CONFIG.name} {name}")
