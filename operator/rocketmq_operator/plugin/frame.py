"""The frame of every command: the options that all take, output, watching."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from rocketmq_operator.admin.output import UNBOUNDED, Format
from rocketmq_operator.errors import RocketMQError
from rocketmq_operator.plugin.options import Options
from rocketmq_operator.plugin.session import Session, opened
from rocketmq_operator.plugin.shown import Shown

WATCH_SECONDS: Final = 2.0
COMPLETION_SECONDS: Final = 2.0
"""For the API server to list names while somebody waits at the prompt."""

Work = Callable[[Session], Awaitable[Shown]]
Look = Callable[[], Coroutine[Any, Any, Shown]]

output_option = click.option(
    "-o",
    "--output",
    type=click.Choice([each.value for each in Format]),
    default=Format.TEXT.value,
    show_default=True,
)
watch_option = click.option(
    "-w", "--watch", is_flag=True, help=f"Look again every {WATCH_SECONDS:g} s, until Ctrl-C."
)


def complete_name(ctx: click.Context, param: click.Parameter, text: str) -> list[CompletionItem]:
    """Names of NameServerClusters that begin with ``text``; none where the API does not say."""
    del param
    options = ctx.find_object(Options) or Options()
    options.request_timeout = COMPLETION_SECONDS

    async def names() -> list[str]:
        async with opened(options) as session:
            return [str(each["metadata"]["name"]) for each in await session.clusters(None)]

    try:
        return [CompletionItem(each) for each in asyncio.run(names()) if each.startswith(text)]
    except RocketMQError:
        return []


name_argument = click.argument("name", required=False, shell_complete=complete_name)
cluster_option = click.option(
    "-c",
    "--cluster",
    "name",
    metavar="NAME",
    shell_complete=complete_name,
    help="The NameServerCluster; needed where there are several.",
)


def run(work: Work, output: str = Format.TEXT.value, *, watch: bool = False) -> None:
    """Do the work of a command and show what came of it; ends the process with its code."""
    options = click.get_current_context().ensure_object(Options)

    async def once() -> Shown:
        async with opened(options) as session:
            return await work(session)

    if watch:
        _watch(once, Format(output))
        return
    shown = asyncio.run(once())
    show(shown, Format(output))
    if shown.code:
        sys.exit(shown.code)


def show(shown: Shown, wanted: Format) -> None:
    """Print it: coloured on a terminal, unless NO_COLOR is set."""
    if wanted is Format.TEXT:
        # Imported here: it takes a tenth of a second to load, which programs need not wait for.
        from rich.console import Console  # noqa: PLC0415

        console = Console(highlight=False, markup=False, emoji=False)
        for line in shown.lines:
            console.print(line, soft_wrap=True)
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED
        click.echo(shown.text(wanted, width), nl=False)
    for note in shown.notes:
        click.echo(note, err=True)


def _watch(once: Look, wanted: Format) -> None:
    """On a terminal a screen that is renewed; else a page each time that something changed."""
    before: Any = None
    terminal = sys.stdout.isatty()
    try:
        while True:
            shown = _tried(once)
            if shown is not None and (terminal or shown.data != before):
                if terminal:
                    click.clear()
                show(shown, wanted)
                before = shown.data
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tried(once: Look) -> Shown | None:
    """One look; that the API is away for a moment does not end the watch."""
    try:
        return asyncio.run(once())
    except RocketMQError as error:
        click.echo(f"kubectl nsc: {error}", err=True)
        return None
