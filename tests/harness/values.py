"""The values of a Helm chart, as the comments in its values.yaml explain them."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from harness.errors import HarnessError

Schema = dict[str, Any]
KEYWORDS: Final = "@schema "
LINE: Final = re.compile(r"^(?P<indent> *)(?P<key>\w+):")
STRINGS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
DEFINITIONS: Final[Schema] = {
    "strings": STRINGS,
    "objects": {"type": "array", "items": {"type": "object"}},
    "named": {"type": "array", "items": {"type": "object", "required": ["name"]}},
    "name": {"type": "string", "pattern": "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$", "maxLength": 253},
    "duration": {"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))*$"},
}
TYPES: Final = {bool: "boolean", int: "integer", str: "string"}


@dataclass(frozen=True)
class Value:
    """One key: what it means, its default, the keywords of its schema, the keys below it.

    A mapping whose schema says of what type it is has no keys of its own; what is in it is the
    default as a whole.
    """

    path: tuple[str, ...]
    default: Any
    description: str
    keywords: Schema
    children: tuple["Value", ...] = ()


def read(text: str) -> tuple[Value, ...]:
    """The top-level values of a values.yaml. Raises HarnessError if one is not explained."""
    return _level((), yaml.safe_load(text), dict(_comments(text)))


def schema(values: Sequence[Value], **keywords: Any) -> str:
    """The text of values.schema.json; `keywords` are more of the root's."""
    properties = {value.path[-1]: _property(value) for value in values}
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": False,
        "properties": {"global": {"type": "object"}, **properties},
        **keywords,
    }
    used = {name: DEFINITIONS[name] for name in DEFINITIONS if f"/{name}" in json.dumps(whole)}
    return json.dumps(whole | ({"definitions": used} if used else {}), indent=2) + "\n"


def table(values: Sequence[Value]) -> str:
    """The values as a table in Markdown, a row for each key that has none below it."""
    rows = ["| value | default | meaning |", "|---|---|---|"]
    return "\n".join([*rows, *map(_row, _leaves(values))]) + "\n"


def _comments(text: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The lines of the comment right above each key, by the path that the indents make."""
    above: list[str] = []
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            above.append(line.lstrip().removeprefix("#").strip())
            continue
        if found := LINE.match(line):
            indent = len(found["indent"])
            path = [*(each for each in path if each[0] < indent), (indent, found["key"])]
            yield tuple(key for _, key in path), above
        above = []


def _level(
    above: tuple[str, ...], mapping: dict[str, Any], comments: dict[tuple[str, ...], list[str]]
) -> tuple[Value, ...]:
    return tuple(_value((*above, key), default, comments) for key, default in mapping.items())


def _value(
    path: tuple[str, ...], default: Any, comments: dict[tuple[str, ...], list[str]]
) -> Value:
    lines = comments[path]
    words = " ".join(line for line in lines if not line.startswith(KEYWORDS))
    keywords: Schema = {}
    for line in lines:
        if line.startswith(KEYWORDS):
            keywords |= yaml.safe_load(line.removeprefix(KEYWORDS))
    if isinstance(default, dict) and not {"type", "$ref"} & keywords.keys():
        return Value(path, default, words, keywords, _level(path, default, comments))
    if not words:
        raise HarnessError(f"no comment above {'.'.join(path)} says what it is")
    if type(default) not in TYPES and not {"type", "$ref"} & keywords.keys():
        raise HarnessError(f"`# @schema` above {'.'.join(path)} has to say of what type it is")
    return Value(path, default, words, keywords)


def _property(value: Value) -> Schema:
    about = {"description": value.description} if value.description else {}
    if value.children:
        below = {child.path[-1]: _property(child) for child in value.children}
        inner = {"type": "object", "additionalProperties": False, "properties": below}
        return about | value.keywords | inner
    if "$ref" in value.keywords:
        return about | value.keywords
    return about | {"type": TYPES.get(type(value.default))} | value.keywords


def _leaves(values: Sequence[Value]) -> Iterator[Value]:
    for value in values:
        if value.children:
            yield from _leaves(value.children)
        else:
            yield value


def _row(value: Value) -> str:
    meaning = value.description.replace("|", "\\|")
    return f"| `{'.'.join(value.path)}` | `{json.dumps(value.default)}` | {meaning} |"
