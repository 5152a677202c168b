"""NameServers themselves: their configuration, and the write permission of brokers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from rocketmq_operator.admin.invocation import Command, Invocation
from rocketmq_operator.admin.options import Option
from rocketmq_operator.admin.output import Output, lines
from rocketmq_operator.admin.render import properties
from rocketmq_operator.admin.targets import FAILURES, on_every
from rocketmq_operator.errors import RocketMQError

KEY: Final = Option("k", "key", "config key", takes_value=True, required=True)
VALUE: Final = Option("v", "value", "config value", takes_value=True, required=True)
BROKER: Final = Option("b", "brokerName", "broker name", takes_value=True, required=True)

Change = Callable[[str], Awaitable[int]]
"""Takes a NameServer; the number of topics whose permission it changed."""


async def get_namesrv_config(call: Invocation) -> Output:
    """The configuration of every NameServer that answers."""
    configs, failures = await _configs(call)
    found = [line for server, each in configs.items() for line in properties.section(server, each)]
    rows = [row for server, each in configs.items() for row in properties.rows(server, each)]
    return Output(lines(found), rows, failures)


async def update_namesrv_config(call: Invocation) -> Output:
    """Change one property of every NameServer."""
    key, value = call.text("key"), call.text("value")

    async def update(server: str) -> None:
        await call.admin.update_namesrv_config(server, {key: value}, timeout=call.seconds)

    await on_every(call.servers, update)
    text = f"update name server config success![{', '.join(call.servers)}]\n{key} : {value}\n"
    return Output(text, [{"server": s, "key": key, "value": value} for s in call.servers])


async def diff_namesrv_config(call: Invocation) -> Output:
    """Where the configurations of the NameServers that answer differ."""
    configs, failures = await _configs(call)
    found = properties.differing(configs)
    rows = [{"key": key, **values} for key, values in found.items()]
    return Output(lines(properties.differences(found, list(configs))), rows, failures)


async def _configs(call: Invocation) -> tuple[dict[str, dict[str, str]], list[RocketMQError]]:
    configs: dict[str, dict[str, str]] = {}
    failures: list[RocketMQError] = []
    asked = (call.admin.get_namesrv_config(s, timeout=call.seconds) for s in call.servers)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for server, answer in zip(call.servers, answers, strict=True):
        if isinstance(answer, FAILURES):
            failures.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            configs[server] = answer
    return configs, failures


async def wipe_write_perm(call: Invocation) -> Output:
    """Take a broker's write permission away on every NameServer."""
    broker = call.text("brokerName")

    async def wipe(server: str) -> int:
        return await call.admin.wipe_write_perm(server, broker, timeout=call.seconds)

    return await _permission(call, "wipe", wipe)


async def add_write_perm(call: Invocation) -> Output:
    """Give a broker's write permission back on every NameServer."""
    broker = call.text("brokerName")

    async def add(server: str) -> int:
        return await call.admin.add_write_perm(server, broker, timeout=call.seconds)

    return await _permission(call, "add", add)


async def _permission(call: Invocation, verb: str, change: Change) -> Output:
    broker = call.text("brokerName")
    rows: list[dict[str, str | int | None]] = []
    failures: list[RocketMQError] = []
    for server in call.servers:
        topics = None
        try:
            topics = await change(server)
        except FAILURES as error:
            failures.append(error)
        rows.append({"server": server, "broker": broker, "topics": topics})
    told = (
        f"{verb} write perm of broker[{broker}] in name server[{row['server']}] "
        + ("Failed" if row["topics"] is None else f"OK, {row['topics']}")
        for row in rows
    )
    return Output(lines(told), rows, failures)


COMMANDS: Final = {
    "getNamesrvConfig": Command(get_namesrv_config, (), "-n 127.0.0.1:9876"),
    "updateNamesrvConfig": Command(
        update_namesrv_config, (KEY, VALUE), "-k orderMessageEnable -v true -n 127.0.0.1:9876"
    ),
    "diffNamesrvConfig": Command(diff_namesrv_config, (), "-n '10.0.0.1:9876;10.0.0.2:9876'"),
    "wipeWritePerm": Command(wipe_write_perm, (BROKER,), "-b broker-a -n 127.0.0.1:9876"),
    "addWritePerm": Command(add_write_perm, (BROKER,), "-b broker-a -n 127.0.0.1:9876"),
}
