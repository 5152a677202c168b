"""``routes`` and ``config diff``: what servers hold, compared."""

from urllib.parse import quote

import click
from rich.text import Text

from rocketmq_operator.plugin import differences
from rocketmq_operator.plugin import routes as route_view
from rocketmq_operator.plugin.answers import CONFIG, ROUTES, TOPICS, Answers
from rocketmq_operator.plugin.frame import name_argument, output_option, run
from rocketmq_operator.plugin.layout import GOOD
from rocketmq_operator.plugin.options import common
from rocketmq_operator.plugin.session import (
    NothingFoundError,
    Session,
    require_bodies,
)
from rocketmq_operator.plugin.shown import Shown
from rocketmq_operator.reconciler.kinds import Object

LISTED_TOPICS = 10_000


@click.command()
@click.argument("topic")
@name_argument
@output_option
@common
def routes(topic: str, name: str | None, output: str) -> None:
    """A topic's route as each server tells it. Ends with 1 where they do not tell the same.

    Example: kubectl nsc routes orders prod
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        answers = await session.ask(nsc, f"{ROUTES}/{quote(topic, safe='')}")
        if not answers.bodies:
            await _explain(session, nsc, topic, answers)
        return _routes(topic, answers)

    run(work, output)


async def _explain(session: Session, nsc: Object, topic: str, answers: Answers) -> None:
    """Raise for a topic without a route, with the names that may have been meant."""
    if not answers.refused:
        require_bodies(answers)
    told = await session.ask(nsc, f"{TOPICS}?limit={LISTED_TOPICS}")
    topics = {name for body in told.bodies.values() for name in body.get("topics", ())}
    close = route_view.similar(topic, sorted(topics))
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    words = ", ".join(sorted(set(answers.refused.values())))
    raise NothingFoundError(f"topic {topic}: {words}{hint}")


def _routes(topic: str, answers: Answers) -> Shown:
    found = route_view.groups(answers)
    data = {
        "topic": topic,
        "same": len(found) == 1 and not answers.silent,
        "routes": [{"servers": pods, "route": dict(route)} for route, pods in found],
        "errors": answers.silent,
    }
    rows = [row for route, _ in found[:1] for row in route_view.rows(route)]
    return Shown(route_view.lines(topic, answers), data, rows, code=0 if data["same"] else 1)


@click.group()
def config() -> None:
    """The servers' configuration."""


@config.command("diff")
@name_argument
@output_option
@common
def config_diff(name: str | None, output: str) -> None:
    """Where servers' properties are not as spec.namesrvConfig says, or not all the same.

    Ends with 1 where something differs.

    Example: kubectl nsc config diff prod
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        answers = require_bodies(await session.ask(nsc, CONFIG))
        found = differences.of_config(nsc.get("spec", {}).get("namesrvConfig", {}), answers)
        notes = [f"{pod}: {why}" for pod, why in sorted(answers.silent.items())]
        lines = differences.lines(found, answers.pods) or [_same(answers)]
        return Shown(lines, differences.rows(found), notes=notes, code=1 if found else 0)

    run(work, output)


def _same(answers: Answers) -> Text:
    count = max(len(body.get("properties", ())) for body in answers.bodies.values())
    text = f"no difference in {count} properties of {len(answers.bodies)} servers"
    return Text(text, style=GOOD)
