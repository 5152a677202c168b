"""``doctor``: why a broker does not register."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Mapping

import click

from rocketmq_operator.plugin import diagnosis
from rocketmq_operator.plugin.answers import BROKERS, SERVER, Answers
from rocketmq_operator.plugin.diagnosis import Facts
from rocketmq_operator.plugin.frame import cluster_option, output_option, run
from rocketmq_operator.plugin.options import common
from rocketmq_operator.plugin.session import Session, is_java
from rocketmq_operator.plugin.shown import Shown
from rocketmq_operator.reconciler.kinds import Object

SECONDS = 3.0
"""To resolve a name, or to connect."""
INSIDE = "KUBERNETES_SERVICE_HOST"
"""Set in every pod."""


@click.command()
@click.argument("broker", required=False, metavar="[BROKER_ADDRESS]")
@cluster_option
@output_option
@common
def doctor(broker: str | None, name: str | None, output: str) -> None:
    """Find out why a broker does not register: a line for each check, and what mends it.

    Without an address only the cluster is looked at. Names and ports are tried from this machine:
    inside the cluster that tells what brokers meet. Ends with 1 where a check fails.

    Example: kubectl nsc doctor 10.0.0.7:10911 -c prod
    """

    async def work(session: Session) -> Shown:
        nsc = await session.cluster(name)
        found = list(diagnosis.checks(await _facts(session, nsc, broker or "")))
        code = 1 if diagnosis.failed(found) else 0
        return Shown(diagnosis.lines(found), diagnosis.rows(found), code=code)

    run(work, output)


async def _facts(session: Session, nsc: Object, broker: str) -> Facts:
    addresses = (nsc.get("status") or {}).get("addresses", {})
    lists = (addresses.get(name, "") for name in ("namesrvAddr", "dnsLookup", "client", "external"))
    known = [each for text in lists for each in text.split(";") if each]
    tried = [*known, *([broker] if broker and not diagnosis.problem_of(broker) else [])]
    names, ports, servers, brokers = await asyncio.gather(
        _each({_host(each): _resolve(_host(each)) for each in known}),
        _each({each: _connect(each) for each in tried}),
        _ask(session, nsc, SERVER),
        _ask(session, nsc, BROKERS),
    )
    return Facts(nsc, broker, INSIDE in os.environ, names, ports, servers, brokers)


async def _ask(session: Session, nsc: Object, path: str) -> Answers:
    """Nothing of servers that cannot be asked at all."""
    if is_java(nsc) or not await session.pods(nsc):
        return Answers()
    return await session.ask(nsc, path)


async def _each(todo: Mapping[str, Awaitable[str]]) -> dict[str, str]:
    results = await asyncio.gather(*todo.values())
    return dict(zip(todo, results, strict=True))


def _host(address: str) -> str:
    return address.rpartition(":")[0]


async def _resolve(host: str) -> str:
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except TimeoutError:
        return f"no answer in {SECONDS:g} s"
    except OSError as error:
        return str(error.strerror or error)
    return ""


async def _connect(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except TimeoutError:
        return f"no answer in {SECONDS:g} s"
    except OSError as error:
        return str(error.strerror or error)
    writer.close()
    return ""
