"""`docs/reference/api.md`: every field of the custom resources, from their definitions."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from harness.product import ROOT

Schema = dict[str, Any]
PAGE: Final = Path("docs/reference/api.md")
KINDS: Final = ("nameserverclusters", "nameserverkvconfigs")
HEAD: Final = """\
<!-- Made of crds/ by `make generated`. -->
# API reference

Group `namesrv.dev`, version `v1alpha1`. Fields are only ever added. Headings are what
`kubectl explain` takes: `kubectl explain nsc.spec.tls`.

In the name of a field `[]` stands for each item of a list and `{}` for each value of a map. What
the API server refuses is told with the field, with the words that it answers. Fields without a
description are those of Kubernetes's own pods.
"""
SPLIT: Final = frozenset({"spec", "status", "spec.pod"})
"""Objects whose fields have sections of their own."""
QUANTITY: Final = "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)"
BORROWED: Final = ("apiVersion", "kind", "metadata")


class Field(NamedTuple):
    """A field: where it is, its schema, and whether what holds it must have it."""

    path: str
    schema: Schema
    required: bool = False


def page() -> str:
    """The text of the page."""
    return "\n".join([HEAD, *map(_kind, KINDS)])


def _kind(plural: str) -> str:
    definition = yaml.safe_load((ROOT / f"crds/{plural}.namesrv.dev.yaml").read_text())["spec"]
    (version,) = definition["versions"]
    schema, names = version["schema"]["openAPIV3Schema"], definition["names"]
    short = names["shortNames"][0]
    lines = [f"## {names['kind']}", "", schema["description"], ""]
    lines += [f"Short name `{short}`, category `{names['categories'][0]}`.", ""]
    lines += [*_refused(schema), *_columns(version["additionalPrinterColumns"])]
    for name, part in schema["properties"].items():
        if name not in BORROWED:
            lines += _section(short, name, part)
    return "\n".join(lines)


def _columns(columns: Sequence[Schema]) -> list[str]:
    rows = [
        f"| {column['name'].upper()} | `{column['jsonPath']}` | {column.get('description', '')}"
        f"{' With `-o wide`.' if column.get('priority') else ''} |"
        for column in columns
    ]
    head = "Columns of `kubectl get`:"
    return [head, "", "| column | field | |", "|---|---|---|", *rows, ""]


def _section(short: str, path: str, schema: Schema) -> list[str]:
    """The section of an object, and those of its fields that have one."""
    about = " ".join(filter(None, (_words(schema), _limits(schema))))
    lines = [f"### {short}.{path}", "", about, "", *_refused(schema)]
    if path not in SPLIT:
        return [*lines, *_table(list(_below(Field("", schema))), short)]
    fields = list(_members(Field(path, schema)))
    rows = [field._replace(path=field.path.removeprefix(f"{path}.")) for field in fields]
    lines += _table(rows, short, path)
    for field in fields:
        if _has_section(field):
            lines += _section(short, field.path, field.schema)
    return lines


def _has_section(field: Field) -> bool:
    return any(True for _ in _below(field))


def _table(fields: Sequence[Field], short: str, above: str = "") -> list[str]:
    """A row for each field; below `above`, those with a section of their own lead there."""
    rows = ["| field | type | |", "|---|---|---|"]
    for field in fields:
        linked = above and _has_section(field)
        name = f"`{field.path}`"
        if linked:
            name = f"[{name}](#{f'{short}.{above}.{field.path}'.replace('.', '').lower()})"
        words = [_words(field.schema)] if linked else _notes(field)
        cells = (name, _type(field.schema), "<br>".join(words))
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [*rows, ""]


def _below(field: Field) -> Iterator[Field]:
    """The fields in a field, from top to bottom."""
    for member in _members(field):
        yield member
        yield from _below(member)


def _members(field: Field) -> Iterator[Field]:
    schema, path = field.schema, field.path
    if "items" in schema:
        yield from _members(Field(f"{path}[]", schema["items"]))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _members(Field(f"{path}{{}}", schema["additionalProperties"]))
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        yield Field(f"{path}.{name}".removeprefix("."), part, name in required)


def _type(schema: Schema) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "quantity" if schema.get("pattern", "").startswith(QUANTITY) else "number or text"
    if "items" in schema:
        return f"list of {_plural(_type(schema['items']))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_plural(_type(schema['additionalProperties']))}"
    return "time" if schema.get("format") == "date-time" else str(schema["type"])


def _plural(word: str) -> str:
    return "quantities" if word == "quantity" else f"{word}s"


def _default(schema: Schema) -> str:
    """The default of a field that holds no others; theirs stand with them."""
    if "default" not in schema or "properties" in schema:
        return ""
    return f"Default: `{json.dumps(schema['default'])}`."


def _words(schema: Schema) -> str:
    return str(schema.get("description", ""))


def _notes(field: Field) -> list[str]:
    """What the table says of a field, line by line."""
    schema = field.schema
    limits = _limits(_each(schema))
    notes = [_words(schema), "Required." if field.required else "", _default(schema)]
    notes += [_limits(schema)]
    notes += [f"Each of them {limits[:1].lower()}{limits[1:]}" if limits else ""]
    notes += [f"Refused: {message}." for message in _messages(schema)]
    return [note for note in notes if note]


def _each(schema: Schema) -> Schema:
    """The schema of what a list or a map holds; of anything else, nothing."""
    found: Schema = schema.get("items") or schema.get("additionalProperties") or {}
    return found


def _messages(schema: Schema) -> list[str]:
    """What is told when a value, or one in it, is refused by a rule."""
    parts = (schema, _each(schema))
    return [rule["message"] for part in parts for rule in part.get("x-kubernetes-validations", ())]


def _limits(schema: Schema) -> str:
    """What the schema itself demands, in a sentence."""
    found = [_enum(schema), _range(schema, "minimum", "maximum", "")]
    found.append(_range(schema, "minLength", "maxLength", " characters"))
    found.append(_range(schema, "minItems", "maxItems", " items"))
    found.append(_range(schema, "minProperties", "maxProperties", " entries"))
    if keys := schema.get("x-kubernetes-list-map-keys"):
        found.append(f"one for each {' and '.join(f'`{key}`' for key in keys)}")
    pattern = schema.get("pattern", "")
    if pattern and not pattern.startswith(QUANTITY):
        found.append(f"matches `{pattern}`")
    text = "; ".join(each for each in found if each)
    return text[:1].upper() + text[1:] + "." if text else ""


def _enum(schema: Schema) -> str:
    words = schema.get("enum", ())
    return f"one of {', '.join(f'`{word}`' for word in words)}" if words else ""


def _range(schema: Schema, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low is None and high is None:
        return ""
    if low is None:
        return f"at most {high}{unit}"
    return f"at least {low}{unit}" if high is None else f"{low} to {high}{unit}"


def _refused(schema: Schema) -> list[str]:
    messages = [f"- {message}" for message in _messages(schema)]
    return ["Refused:", "", *messages, ""] if messages else []
