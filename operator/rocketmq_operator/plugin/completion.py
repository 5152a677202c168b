"""``kubectl_complete-nsc``: what kubectl calls to complete words after ``kubectl nsc``.

https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/
"""

import sys
from typing import Final

from click.shell_completion import ShellComplete

from rocketmq_operator.plugin.cli import COMPLETE_VARIABLE, SCRIPT, cli

NO_FILES: Final = ":4"
"""Cobra's ShellCompDirectiveNoFileComp."""
FILES: Final = ":0"


def completions(words: list[str]) -> list[str]:
    """Lines as Cobra reads them, for words of which the last is not finished."""
    *done, last = words or [""]
    found = ShellComplete(cli, {}, SCRIPT, COMPLETE_VARIABLE).get_completions(done, last)
    named = [item for item in found if item.type == "plain"]
    lines = [f"{item.value}\t{item.help}" if item.help else item.value for item in named]
    return [*lines, NO_FILES if len(named) == len(found) else FILES]


def main() -> None:
    """Console entry point."""
    sys.stdout.write("\n".join(completions(sys.argv[1:])) + "\n")
