"""Files of manifests: what in them is converted, what belongs to it, what is left alone."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import yaml

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.conversion import (
    cluster,
    forms,
    kventries,
    nameservice,
    workload,
)
from rocketmq_operator.reconciler.conversion.fields import Remarks
from rocketmq_operator.reconciler.conversion.origin import Origin, Surroundings
from rocketmq_operator.reconciler.kinds import CONFIG_MAP, DISRUPTION_BUDGET, SERVICE, Kind, Object
from rocketmq_operator.reconciler.spec import Flavor

BESIDE: Final = (CONFIG_MAP, SERVICE, DISRUPTION_BUDGET)
NOT_THERE: Final = (
    f"there is no {nameservice.VERSION} {nameservice.KIND} in it, and no StatefulSet or Deployment "
    "of apps/v1 with a container that runs mqnamesrv"
)
ONE_AT_A_TIME: Final = (
    "there are KV entries in the files and more than one set of NameServers: convert one at a time"
)
STAYS: Final = "it goes on as it is; docs/migration.md says what its brokers and clients need"
OWNED: Final = f"it was made for the {nameservice.KIND} {{}}, which is converted"


@dataclass(frozen=True)
class Conversion:
    """The manifests made, and a line for all that a person must know."""

    clusters: tuple[Object, ...]
    remarks: tuple[str, ...]


def convert(files: Iterable[tuple[str, str]], flavor: Flavor) -> Conversion:
    """Turn each NameService, and each workload with NameServers, into a NameServerCluster.

    ``files`` are names and texts, YAML or JSON: manifests, and at most one kvConfig.json. Raises
    SpecError for what is no YAML, has no NameServers, or cannot be read.
    """
    documents = [document for name, text in files for document in _documents(name, text)]
    kv = [document for document in documents if kventries.is_file(document)]
    objects = [document for document in documents if _named(document)]
    alone = [
        f"{_kind(document)}: left alone: it is no object with a name"
        for document in documents
        if document not in kv and not _named(document)
    ]
    for one in objects:
        with _named_in_errors(_about(one)):
            forms.check(one)
    origins = list(_origins(objects, alone))
    if not origins:
        raise SpecError("the files", "; ".join([NOT_THERE, *alone]))
    if len(kv) > 1 or (kv and len(origins) > 1):
        raise SpecError("the files", ONE_AT_A_TIME)
    made, lines = [], []
    for origin in origins:
        with _named_in_errors(origin.remarks.about):
            entries = kventries.wanted(kv[0], origin.remarks) if kv else {}
            made.append(cluster.build(origin, _around(origin, objects), flavor, entries))
        lines += origin.remarks.lines
    return Conversion(tuple(made), (*lines, *alone))


@contextmanager
def _named_in_errors(about: str) -> Iterator[None]:
    try:
        yield
    except SpecError as error:
        raise SpecError(f"{about}: {error.path}", error.reason) from error


def _documents(name: str, text: str) -> Iterator[Any]:
    """The documents of a stream, those of lists among them."""
    try:
        found = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise SpecError(name, f"it is no YAML: {error}") from error
    for document in found:
        match document:
            case {"kind": str(kind), "items": list(items)} if kind.endswith("List"):
                yield from items
            case None:
                pass
            case _:
                yield document


def _origins(objects: Sequence[Object], alone: list[str]) -> Iterator[Origin]:
    converted = {
        (one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in objects
        if _is_name_service(one)
    }
    for one in objects:
        maker, about = _maker(one), _about(one)
        if (one["metadata"].get("namespace"), maker) in converted:
            alone.append(f"{about}: left alone: {OWNED.format(maker)}")
        elif (origin := _origin(one, Remarks(about))) is not None:
            yield origin
        elif not any(_is(kind, one) for kind in BESIDE):
            alone.append(f"{about}: left alone: {_why(one)}")


def _origin(document: Object, remarks: Remarks) -> Origin | None:
    """The servers that an object is about, if it is about servers."""
    if _is_name_service(document):
        return nameservice.read(document, remarks)
    if document["apiVersion"] == workload.VERSION and document["kind"] in workload.KINDS:
        index = workload.server(document)
        return None if index is None else workload.read(document, index, remarks)
    return None


def _named(document: Any) -> bool:
    match document:
        case {"apiVersion": str(), "kind": str(), "metadata": {"name": str()}}:
            return True
    return False


def _kind(document: Any) -> str:
    return str(document.get("kind")) if isinstance(document, dict) else type(document).__name__


def _about(document: Object) -> str:
    metadata = document["metadata"]
    namespace = metadata.get("namespace")
    return f"{document['kind']} {f'{namespace}/' if namespace else ''}{metadata['name']}"


def _is_name_service(document: Object) -> bool:
    return (document["apiVersion"], document["kind"]) == (nameservice.VERSION, nameservice.KIND)


def _maker(document: Object) -> str | None:
    """The NameService that an object was made for."""
    owners = document["metadata"].get("ownerReferences") or ()
    found = (one.get("name") for one in owners if one.get("kind") == nameservice.KIND)
    return next(found, None)


def _is(kind: Kind, document: Object) -> bool:
    return (kind.api_version, kind.name) == (document["apiVersion"], document["kind"])


def _why(document: Object) -> str:
    version = document["apiVersion"]
    if document["kind"] == nameservice.KIND:
        return f"it is of {version}, and only {nameservice.VERSION} is known"
    if version.startswith(f"{nameservice.GROUP}/"):
        return STAYS
    if document["kind"] not in workload.KINDS:
        return "it is not about NameServers"
    if version == workload.VERSION:
        return "no container of it runs mqnamesrv"
    return f"it is of {version}, and only {workload.VERSION} is known"


def _around(origin: Origin, objects: Sequence[Object]) -> Surroundings:
    """What stands in the same namespace."""
    config_maps, services, budgets = (
        [
            one
            for one in objects
            if _is(kind, one) and one["metadata"].get("namespace") == origin.namespace
        ]
        for kind in BESIDE
    )
    return Surroundings(config_maps, services, budgets)
