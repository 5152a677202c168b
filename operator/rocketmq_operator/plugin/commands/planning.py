"""``plan``: what ``rocketmq-operator plan`` says, in the words of kubectl's options."""

from typing import TextIO

import click
import msgspec
from rich.text import Text

from rocketmq_operator import __version__
from rocketmq_operator.admin.output import Format
from rocketmq_operator.plugin.frame import run
from rocketmq_operator.plugin.options import common
from rocketmq_operator.plugin.session import Session
from rocketmq_operator.plugin.shown import Shown
from rocketmq_operator.reconciler import manifests
from rocketmq_operator.reconciler.kube.livestate import foresee_live

SYSTEM = "rocketmq-system"


@click.command()
@click.option(
    "-f",
    "--filename",
    "file",
    type=click.File(encoding="utf-8"),
    required=True,
    help="Manifests; - for standard input.",
)
@click.option(
    "--operator-namespace", default=SYSTEM, show_default=True, help="Where the operator runs."
)
@click.option(
    "--nameserver-image",
    envvar="NAMESERVER_IMAGE",
    default=f"rocketmq-operator:{__version__}",
    show_default=True,
    help="The operator's default image of NameServers.",
)
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True
)
@common
def plan(file: TextIO, operator_namespace: str, nameserver_image: str, output: str) -> None:
    """Say what the manifests in a file would change, if they were applied. Changes nothing.

    Objects made, changed and deleted; what is written to servers while they run; which pods are
    replaced, and why.

    Example: kubectl nsc plan -f production.yaml
    """
    text = file.read()

    async def work(session: Session) -> Shown:
        given = manifests.read(text, session.namespace)
        seen = [
            await foresee_live(session.api, given, key, nameserver_image, operator_namespace)
            for key in given.concerned
        ]
        lines = [Text(line) for each in seen for line in each.to_text().splitlines()]
        return Shown(lines, msgspec.to_builtins(seen))

    run(work, Format(output).value)
