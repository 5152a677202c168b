"""``restart``, ``pause``, ``resume``: the few changes that people make by hand."""

from typing import Any, Final

import click
from rich.text import Text

from rocketmq_operator.plugin import keepers
from rocketmq_operator.plugin.frame import complete_name, run
from rocketmq_operator.plugin.options import common
from rocketmq_operator.plugin.session import Session, now
from rocketmq_operator.plugin.shown import Shown
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.timestamps import to_text

RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
"""The annotation of ``kubectl rollout restart``."""

name_of_one = click.argument("name", shell_complete=complete_name)


@click.command()
@name_of_one
@common
def restart(name: str) -> None:
    """Replace all servers of a NameServerCluster, one after another, as for any other rollout.

    It sets an annotation of the pods, as kubectl rollout restart does; git needs none.

    Example: kubectl nsc restart prod
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        annotations = {RESTARTED_AT: to_text(now())}
        await session.change(nsc, {"pod": {"metadata": {"annotations": annotations}}})
        return _told(nsc, _restarting(nsc), "")

    run(work)


def _restarting(nsc: Object) -> list[str]:
    name, spec = nsc["metadata"]["name"], nsc.get("spec", {})
    if spec.get("paused"):
        return [f"{name} is paused: servers are replaced after kubectl nsc resume {name}"]
    if spec.get("suspend"):
        return [f"{name} is suspended: no server runs"]
    if spec.get("rollout", {}).get("strategy") == "OnDelete":
        return [
            f"{name} is told; its rollout.strategy is OnDelete: delete its pods one by one, "
            "each when the last is ready"
        ]
    servers = spec.get("replicas", 3)
    return [
        f"{name} replaces its {servers} servers one after another, the next when the last shows "
        "all brokers again",
        f"to watch it: kubectl nsc status {name} --watch",
    ]


@click.command()
@name_of_one
@common
def pause(name: str) -> None:
    """Set spec.paused: the operator changes nothing, and goes on telling the status.

    Example: kubectl nsc pause prod
    """
    run(lambda session: _set_paused(session, name, paused=True))


@click.command()
@name_of_one
@common
def resume(name: str) -> None:
    """Unset spec.paused: the operator catches up with what was changed meanwhile.

    Example: kubectl nsc resume prod
    """
    run(lambda session: _set_paused(session, name, paused=False))


async def _set_paused(session: Session, name: str, *, paused: bool) -> Shown:
    nsc = await session.cluster(name)
    if bool(nsc.get("spec", {}).get("paused")) == paused:
        return _told(nsc, [f"{name} is {'paused' if paused else 'not paused'} already"], "")
    await session.change(nsc, {"paused": paused})
    words = (
        f"{name} is paused: nothing is changed until kubectl nsc resume {name}; servers go on"
        if paused
        else f"{name} goes on: the operator does what was asked for meanwhile"
    )
    return _told(nsc, [words], "spec.paused")


def _told(nsc: Object, words: list[str], field: str) -> Shown:
    data: dict[str, Any] = {"name": nsc["metadata"]["name"], "messages": words}
    notes = [f"note: {keepers.warning(nsc, field)}"] if field else []
    return Shown([Text(each) for each in words], data, notes=notes)
