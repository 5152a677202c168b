"""A walk over the leaves of a custom resource's schema: for each, a spec that sets it, and another.

The idea is Acto's (SOSP 2023): an operator that ignores a field, or cannot go back to what was
before, is found by changing every field once. A leaf without a value is an error, so that no
field is added without being walked.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from harness.errors import HarnessError

EXAMPLES: Final = Path(__file__).parent / "walk"
CRDS: Final = Path(__file__).resolve().parents[2] / "crds"
CLUSTERS: Final = "nameserverclusters"
KV_CONFIGS: Final = "nameserverkvconfigs"
ITEM: Final = "[]"
"""Ends the name of a list whose items have fields of their own."""

Object = dict[str, Any]


class NotWalkedError(HarnessError):
    """A leaf has no value to start from, or none to change to."""


class Leaf(NamedTuple):
    """One field that holds a value: its path, as ``pod.env[].name``, and its schema."""

    path: str
    schema: Object


class Step(NamedTuple):
    """A leaf with a spec that sets it and the same spec with another value there."""

    leaf: str
    example: str
    before: Object
    after: Object


def leaves(schema: Mapping[str, Any], path: str = "") -> Iterator[Leaf]:
    """All leaves below a schema: scalars, maps, and lists of scalars."""
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        items = part.get("items", {})
        if "properties" in part:
            yield from leaves(part, here)
        elif "properties" in items:
            yield from leaves(items, here + ITEM)
        else:
            yield Leaf(here, part)


def spec_schema(resource: str) -> Object:
    """The schema of ``spec`` in ``crds/``."""
    written = yaml.safe_load((CRDS / f"{resource}.namesrv.dev.yaml").read_text())
    version = written["spec"]["versions"][0]
    found: Object = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def examples(resource: str = CLUSTERS) -> dict[str, Object]:
    """The specs to start from, by name; together they set every leaf."""
    files = sorted((EXAMPLES / resource).glob("*.yaml"))
    # By way of JSON, so that what YAML's aliases repeat can be changed in one place alone.
    return {file.stem: json.loads(json.dumps(yaml.safe_load(file.read_text()))) for file in files}


def steps(resource: str = CLUSTERS) -> list[Step]:
    """A step for each leaf of ``spec``. Raises NotWalkedError that names those without."""
    found = examples(resource)
    changes: Mapping[str, Any] = found.pop("changes")
    made = {leaf.path: _step(leaf, found, changes) for leaf in leaves(spec_schema(resource))}
    missing = [path for path, step in made.items() if step is None]
    unused = changes.keys() - {_rule(path, changes) for path in made}
    if missing or unused:
        raise NotWalkedError(
            f"{EXAMPLES / resource} has no value for {missing}, and changes of what is no leaf: "
            f"{unused}"
        )
    return [step for step in made.values() if step is not None]


def _step(leaf: Leaf, found: Mapping[str, Object], changes: Mapping[str, Any]) -> Step | None:
    for name, before in found.items():
        after = copy.deepcopy(before)
        holder = _holder(after, leaf.path.split("."))
        if holder is not None:
            _change(holder, leaf, changes)
            return Step(leaf.path, name, before, after)
    return None


def _change(holder: Object, leaf: Leaf, changes: Mapping[str, Any]) -> None:
    key, rule = leaf.path.rpartition(".")[2], _rule(leaf.path, changes)
    if rule is None:
        holder[key] = _another(holder[key], leaf)
        return
    other = changes[rule]
    patch = other["merge"] if isinstance(other, dict) and "merge" in other else {key: other}
    _merge(holder, patch)


def _rule(path: str, changes: Mapping[str, Any]) -> str | None:
    """The key in ``changes`` that is meant for a path."""
    if path in changes:
        return path
    return next((r for r in changes if r.startswith("*") and path.endswith(r[1:])), None)


def _merge(target: Object, patch: Mapping[str, Any]) -> None:
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        else:
            target[name] = value


def _holder(value: Any, path: Sequence[str]) -> Object | None:
    """The object that has the last of ``path`` as a key, in the first items that lead there."""
    name, *rest = path
    if not isinstance(value, dict) or name.removesuffix(ITEM) not in value:
        return None
    if not rest:
        return value
    inner = value[name.removesuffix(ITEM)]
    choices = inner if name.endswith(ITEM) else [inner]
    return next((found for one in choices if (found := _holder(one, rest)) is not None), None)


def _another(value: Any, leaf: Leaf) -> Any:
    """Another value that the schema allows; what it cannot know stands in ``changes``."""
    schema = leaf.schema
    if "enum" in schema:
        return next(choice for choice in schema["enum"] if choice != value)
    match value:
        case bool():
            return not value
        case int():
            return value - 1 if value == schema.get("maximum") else value + 1
        case str():
            return re.sub(r"^\d", "8", value) if value[:1].isdigit() else f"{value}x"
        case list():
            return [*value, _another(value[-1], Leaf(leaf.path, schema.get("items", {})))]
        case dict():
            return {**value, "walked": next(iter(value.values()))}
    raise NotWalkedError(f"{leaf.path}: no other value than {value!r} is known")
