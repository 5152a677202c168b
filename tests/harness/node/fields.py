"""fieldRef and resourceFieldRef: what a pod can tell its own containers."""

import math
import re
from decimal import Decimal

from harness.node.objects import Object

SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
INDEXED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
# The embedded node's capacity, which is what a container without limits is told.
NODE_CAPACITY = {"cpu": "64", "memory": "64Gi", "ephemeral-storage": "64Gi", "pods": "250"}


class UnknownFieldError(Exception):
    """A fieldRef names what this node does not offer."""


def field_value(pod: Object, path: str) -> str:
    """Value of a fieldRef in `pod`, empty if it is unset. Raises UnknownFieldError."""
    if found := INDEXED.fullmatch(path):
        group, name = found.groups()
        value = pod["metadata"].get(group, {}).get(name, "")
        return str(value)
    if path in {"metadata.labels", "metadata.annotations"}:
        return _lines(pod["metadata"].get(path.removeprefix("metadata."), {}))
    plain = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName"),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName"),
        "status.podIP": pod.get("status", {}).get("podIP"),
        "status.podIPs": pod.get("status", {}).get("podIP"),
        "status.hostIP": pod.get("status", {}).get("hostIP"),
        "status.hostIPs": pod.get("status", {}).get("hostIP"),
    }
    if path not in plain:
        raise UnknownFieldError(f"fieldRef {path!r} is not offered; known: {', '.join(plain)}")
    return plain[path] or ""


def resource_value(pod: Object, reference: Object, own_container: str = "") -> str:
    """Value of a resourceFieldRef, rounded up to its divisor."""
    wanted = reference.get("containerName") or own_container
    container = next(each for each in pod["spec"]["containers"] if each["name"] == wanted)
    section, _, name = reference["resource"].partition(".")
    resources = container.get("resources", {})
    text = resources.get(section, {}).get(name)
    if text is None:
        text = NODE_CAPACITY.get(name, "0") if section == "limits" else "0"
    divisor = quantity(reference.get("divisor") or "1") or Decimal(1)
    return str(math.ceil(quantity(text) / divisor))


def quantity(text: str) -> Decimal:
    """Number that a Kubernetes quantity such as `250m` or `1Gi` stands for."""
    found = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)", str(text))
    if found is None or found[2] not in SUFFIXES:
        raise UnknownFieldError(f"{text!r} is not a quantity")
    return Decimal(found[1]) * SUFFIXES[found[2]]


def _lines(pairs: dict[str, str]) -> str:
    """The format of downward API files: sorted, values quoted."""
    quoted = (
        (name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
        for name, value in sorted(pairs.items())
    )
    return "\n".join(f'{name}="{value}"' for name, value in quoted)
