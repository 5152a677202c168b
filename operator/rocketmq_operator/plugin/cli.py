"""The command line of ``kubectl nsc``.

Exit codes: 0 done, 1 failed, 2 usage, 3 the Kubernetes API cannot be reached.
"""

import importlib
import os
import sys
from typing import Final

import click
from click.shell_completion import CompletionItem

from rocketmq_operator import __version__
from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.plugin.options import common

PROGRAM: Final = "kubectl nsc"
SCRIPT: Final = "kubectl-nsc"
COMPLETE_VARIABLE: Final = "_KUBECTL_NSC_COMPLETE"
FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3

COMMANDS: Final = {
    "status": ("looking", "One page: health, servers, brokers, and what to do next."),
    "brokers": ("looking", "All brokers, those in trouble first."),
    "views": ("looking", "What each server says of each broker."),
    "routes": ("servers", "A topic's route, and whether all servers tell the same."),
    "config": ("servers", "The servers' configuration against the spec, and each other."),
    "kv": ("kv", "KV entries: get, diff, set, export."),
    "restart": ("changing", "Replace the servers one after another."),
    "pause": ("changing", "Let the operator change nothing."),
    "resume": ("changing", "Let the operator work again."),
    "plan": ("planning", "Say what a manifest would change."),
    "report": ("report", "Write an archive for those who help, without secrets."),
    "doctor": ("doctor", "Find out why a broker does not register."),
}
"""By name: the module, which is loaded when it is needed, and what the list of commands says."""


class Commands(click.Group):
    """The commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as they are listed."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__package__}.commands.{COMMANDS[cmd_name][0]}")
        found: click.Command = getattr(module, cmd_name)
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names that begin so, without loading any of them; options as click knows them."""
        names = [
            CompletionItem(name, help=words)
            for name, (_, words) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, without loading any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@common
@click.version_option(__version__, prog_name=PROGRAM)
def cli() -> None:
    """Look after NameServerClusters.

    Every command takes these options too.

    Example: kubectl nsc status -n mq
    """


def main() -> None:
    """Console entry point; errors of our own are a line on stderr."""
    # The Kubernetes client cannot be imported where nothing names a home directory.
    os.environ.setdefault("HOME", "/")
    completing = COMPLETE_VARIABLE in os.environ
    try:
        cli(prog_name=SCRIPT if completing else PROGRAM, complete_var=COMPLETE_VARIABLE)
    except RocketMQError as error:
        click.echo(f"{PROGRAM}: {error}", err=True)
        sys.exit(exit_code(error))


def exit_code(error: RocketMQError) -> int:
    """What the process ends with."""
    if isinstance(error, SettingsError):
        return USAGE
    # Imported here: who gets here without it has not asked the API.
    from rocketmq_operator.reconciler.kube.api import KubeError  # noqa: PLC0415

    unreachable = isinstance(error, KubeError) and error.status == 0
    return UNREACHABLE if unreachable else FAILED
