"""What a command found out, as Java's tools print it and as JSON, YAML or a table."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

from rocketmq_operator.errors import RocketMQError

Row = Mapping[str, Any]
UNBOUNDED: Final = 10_000
"""Width of a table that nothing is wide for."""


class Format(StrEnum):
    """Ways to print it."""

    TEXT = "text"
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True)
class Output:
    """``text`` is what Java's mqadmin prints; ``data`` the same for programs: a row or several.

    ``failures`` are those that did not keep the command from finding out the rest.
    """

    text: str
    data: Row | Sequence[Row]
    failures: Sequence[RocketMQError] = field(default_factory=list)


def lines(found: Iterable[str]) -> str:
    """Lines as one text that ends with a line end; nothing for none."""
    return "".join(f"{line}\n" for line in found)


def rendered(
    output: Output, wanted: Format, *, goes_on: bool = False, width: int = UNBOUNDED
) -> str:
    """The text to print; of a command that goes on, JSON has a line for each row.

    Tables are at most ``width`` characters wide.
    """
    if wanted is Format.TEXT:
        return output.text
    rows = output.data if isinstance(output.data, Sequence) else [output.data]
    if wanted is Format.TABLE:
        return table(rows, width) if rows else ""
    if wanted is Format.JSON and goes_on:
        return lines(msgspec.json.encode(row).decode() for row in rows)
    data = msgspec.to_builtins(output.data, str_keys=True)
    if wanted is Format.JSON:
        return msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"
    return msgspec.yaml.encode(data).decode()


def table(rows: Sequence[Row], width: int) -> str:
    """A column for each name, in the order in which names appear; long cells are folded."""
    # Imported here: it takes a tenth of a second to load, which no other format needs.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    names = list(dict.fromkeys(name for row in rows for name in row))
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        found.add_column(name.upper(), overflow="fold")
    for row in rows:
        found.add_row(*(_cell(row.get(name)) for name in names))
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, highlight=False, markup=False).print(found)
    return lines(line.rstrip() for line in text.getvalue().splitlines())


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.2f}"
        case Mapping():
            return ",".join(f"{name}={_cell(each)}" for name, each in value.items())
        case list() | tuple():
            return ",".join(map(_cell, value))
        case _:
            return str(value)
