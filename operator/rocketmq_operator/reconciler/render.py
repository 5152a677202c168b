"""All children of NameServerClusters, from their manifests alone."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import yaml

from rocketmq_operator.reconciler import delegation, kvconfig
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.manifests import Manifests
from rocketmq_operator.reconciler.resources import Circumstances, desired
from rocketmq_operator.reconciler.resources.inventory import Written
from rocketmq_operator.reconciler.spec import parse


def children(given: Manifests, default_image: str, operator_namespace: str) -> Iterator[Object]:
    """The objects that the operator would make of NameServerClusters that are new.

    Without owner: only the API server knows the uid. Raises SpecError.
    """
    for body in given.clusters:
        cluster = parse(body, default_image)
        configs = map(kvconfig.read, given.kv_configs_of(cluster.key))
        division = delegation.divide(cluster, configs, Written(), given.labels)
        cluster = msgspec.structs.replace(cluster, delegated=division.delegated)
        for child in desired(cluster, Circumstances(operator_namespace=operator_namespace)):
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
