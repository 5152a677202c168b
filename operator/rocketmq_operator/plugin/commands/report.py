"""``report``: an archive for those who help."""

import secrets
from pathlib import Path

import click
from rich.text import Text

from rocketmq_operator.plugin.archive import write
from rocketmq_operator.plugin.frame import name_argument, run
from rocketmq_operator.plugin.gathering import Gathering
from rocketmq_operator.plugin.options import common
from rocketmq_operator.plugin.redact import Redaction
from rocketmq_operator.plugin.session import Session, now
from rocketmq_operator.plugin.shown import Shown

SYSTEM = "rocketmq-system"


@click.command()
@name_argument
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The archive; default: nsc-report-TIME.tar.gz.",
)
@click.option(
    "--operator-namespace", default=SYSTEM, show_default=True, help="Where the operator runs."
)
@common
def report(name: str | None, path: Path | None, operator_namespace: str) -> None:
    """Write an archive for those who help: objects, events, logs, what servers say.

    Secrets are not read. Values of environment variables and of KV entries are taken out, also
    where they stand in logs. What could not be read is in errors.txt.

    Example: kubectl nsc report prod -n mq -o report.tar.gz
    """

    async def work(session: Session) -> Shown:
        moment = now()
        gathering = Gathering(session, Redaction(secrets.token_bytes(16)), moment)
        for nsc in await session.clusters(name):
            await gathering.cluster(nsc)
        await gathering.operator(operator_namespace)
        files = gathering.files()
        where = path or Path(f"nsc-report-{moment:%Y%m%d-%H%M%S}.tar.gz")
        write(where, files, moment)
        text = f"{where}: {len(files)} files, without secrets; look through it before you send it"
        return Shown([Text(text)], {"file": str(where), "files": len(files)})

    run(work)
