"""All children of NameServerClusters, from their manifests alone."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import yaml

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.kinds import CLUSTER, Object
from rocketmq_operator.reconciler.resources import Circumstances, desired
from rocketmq_operator.reconciler.spec import parse

NO_UID: Final = ""


def manifests(text: str, namespace: str) -> list[Object]:
    """The NameServerClusters in a YAML stream, those without a namespace in ``namespace``.

    Other objects are passed over. Raises SpecError for what is no YAML, and for a stream without
    a NameServerCluster.
    """
    found = [_placed(document, namespace) for document in _documents(text) if _ours(document)]
    if not found:
        raise SpecError("the file", f"there is no {CLUSTER.api_version} {CLUSTER.name} in it")
    return found


def children(body: Object, default_image: str, operator_namespace: str) -> Iterator[Object]:
    """The objects that the operator would make of a NameServerCluster that is new.

    Without owner: only the API server knows the uid. Raises SpecError.
    """
    given = Circumstances(operator_namespace=operator_namespace)
    for child in desired(parse(body, default_image), given):
        del child["metadata"]["ownerReferences"]
        yield child


def to_yaml(objects: Iterable[Object]) -> str:
    """A YAML stream, as ``kubectl apply -f`` takes it."""
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Repeats what is the same object in Python: people do not read anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _documents(text: str) -> list[Any]:
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise SpecError("the file", f"it is no YAML: {error}") from error


def _ours(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    return (document.get("apiVersion"), document.get("kind")) == (CLUSTER.api_version, CLUSTER.name)


def _placed(document: Object, namespace: str) -> Object:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise SpecError("metadata.name", "it is missing; every NameServerCluster has a name")
    return {**document, "metadata": {"namespace": namespace, "uid": NO_UID, **metadata}}
