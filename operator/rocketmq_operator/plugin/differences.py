"""Configuration and KV entries: what is wanted against what each server holds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from rich.text import Text

from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.layout import BAD, DIM, Cell, Lines, table
from rocketmq_operator.protocol.configuration import PROPERTIES, normalize

OF_EACH_SERVER: Final = frozenset(
    {"bindAddress", "rocketmqHome", "kvConfigPath", "configStorePath"}
)
"""Properties that may well differ from server to server."""

Tables = Mapping[str, Mapping[str, str]]


class Difference(NamedTuple):
    """One name whose values differ; None is a value that is not there, or not asked for."""

    name: str
    wanted: str | None
    held: Mapping[str, str | None]
    restart: bool = False


def of_config(wanted: Mapping[str, str], answers: Answers) -> list[Difference]:
    """Properties that are not as ``wanted`` somewhere, or not the same on all servers."""
    held = {pod: body.get("properties", {}) for pod, body in answers.bodies.items()}
    late = {key for body in answers.bodies.values() for key in body.get("restartRequired", ())}
    names = sorted({*wanted, *(name for table in held.values() for name in table)})
    found = []
    for name in names:
        values = {pod: table.get(name) for pod, table in held.items()}
        if _differs(name, wanted.get(name), values.values()) or name in late:
            found.append(Difference(name, wanted.get(name), values, name in late))
    return found


def of_kv(wanted: Tables, answers: Answers) -> list[Difference]:
    """KV entries that are not as ``wanted`` somewhere, or not the same on all servers."""
    held = {pod: flat(body.get("namespaces", {})) for pod, body in answers.bodies.items()}
    asked = flat(wanted)
    names = sorted({*asked, *(name for table in held.values() for name in table)})
    return [
        Difference(name, asked.get(name), values)
        for name in names
        if _unequal(asked.get(name), (values := {pod: t.get(name) for pod, t in held.items()}))
    ]


def flat(tables: Tables) -> dict[str, str]:
    """``namespace/key`` to value."""
    return {f"{name}/{key}": value for name, t in tables.items() for key, value in t.items()}


def _differs(name: str, wanted: str | None, values: Iterable[str | None]) -> bool:
    seen = {None if value is None else _normal(name, value) for value in values}
    if wanted is not None:
        return seen != {_normal(name, wanted)} and bool(seen)
    return len(seen) > 1 and name not in OF_EACH_SERVER


def _normal(name: str, value: str) -> str:
    """Equal for texts that a server reads as the same value."""
    row = PROPERTIES.get(name)
    found = normalize(row, value) if row else None
    return value if found is None else found


def _unequal(wanted: str | None, values: Mapping[str, str | None]) -> bool:
    seen = set(values.values())
    return seen != {wanted} if wanted is not None else len(seen) > 1


def lines(found: Iterable[Difference], pods: Iterable[str]) -> Lines:
    """A row for each name, a column for what is wanted and for each server."""
    names = list(pods)
    rows = [
        (each.name, _value(each.wanted), *(_held(each, name) for name in names), _note(each))
        for each in found
    ]
    header = ("NAME", "WANTED", *(name.upper() for name in names), "NOTE")
    return table(header, rows, indent="") if rows else []


def _value(value: str | None) -> Cell:
    return Text("(none)", style=DIM) if value is None else Text(value or '""')


def _held(difference: Difference, pod: str) -> Cell:
    if pod not in difference.held:
        return Text("no answer", style=DIM)
    value = difference.held[pod]
    text = "(none)" if value is None else value or '""'
    wrong = difference.wanted is not None and value != difference.wanted
    return Text(text, style=BAD if wrong else "")


def _note(difference: Difference) -> str:
    return "waits for a restart" if difference.restart else ""


def rows(found: Iterable[Difference]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "name": each.name,
            "wanted": each.wanted,
            "servers": dict(each.held),
            "restartRequired": each.restart,
        }
        for each in found
    ]


def agreed(answers: Answers) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The KV tables as the first server holds them, and the names that differ elsewhere."""
    differing = [each.name for each in of_kv({}, answers)]
    first = next((answers.bodies[pod] for pod in sorted(answers.bodies)), {})
    tables = first.get("namespaces", {})
    return {name: dict(table) for name, table in tables.items()}, differing


def entries(tables: Tables, namespace: str, key: str | None) -> Iterator[dict[str, str]]:
    """The entries of a KV namespace, or the one of a key, for programs."""
    for name, value in sorted(tables.get(namespace, {}).items()):
        if key in (None, name):
            yield {"namespace": namespace, "key": name, "value": value}
