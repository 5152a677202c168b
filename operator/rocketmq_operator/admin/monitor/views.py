"""Brokers as the monitor sees them: each NameServer's view, and whether the brokers answer."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rocketmq_operator.admin.invocation import Invocation
from rocketmq_operator.admin.render.cluster import members, row
from rocketmq_operator.admin.runtime import runtime_of
from rocketmq_operator.admin.targets import FAILURES
from rocketmq_operator.protocol.bodies import ClusterInfo


class Brokers(NamedTuple):
    """A row for each broker that any NameServer knows, and how many each one knows.

    A NameServer that does not answer knows none.
    """

    rows: Sequence[Mapping[str, Any]]
    shown: Mapping[str, int]


async def seen_by(call: Invocation) -> Brokers:
    """What all NameServers say, and what each broker says of itself."""
    asked = (_info(call, server) for server in call.servers)
    infos = dict(zip(call.servers, await asyncio.gather(*asked), strict=True))
    shown = {server: len(members(info, None, {})) for server, info in infos.items()}
    known = {
        (member.cluster, member.name, member.broker_id, member.address): member
        for info in infos.values()
        for member in members(info, None, {})
    }
    runtime, _ = await runtime_of(call, sorted({member.address for member in known.values()}))
    now_ms = int(time.time() * 1000)
    found = (known[key]._replace(runtime=runtime[known[key].address]) for key in sorted(known))
    return Brokers([row(member, now_ms) for member in found], shown)


async def _info(call: Invocation, server: str) -> ClusterInfo:
    try:
        return await call.admin.cluster_info(server, timeout=call.seconds)
    except FAILURES:
        return ClusterInfo()
