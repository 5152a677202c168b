"""``kv get``, ``kv diff``, ``kv set``, ``kv export``."""

import click
import yaml
from rich.text import Text

from rocketmq_operator.admin.output import Format
from rocketmq_operator.plugin import differences, keepers, kvspec
from rocketmq_operator.plugin.answers import KV, Answers
from rocketmq_operator.plugin.frame import cluster_option, output_option, run
from rocketmq_operator.plugin.layout import GOOD, Lines, table
from rocketmq_operator.plugin.options import common
from rocketmq_operator.plugin.session import NothingFoundError, Session, require_bodies
from rocketmq_operator.plugin.shown import Shown


@click.group()
def kv() -> None:
    """KV entries. They are read from the servers, and written to the spec."""


@kv.command("get")
@click.argument("kv_namespace")
@click.argument("key", required=False)
@cluster_option
@output_option
@common
def kv_get(kv_namespace: str, key: str | None, name: str | None, output: str) -> None:
    """The value of a key, or all entries of a KV namespace.

    Where servers differ stderr says so, and the process ends with 1.

    Example: kubectl nsc kv get shop region -c prod
    """

    async def work(session: Session) -> Shown:
        answers = require_bodies(await session.ask(await session.cluster(name), KV))
        return _entries(answers, kv_namespace, key)

    run(work, output)


def _entries(answers: Answers, kv_namespace: str, key: str | None) -> Shown:
    tables, differing = differences.agreed(answers)
    prefix = f"{kv_namespace}/" if key is None else f"{kv_namespace}/{key}"
    exact = key is not None
    disputed = [n for n in differing if (n == prefix if exact else n.startswith(prefix))]
    found = list(differences.entries(tables, kv_namespace, key))
    if not found and not disputed:
        raise NothingFoundError(f"no server has KV {prefix.rstrip('/')}")
    notes = [f"not the same on all servers: {', '.join(disputed)}"] if disputed else []
    notes += [f"{pod}: {why}" for pod, why in sorted(answers.silent.items())]
    lines: Lines = (
        [Text(each["value"]) for each in found]
        if exact
        else table(("KEY", "VALUE"), [(e["key"], e["value"]) for e in found], indent="")
    )
    return Shown(lines, found[0] if exact and found else found, notes=notes, code=bool(disputed))


@kv.command("diff")
@cluster_option
@output_option
@common
def kv_diff(name: str | None, output: str) -> None:
    """Entries that are not as the spec says somewhere, or not the same on all servers.

    Ends with 1 where something differs.

    Example: kubectl nsc kv diff -c prod
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        answers = require_bodies(await session.ask(nsc, KV))
        found = differences.of_kv(kvspec.tables(nsc.get("spec", {})), answers)
        notes = [f"{pod}: {why}" for pod, why in sorted(answers.silent.items())]
        lines = differences.lines(found, answers.pods)
        same = Text(f"no difference on {len(answers.bodies)} servers", style=GOOD)
        return Shown(lines or [same], differences.rows(found), notes=notes, code=1 if found else 0)

    run(work, output)


@kv.command("set")
@click.argument("kv_namespace")
@click.argument("key")
@click.argument("value")
@cluster_option
@common
def kv_set(kv_namespace: str, key: str, value: str, name: str | None) -> None:
    """Write an entry into spec.kvConfig (spec.orderTopics for ORDER_TOPIC_CONFIG).

    The operator brings it to every server. What is kept in git must be changed there as well.

    Example: kubectl nsc kv set shop region eu-1 -c prod
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        entry = f"{kv_namespace}/{key}"
        where, spec = kvspec.changed(nsc.get("spec", {}), kv_namespace, key, value)
        await session.change(nsc, spec)
        who = nsc["metadata"]["name"]
        text = f"{entry} is set in {where} of {who}; the operator writes it to every server"
        notes = [f"note: {keepers.warning(nsc, where)}"]
        if nsc.get("spec", {}).get("paused"):
            notes.append(f"note: {who} is paused; it is written after kubectl nsc resume {who}")
        return Shown([Text(text)], {"name": who, "key": entry, "value": value}, notes=notes)

    run(work)


@kv.command("export")
@cluster_option
@click.option(
    "-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True
)
@common
def kv_export(name: str | None, output: str) -> None:
    """All entries that the servers hold, in the form of a NameServerCluster's spec.

    Example: kubectl nsc kv export -c prod > kv.yaml
    """

    async def work(session: Session) -> Shown:
        answers = require_bodies(await session.ask(await session.cluster(name), KV))
        tables, differing = differences.agreed(answers)
        spec = kvspec.exported(tables)
        notes = [f"{pod}: {why}" for pod, why in sorted(answers.silent.items())]
        if differing:
            first = min(answers.bodies)
            notes.append(f"as {first} has it; servers differ in: {', '.join(differing)}")
        text = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True)
        return Shown([Text(line) for line in text.splitlines()], spec, notes=notes)

    run(work, Format.TEXT.value if output == "yaml" else output)
