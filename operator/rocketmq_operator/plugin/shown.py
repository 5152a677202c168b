"""What a command has to show, and how that becomes text in each format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rocketmq_operator.admin.output import Format, Output, Row, rendered
from rocketmq_operator.plugin.layout import Lines


@dataclass(frozen=True)
class Shown:
    """``lines`` for people, ``data`` for programs: a row or several.

    ``rows`` are for ``-o table`` where ``data`` is more than a table. ``notes`` go to stderr;
    ``code`` is what the process ends with.
    """

    lines: Lines
    data: Mapping[str, Any] | Sequence[Row]
    rows: Sequence[Row] | None = None
    notes: Sequence[str] = field(default_factory=list)
    code: int = 0

    def text(self, wanted: Format, width: int) -> str:
        """The text in any format but TEXT, whose colours depend on the terminal."""
        data = self.rows if wanted is Format.TABLE and self.rows is not None else self.data
        return rendered(Output("", data), wanted, width=width)
