"""The frame of mqadmin: finding the command, options of all commands, exit codes.

Exit codes: 0 done, 1 refused by a server, 2 usage, 3 unreachable. With ``--java-exit-codes`` those
of Java's mqadmin: 1 for usage, 0 for everything else.
"""

import asyncio
import importlib
import os
import shutil
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from rocketmq_operator import __version__
from rocketmq_operator.admin.catalogue import CATALOGUE
from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.admin.credentials import Credentials
from rocketmq_operator.admin.invocation import NAMESRV, Command, Invocation
from rocketmq_operator.admin.options import Option, Parsed, parse
from rocketmq_operator.admin.output import UNBOUNDED, Format, Output, rendered
from rocketmq_operator.admin.targets import NotEverywhereError
from rocketmq_operator.admin.usage import descriptions, usage
from rocketmq_operator.errors import RocketMQError, SettingsError, TransportError

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130
JAVA_USAGE: Final = 1
DEFAULT_SECONDS: Final = 5.0
MAX_SECONDS: Final = 300.0

HELP: Final = Option("h", "help", "Print help")
JAVA_EXIT_CODES: Final = "java-exit-codes"
OWN: Final = (
    Option("o", "output", f"print {', '.join(Format)}; text is the default", takes_value=True),
    Option("", "timeout", "seconds that each call may take; 5 by default", takes_value=True),
    Option("", "tls", "talk TLS to all servers"),
    Option("", "tls-ca", "trust the authority in this PEM file (implies --tls)", takes_value=True),
    Option("", "tls-cert", "show the certificate in this PEM file", takes_value=True),
    Option("", "tls-key", "the certificate's key", takes_value=True),
    Option("", JAVA_EXIT_CODES, "exit as Java's mqadmin does: 1 for usage, 0 for all else"),
)
"""What Java's mqadmin does not take. Names are not abbreviated, so that they shadow none of its."""


def own_options(java: Sequence[Option], of_command: Sequence[Option] = ()) -> list[Option]:
    """Those of a command and of OWN, without the letters that the command has in Java."""
    taken = {option.short for option in java}
    return [
        Option("" if each.short in taken else each.short, each.long, each.description,
               each.takes_value, exact=True)
        for each in (*of_command, *OWN)
    ]  # fmt: skip


class Mqadmin(click.Group):
    """The commands by name in any letter case; each is loaded when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as they are listed."""
        del ctx
        return list(CATALOGUE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        del ctx
        if cmd_name == HELP.long:
            return help_command
        by_lower = {name.lower(): name for name in CATALOGUE}
        name = by_lower.get(cmd_name.lower())
        if name is None:
            return None
        package = f"{__package__}.commands.{CATALOGUE[name].module}"
        found = importlib.import_module(package).COMMANDS[name]
        return JavaCommand(name, found)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, as Java's mqadmin prints it."""
        del ctx
        formatter.write("The most commonly used mqadmin commands are:\n")
        for name, entry in CATALOGUE.items():
            formatter.write(f"   {name:<35} {entry.description}\n")
        formatter.write(
            "\nSee 'mqadmin help <command>' for more information on a specific command.\n"
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, in the words of Java's mqadmin for a command that there is not."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            click.echo(f"The sub command {args[0]} not exist.")
            ctx.exit(USAGE)
        return super().resolve_command(ctx, args)


class JavaCommand(click.Command):
    """A command whose options are read as Java's tools read theirs."""

    def __init__(self, name: str, command: Command) -> None:
        self.command = command
        self.java = [HELP, NAMESRV, *command.options]
        self.own = own_options(self.java, command.own)
        super().__init__(
            name,
            params=[_parameter(option) for option in (*self.java, *self.own)],
            callback=self._run,
            help=CATALOGUE[name].description,
            add_help_option=False,
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave what was found with the context; help and mistakes end the process here."""
        if ctx.resilient_parsing:
            return args
        if {"-h", "--help"} & set(args):
            click.echo(self.get_help(ctx))
            ctx.exit()
        try:
            ctx.params = {"found": parse([*self.java, *self.own], args)}
        except SettingsError as error:
            click.echo(str(error), err=True)
            click.echo(self._usage())
            ctx.exit(JAVA_USAGE if f"--{JAVA_EXIT_CODES}" in args else USAGE)
        return []

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Java's usage, what we take beside it, and an example."""
        del ctx
        formatter.write(f"{self._usage()}\n\nBeside what Java's mqadmin takes:\n")
        formatter.write("".join(f"{line}\n" for line in descriptions(self.own)))
        formatter.write(f"\nExample: mqadmin {self.name} {self.command.example}\n")

    def _usage(self) -> str:
        return usage(f"mqadmin {self.name}", self.java)

    def _run(self, found: Parsed) -> None:
        java_codes = JAVA_EXIT_CODES in found
        try:
            code = asyncio.run(_work(self.command, found))
        except KeyboardInterrupt:
            code = INTERRUPTED
        except RocketMQError as error:
            click.echo(f"mqadmin: {error}", err=True)
            code = exit_code(error)
        sys.exit(0 if java_codes else code)


@click.command("help")
@click.argument("command")
@click.pass_context
def help_command(ctx: click.Context, command: str) -> None:
    """Print how a command is used."""
    group = ctx.parent.command if ctx.parent is not None else None
    found = group.get_command(ctx, command) if isinstance(group, Mqadmin) else None
    if found is None:
        click.echo(f"The sub command {command} not exist.")
        ctx.exit(USAGE)
    click.echo(found.get_help(click.Context(found)))


@click.group(cls=Mqadmin, invoke_without_command=True, add_help_option=False)
@click.version_option(__version__, prog_name="mqadmin")
@click.help_option("-h", "--help")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Administer NameServers and brokers of Apache RocketMQ."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


async def _work(command: Command, found: Parsed) -> int:
    wanted = _format(found)

    def show(output: Output, *, goes_on: bool = True) -> None:
        click.echo(rendered(output, wanted, goes_on=goes_on, width=_width()), nl=False)
        for failure in output.failures:
            click.echo(f"mqadmin: {failure}", err=True)

    admin = AdminClient(tls=_tls(found), credentials=Credentials.from_home())
    namesrv = found.values.get(NAMESRV.long) or os.environ.get("NAMESRV_ADDR")
    try:
        output = await command.work(Invocation(found, admin, _seconds(found), namesrv, show))
    finally:
        await admin.close()
    show(output, goes_on=False)
    return max(map(exit_code, output.failures), default=0)


def exit_code(error: RocketMQError) -> int:
    """What the process ends with; the worst of a command that failed in part."""
    if isinstance(error, NotEverywhereError):
        return max(map(exit_code, error.failures))
    if isinstance(error, TransportError):
        return UNREACHABLE
    return USAGE if isinstance(error, SettingsError) else REFUSED


def _format(found: Parsed) -> Format:
    text = found.values.get("output") or Format.TEXT
    try:
        return Format(text)
    except ValueError:
        raise SettingsError(f"--output {text!r}: want one of {', '.join(Format)}") from None


def _width() -> int:
    """Of the terminal; what is not printed to one may be as wide as it is."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED


def _seconds(found: Parsed) -> float:
    text = found.values.get("timeout")
    try:
        seconds = DEFAULT_SECONDS if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_SECONDS:
        raise SettingsError(f"--timeout {text!r}: want seconds, at most {MAX_SECONDS:g}")
    return seconds


def _tls(found: Parsed) -> ssl.SSLContext | None:
    names = ("tls-ca", "tls-cert", "tls-key")
    authority, certificate, key = (_file(found, name) for name in names)
    if "tls" not in found and not (authority or certificate or key):
        return None
    # Imported here: it loads cryptography, which few command lines need.
    from rocketmq_operator.transport.tls import client_context  # noqa: PLC0415

    return client_context(authority, certificate, key)


def _file(found: Parsed, name: str) -> bytes:
    path = found.values.get(name)
    try:
        return Path(path).read_bytes() if path else b""
    except OSError as error:
        raise SettingsError(f"--{name} {path}: {error.strerror}") from error


def _parameter(option: Option) -> click.Parameter:
    names = [f"--{option.long}", *([f"-{option.short}"] if option.short else [])]
    identifier = option.long.replace("-", "_")
    return click.Option([identifier, *names], is_flag=not option.takes_value)
