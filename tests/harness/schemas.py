"""JSON schemas of all kinds that an API server has, made from its OpenAPI for kubeconform."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from harness.cluster import Cluster
from harness.helm import KUBECONFORM
from harness.shell import attempt

Schema = dict[str, Any]
KINDS: Final = "x-kubernetes-group-version-kind"
PREFIX: Final = "io.k8s.apimachinery.pkg."
ANY_OF_BOTH: Final = {"oneOf": [{"type": "string"}, {"type": "number"}]}
LOOSE: Final = {
    f"{PREFIX}util.intstr.IntOrString": ANY_OF_BOTH,
    f"{PREFIX}api.resource.Quantity": ANY_OF_BOTH,
}
"""What the OpenAPI calls strings, and the API takes as numbers too."""


def write(cluster: Cluster, directory: Path) -> None:
    """One file for each kind that the API server has now."""
    definitions: Schema = json.loads(cluster.api.read("/openapi/v2"))["definitions"]
    whole = {name: LOOSE.get(name) or _strict(each) for name, each in definitions.items()}
    (directory / "definitions.json").write_text(json.dumps({"definitions": whole}))
    for name, file in _files(definitions):
        reference = {"$ref": f"{directory.as_uri()}/definitions.json#/definitions/{name}"}
        (directory / file).write_text(json.dumps(reference))


def check(directory: Path, text: str) -> str:
    """What kubeconform says against manifests, by these schemas; empty if nothing.

    Raises HarnessError if it cannot be run.
    """
    where = f"{directory}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    file = directory / "checked.yaml"
    file.write_text(text)
    done = attempt(KUBECONFORM.built(), "-strict", f"-schema-location={where}", file)
    told = done.stdout + done.stderr
    return told or (f"exit code {done.returncode}" if done.returncode else "")


def _files(definitions: Schema) -> Iterator[tuple[str, str]]:
    for name, definition in definitions.items():
        for kind in definition.get(KINDS, ()):
            parts = (kind["kind"], kind["group"].split(".")[0], kind["version"])
            yield name, "-".join(filter(None, parts)).lower() + ".json"


def _strict(definition: Schema) -> Schema:
    """A definition that takes no fields but those that it names."""
    if "properties" not in definition:
        return definition
    return definition | {"additionalProperties": False}
