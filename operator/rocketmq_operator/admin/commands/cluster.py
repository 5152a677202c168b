"""What a NameServer knows of brokers and topics: clusterList, topicList."""

import asyncio
import random
import time

import click

from rocketmq_operator.admin.cli import namesrv_option, run
from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.admin.render import RuntimeInfo, cluster_list
from rocketmq_operator.admin.targets import addresses
from rocketmq_operator.errors import ProtocolError, ResponseError, TransportError

MAX_AT_ONCE = 32
"""Brokers asked at the same time."""


@click.command("clusterList")
@click.option("-c", "--clusterName", "cluster", metavar="<arg>", help="which cluster")
@namesrv_option
def cluster_list_command(cluster: str | None, namesrv_addr: str | None, seconds: float) -> None:
    """List cluster infos.

    Example: mqadmin clusterList -n 127.0.0.1:9876
    """

    async def work(admin: AdminClient) -> None:
        info = await admin.cluster_info(_one(namesrv_addr), timeout=seconds)
        brokers = {
            a for data in info.broker_addr_table.values() for a in data.broker_addrs.values()
        }
        runtime = await _runtime(admin, sorted(brokers), seconds)
        now_ms = int(time.time() * 1000)
        click.echo("\n".join(cluster_list(info, cluster, runtime, now_ms)))

    run(work)


@click.command("topicList")
@namesrv_option
def topic_list_command(namesrv_addr: str | None, seconds: float) -> None:
    """Fetch all topic list from name server.

    Example: mqadmin topicList -n 127.0.0.1:9876
    """

    async def work(admin: AdminClient) -> None:
        for topic in await admin.topic_list(_one(namesrv_addr), timeout=seconds):
            click.echo(topic)

    run(work)


def _one(namesrv_addr: str | None) -> str:
    """Any server: a Java client begins with a random one."""
    return random.choice(addresses(namesrv_addr))


async def _runtime(
    admin: AdminClient, brokers: list[str], seconds: float
) -> dict[str, RuntimeInfo]:
    """What each broker says of itself; one that does not answer is named on stderr."""
    gate = asyncio.Semaphore(MAX_AT_ONCE)

    async def ask(address: str) -> RuntimeInfo:
        try:
            async with gate:
                return await admin.broker_runtime_info(address, timeout=seconds)
        except (TransportError, ResponseError, ProtocolError) as error:
            click.echo(f"mqadmin: broker {address}: {error}", err=True)
            return {}

    return dict(zip(brokers, await asyncio.gather(*map(ask, brokers)), strict=True))
