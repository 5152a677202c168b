"""A table of consumers and brokers that stays in a terminal and is renewed each round."""

import re
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rocketmq_operator.admin.groups import is_of_groups
from rocketmq_operator.admin.monitor.reports import Report, UndoneMsgs
from rocketmq_operator.admin.monitor.views import Brokers

BAD, GOOD = "bold red", "green"
PREFIXES = re.compile(r"^\[MONITOR\]\s*(\[NOTIFY\]\s*)?(report\w+:\s*)?")
"""What lines in a log begin with, and notices on a screen need not."""


def page(
    reports: Sequence[Report], seen: Brokers, failures: Sequence[Exception], moment: str
) -> RenderableType:
    """What is shown after a round that ended at ``moment``."""
    views = ", ".join(f"{server} {count}" for server, count in seen.shown.items())
    told = (each.text.strip() for each in reports if not isinstance(each, UndoneMsgs))
    troubles = [Text(str(failure), BAD) for failure in failures]
    notices = [Text(PREFIXES.sub("", text), BAD) for text in told]
    title = Text(f"{moment}   brokers known to: {views}", "bold")
    return Group(title, _brokers(seen), _groups(reports), *troubles, *notices)


def _brokers(seen: Brokers) -> Table:
    found = Table(expand=True)
    for name in ("CLUSTER", "BROKER", "ID", "ADDRESS", "STATE", "VERSION"):
        found.add_column(name, overflow="fold")
    for name in ("IN/s", "OUT/s"):
        found.add_column(name, justify="right")
    for row in seen.rows:
        state = Text("up", GOOD) if row["answers"] else Text("no answer", BAD)
        names = (str(row[key]) for key in ("cluster", "broker", "id", "address"))
        rates = (f"{row[key]:.1f}" for key in ("inTPS", "outTPS"))
        found.add_row(*names, state, str(row["version"]), *rates)
    return found


def _groups(reports: Sequence[Report]) -> Table:
    found = Table(expand=True)
    for name in ("GROUP", "TOPIC"):
        found.add_column(name, overflow="fold")
    for name in ("UNDONE", "WORST QUEUE", "DELAY s"):
        found.add_column(name, justify="right")
    undone = (each for each in reports if isinstance(each, UndoneMsgs))
    shown = [each for each in undone if each.total or not is_of_groups(each.topic)]
    for each in sorted(shown, key=lambda report: -report.total):
        style = BAD if each.total else ""
        delay = f"{each.delay_ms / 1000:.1f}"
        numbers = (Text(f"{each.total:,}", style), f"{each.single_queue:,}", delay)
        found.add_row(each.group, each.topic, *numbers)
    return found
