"""``status``, ``brokers``, ``views``: what the operator and the servers see."""

import asyncio
from collections.abc import Mapping

import click
from rich.text import Text

from rocketmq_operator.errors import RocketMQError
from rocketmq_operator.plugin import matrix, page
from rocketmq_operator.plugin.answers import BROKERS, SERVER
from rocketmq_operator.plugin.frame import name_argument, output_option, run, watch_option
from rocketmq_operator.plugin.layout import HEAD, Lines
from rocketmq_operator.plugin.options import common
from rocketmq_operator.plugin.session import Session, is_java, now, require_bodies
from rocketmq_operator.plugin.shown import Shown
from rocketmq_operator.reconciler.kinds import Object


@click.command()
@name_argument
@output_option
@watch_option
@common
def status(name: str | None, output: str, watch: bool) -> None:
    """One page about a NameServerCluster, or about each that there is.

    Example: kubectl nsc status prod -n mq --watch
    """

    async def work(session: Session) -> Shown:
        found = await session.clusters(name)
        versions = await asyncio.gather(*(_versions(session, nsc) for nsc in found))
        moment = now()
        seen = [page.summary(*each, moment) for each in zip(found, versions, strict=True)]
        lines: Lines = []
        for each in seen:
            lines += [*([Text()] if lines else []), *page.page(each, moment)]
        data = seen[0] if name and len(seen) == 1 else seen
        return Shown(lines, data, [page.row(each, moment) for each in seen])

    run(work, output, watch=watch)


async def _versions(session: Session, nsc: Object) -> Mapping[str, str]:
    """Of each server, where the status tells of several and only they know whose is whose."""
    if "," not in (nsc.get("status") or {}).get("version", "") or is_java(nsc):
        return {}
    try:
        answers = await session.ask(nsc, SERVER)
    except RocketMQError:
        return {}  # the page is worth more than the versions on it
    return {pod: str(body.get("version", "")) for pod, body in answers.bodies.items()}


@click.command()
@name_argument
@click.option("--live", is_flag=True, help="Ask the servers, which tell of all brokers.")
@output_option
@watch_option
@common
def brokers(name: str | None, live: bool, output: str, watch: bool) -> None:
    """All brokers in the status, those in trouble first.

    Example: kubectl nsc brokers prod -o json
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        return await _live_brokers(session, nsc) if live else _brokers(nsc)

    run(work, output, watch=watch)


def _brokers(nsc: Object) -> Shown:
    told = nsc.get("status") or {}
    listed = page.by_trouble(told.get("brokers", []))
    counts = told.get("brokerSummary", {})
    missing = counts.get("known", 0) - counts.get("listed", 0)
    notes = [f"{missing} more are not in the status; --live shows them"] if missing > 0 else []
    if not counts:
        notes = ["the status has no brokers: spec.brokers.mirror is Disabled; --live asks servers"]
    elif not listed and not missing:
        notes = ["no broker has registered yet"]
    return Shown(page.brokers(listed, now()), listed, notes=notes)


async def _live_brokers(session: Session, nsc: Object) -> Shown:
    answers = require_bodies(await session.ask(nsc, BROKERS))
    listed = matrix.merged(answers)
    notes = [f"{pod}: {why}" for pod, why in sorted(answers.silent.items())]
    return Shown(matrix.merged_lines(listed), listed, notes=notes)


@click.command()
@name_argument
@output_option
@watch_option
@common
def views(name: str | None, output: str, watch: bool) -> None:
    """What each server says of each broker, asked now.

    A broker is registered, provisional (known from another server only), older (with an older
    list of topics), missing, or has left.

    Example: kubectl nsc views prod
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        if is_java(nsc):
            told = nsc.get("status") or {}
            pods = [str(each["name"]) for each in told.get("nameServers", ())]
            return _views(matrix.from_status(told), pods, ["as the operator last saw them"])
        answers = require_bodies(await session.ask(nsc, BROKERS))
        notes = [f"{pod}: {why}" for pod, why in sorted(answers.silent.items())]
        return _views(matrix.matrix(answers), answers.pods, notes)

    run(work, output, watch=watch)


def _views(
    found: Mapping[matrix.Place, Mapping[str, str]], pods: list[str], notes: list[str]
) -> Shown:
    agree = matrix.agreement(found, pods)
    lines = [*matrix.lines(found, pods), Text(agree, style=HEAD)]
    return Shown(lines, matrix.rows(found), notes=notes)
