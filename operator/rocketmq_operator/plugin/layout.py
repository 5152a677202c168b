"""Lines and tables as people read them, coloured by what they mean."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from rocketmq_operator.reconciler.timestamps import from_text

GOOD: Final = "green"
BAD: Final = "red"
WARN: Final = "yellow"
DIM: Final = "dim"
HEAD: Final = "bold"

NOTHING: Final = "-"
GAP: Final = "   "
INDENT: Final = "  "

Cell = str | Text
Lines = list[Text]


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]], indent: str = INDENT) -> Lines:
    """Columns as wide as their widest cell, as kubectl's; empty cells become ``-``."""
    texts = [[Text(name, style=HEAD) for name in header]]
    texts += [[_cell(cell) for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*texts, strict=True)]
    return [_row(row, widths, indent) for row in texts]


def _cell(cell: Cell) -> Text:
    text = cell.copy() if isinstance(cell, Text) else Text(cell)
    return text if text.plain else Text(NOTHING, style=DIM)


def _row(cells: Sequence[Text], widths: Sequence[int], indent: str) -> Text:
    line = Text(indent)
    for cell, width in zip(cells, widths, strict=True):
        line.append_text(cell).append(" " * (width - cell.cell_len) + GAP)
    line.rstrip()
    return line


def section(title: str, body: Lines) -> Lines:
    """A blank line, the title, the body; nothing for an empty body."""
    return [Text(), Text(title, style=HEAD), *body] if body else []


def plain(lines: Lines) -> str:
    """The lines without colours."""
    return "".join(f"{line.plain}\n" for line in lines)


def toned(text: str, tones: Mapping[str, str]) -> Text:
    """A word in the colour that ``tones`` has for it, if any."""
    return Text(text, style=tones.get(text, ""))


def counted(number: int, thing: str) -> str:
    """``1 broker``, ``2 brokers``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def age(since: str, now: datetime) -> str:
    """How long ago, in at most two units, as kubectl tells it; empty for no time at all."""
    return duration((now - from_text(since)).total_seconds()) if since else ""


def duration(seconds: float) -> str:
    """``42s``, ``90m``, ``7h`` or ``41d``: never less than two of its unit but for seconds."""
    total = max(int(seconds), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if total >= 2 * size:
            return f"{total // size}{unit}"
    return f"{total}s"
