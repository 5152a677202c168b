"""startMonitoring: rounds of looks at consumers and brokers, told as they end."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from rocketmq_operator.admin.invocation import Command, Invocation
from rocketmq_operator.admin.monitor.events import Events
from rocketmq_operator.admin.monitor.reports import BEGIN_ROUND, END_ROUND, Report, UndoneMsgs
from rocketmq_operator.admin.monitor.rounds import groups_of, look
from rocketmq_operator.admin.monitor.views import Brokers, seen_by
from rocketmq_operator.admin.options import Option
from rocketmq_operator.admin.output import Output, lines
from rocketmq_operator.admin.targets import FAILURES
from rocketmq_operator.errors import RocketMQError, SettingsError

ROUND_SECONDS: Final = 60
WATCH_SECONDS: Final = 5
MAX_ROUND_SECONDS: Final = 86_400
OWN: Final = (
    Option(
        "", "round-interval", "seconds from round to round; 60, or 5 with --watch",
        takes_value=True,
    ),
    Option("", "once", "end after one round"),
    Option(
        "", "max-undone", "exit 1 if a group has more messages of a topic left than this",
        takes_value=True,
    ),
    Option(
        "", "max-delay", "exit 1 if a group is more seconds behind in a topic than this",
        takes_value=True,
    ),
    Option("", "prometheus", "serve metrics at this HOST:PORT", takes_value=True),
    Option("", "watch", "show a table in the terminal instead of lines"),
)  # fmt: skip


class Round(NamedTuple):
    """What a round found, and who could not be asked."""

    reports: Sequence[Report]
    seen: Brokers
    failures: Sequence[RocketMQError]

    @property
    def knows_brokers(self) -> bool:
        """Whether a NameServer answered, so that the round says more than the one before."""
        return bool(self.seen.rows) or not self.failures

    @property
    def output(self) -> Output:
        """What is printed of it."""
        told = [BEGIN_ROUND, *(each.text for each in self.reports), END_ROUND]
        return Output(lines(told), [each.row for each in self.reports], self.failures)


Show = Callable[[Round], None]


class LimitExceededError(RocketMQError):
    """A group is further behind than the command line allows."""


async def start_monitoring(call: Invocation) -> Output:
    """Look again and again, or once; the last round's output where there is a last one."""
    seconds = _seconds(call)
    limits = {name: call.number(name, -1) for name in ("max-undone", "max-delay")}
    events = Events(call)
    await events.new()
    with ExitStack() as stack:
        shows = list(_shows(call, stack))
        while True:
            found = await _round(call, events)
            for show in shows:
                show(found)
            if call.has("once"):
                failures = [*found.failures, *_over(found.reports, limits)]
                return replace(found.output, failures=failures)
            if not call.has("watch"):
                call.show(found.output)
            await asyncio.sleep(seconds)


async def _round(call: Invocation, events: Events) -> Round:
    """One round; that no NameServer tells of groups ends this one alone."""
    reports: list[Report] = []
    failures: list[RocketMQError] = []
    try:
        reports, failures = await look(call, await groups_of(call))
    except FAILURES as error:
        failures.append(error)
    reports += await events.new()
    seen = await seen_by(call) if _shows_brokers(call) else Brokers((), {})
    return Round(reports, seen, failures)


def _shows_brokers(call: Invocation) -> bool:
    return call.has("watch") or call.has("prometheus")


def _shows(call: Invocation, stack: ExitStack) -> Iterator[Show]:
    # Imported here: neither is needed for lines, and both take a tenth of a second to load.
    if call.has("prometheus"):
        from rocketmq_operator.admin.monitor import gauges  # noqa: PLC0415

        found = gauges.Gauges()
        stack.enter_context(gauges.served(found, call.text("prometheus")))
        yield lambda last: found.show(last.reports, last.seen) if last.knows_brokers else None
    if call.has("watch"):
        from rich.live import Live  # noqa: PLC0415

        from rocketmq_operator.admin.monitor.watch import page  # noqa: PLC0415

        if not sys.stdout.isatty():
            raise SettingsError("--watch: the output is no terminal; leave it out for lines")
        live = stack.enter_context(Live(screen=True, auto_refresh=False))
        yield lambda last: live.update(page(*last, _now()), refresh=True)


def _over(reports: Sequence[Report], limits: dict[str, int]) -> Iterator[RocketMQError]:
    """An error for each group that is further behind than the limits; -1 is no limit."""
    undone, delay = limits["max-undone"], limits["max-delay"]
    for each in (report for report in reports if isinstance(report, UndoneMsgs)):
        who = f"group {each.group}, topic {each.topic}"
        if 0 <= undone < each.total:
            yield LimitExceededError(f"{who}: {each.total} messages left, --max-undone {undone}")
        if 0 <= delay * 1000 < each.delay_ms:
            text = f"{who}: {each.delay_ms / 1000:.1f} s behind, --max-delay {delay}"
            yield LimitExceededError(text)


def _seconds(call: Invocation) -> int:
    seconds = call.number("round-interval", WATCH_SECONDS if call.has("watch") else ROUND_SECONDS)
    if not 1 <= seconds <= MAX_ROUND_SECONDS:
        raise SettingsError(f"--round-interval {seconds}: want 1 to {MAX_ROUND_SECONDS} seconds")
    return seconds


def _now() -> str:
    return datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


COMMANDS: Final = {
    "startMonitoring": Command(
        start_monitoring, (), "--once --max-undone 1000 -n 127.0.0.1:9876", OWN
    ),
}
