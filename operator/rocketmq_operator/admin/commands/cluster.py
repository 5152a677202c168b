"""Brokers as NameServers know them: clusterList."""

import asyncio
import time
from typing import Final

from rocketmq_operator.admin.invocation import Command, Invocation
from rocketmq_operator.admin.options import Option
from rocketmq_operator.admin.output import Output, lines
from rocketmq_operator.admin.render.cluster import cluster_list, cluster_totals, members, row
from rocketmq_operator.admin.runtime import runtime_of

MORE: Final = Option("m", "moreStats", "Print more stats")
INTERVAL: Final = Option(
    "i", "interval", "specify intervals numbers, it is in seconds", takes_value=True
)
CLUSTER: Final = Option("c", "clusterName", "which cluster", takes_value=True)


async def cluster_list_command(call: Invocation) -> Output:
    """All brokers, with what each says of itself; again and again with an interval."""
    interval = call.number("interval", 0)
    while interval > 0:
        call.show(await _look(call))
        await asyncio.sleep(interval)
    return await _look(call)


async def _look(call: Invocation) -> Output:
    info, only = await call.cluster_info(), call.get("clusterName") or None
    asked = sorted({member.address for member in members(info, only, {})})
    runtime, failures = await runtime_of(call, asked)
    found, now_ms = members(info, only, runtime), int(time.time() * 1000)
    told = cluster_totals(found) if call.has("moreStats") else cluster_list(found, now_ms)
    return Output(lines(told), [row(member, now_ms) for member in found], failures)


COMMANDS: Final = {
    "clusterList": Command(
        cluster_list_command, (MORE, INTERVAL, CLUSTER), "-n 127.0.0.1:9876 -o table"
    ),
}
