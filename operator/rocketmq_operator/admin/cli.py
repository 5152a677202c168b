"""The frame of mqadmin: finding the command, common options, exit codes.

Exit codes: 0 done, 1 refused by a server, 2 usage, 3 unreachable. Java's mqadmin exits 0 on
failures too.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import click

from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.errors import (
    RocketMQError,
    SettingsError,
    TransportError,
)

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3

F = TypeVar("F", bound=Callable[..., Any])


class AnyCase(click.Group):
    """Commands by name in any letter case, as Java's mqadmin takes them."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        by_lower = {name.lower(): name for name in self.list_commands(ctx)}
        return super().get_command(ctx, by_lower.get(cmd_name.lower(), cmd_name))


def namesrv_option(command: F) -> F:
    """``-n`` and ``--timeout`` for a command."""
    servers = click.option(
        "-n",
        "--namesrvAddr",
        "namesrv_addr",
        metavar="HOST:PORT[;HOST:PORT...]",
        envvar="NAMESRV_ADDR",
        help="Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'",
    )
    deadline = click.option(
        "--timeout",
        "seconds",
        type=click.FloatRange(0.1, 300),
        default=5.0,
        show_default=True,
        help="Seconds each call may take.",
    )
    return servers(deadline(command))


def run(work: Callable[[AdminClient], Awaitable[None]]) -> None:
    """Run a command's work with a client; failures end the process with their exit code."""
    try:
        asyncio.run(_with_client(work))
    except RocketMQError as error:
        click.echo(f"mqadmin: {error}", err=True)
        sys.exit(_exit_code(error))


async def _with_client(work: Callable[[AdminClient], Awaitable[None]]) -> None:
    admin = AdminClient()
    try:
        await work(admin)
    finally:
        await admin.close()


def _exit_code(error: RocketMQError) -> int:
    if isinstance(error, TransportError):
        return UNREACHABLE
    return USAGE if isinstance(error, SettingsError) else REFUSED
