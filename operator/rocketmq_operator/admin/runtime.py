"""What brokers say of themselves, all of them asked at once."""

import asyncio
from collections.abc import Sequence
from typing import Final

from rocketmq_operator.admin.invocation import Invocation
from rocketmq_operator.admin.render.cluster import RuntimeInfo
from rocketmq_operator.admin.targets import FAILURES
from rocketmq_operator.errors import RocketMQError

MAX_AT_ONCE: Final = 32
"""Brokers asked at the same time."""


async def runtime_of(
    call: Invocation, brokers: Sequence[str]
) -> tuple[dict[str, RuntimeInfo], list[RocketMQError]]:
    """What each broker says of itself; nothing for one that does not answer."""
    gate = asyncio.Semaphore(MAX_AT_ONCE)
    failures: list[RocketMQError] = []

    async def ask(address: str) -> RuntimeInfo:
        try:
            async with gate:
                return await call.admin.broker_runtime_info(address, timeout=call.seconds)
        except FAILURES as error:
            failures.append(error)
            return {}

    answers = await asyncio.gather(*map(ask, brokers))
    return dict(zip(brokers, answers, strict=True)), failures
