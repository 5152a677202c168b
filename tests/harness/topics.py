"""Topics made by the dozen."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.protocol.bodies import TopicConfig

AT_ONCE: Final = 16
WAIT: Final = 60.0
"""Seconds until servers must have the routes."""


def make_topics(masters: Sequence[str], servers: Collection[str], names: Collection[str]) -> None:
    """Make all topics on all masters, and wait until every server has their routes.

    Both are `host:port` as reachable from here. Raises TimeoutError, and what AdminClient raises.
    """
    asyncio.run(_make(masters, servers, names))


async def _make(masters: Sequence[str], servers: Collection[str], names: Collection[str]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    admin = AdminClient()

    async def make(master: str, topic: str) -> None:
        config = TopicConfig(topic, read_queue_nums=4, write_queue_nums=4)
        async with gate:
            await admin.update_topic(master, config, timeout=30)

    try:
        await asyncio.gather(*(make(master, topic) for master in masters for topic in names))
        async with asyncio.timeout(WAIT):
            for server in servers:
                while not set(names) <= set(await admin.topic_list(server)):
                    await asyncio.sleep(0.3)
    finally:
        await admin.close()
