"""Brokers: getBrokerConfig, updateBrokerConfig, brokerStatus."""

from collections.abc import Iterator
from typing import Final

from rocketmq_operator.admin import brokers
from rocketmq_operator.admin.invocation import Command, Invocation
from rocketmq_operator.admin.options import Option
from rocketmq_operator.admin.output import Output, lines
from rocketmq_operator.admin.render import properties
from rocketmq_operator.admin.targets import FAILURES
from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.protocol.bodies import BrokerData

ALL: Final = Option("a", "updateAllBroker", "update all brokers include slave", takes_value=True)
KEY: Final = Option("k", "key", "config key", takes_value=True, required=True)
VALUE: Final = Option("v", "value", "config value", takes_value=True, required=True)


def _where(
    verb: str, broker: str = "", cluster: str = "", *, group: str = ""
) -> tuple[Option, ...]:
    return (
        Option("b", "brokerAddr", broker or f"{verb} which broker", takes_value=True, group=group),
        Option(
            "c", "clusterName", cluster or f"{verb} which cluster", takes_value=True, group=group
        ),
    )


async def _cluster(call: Invocation) -> list[BrokerData]:
    info = await call.cluster_info()
    return brokers.of_cluster(info, call.text("clusterName"))


async def get_broker_config(call: Invocation) -> Output:
    """The configuration of one broker, or of all masters and slaves of a cluster."""
    if call.has("brokerAddr"):
        titles = [(call.text("brokerAddr"), call.text("brokerAddr"))]
    elif call.has("clusterName"):
        titles = [title for data in await _cluster(call) for title in _titles(data)]
    else:
        raise SettingsError("add -b HOST:PORT of a broker, or -c and the name of a cluster")
    found: list[str] = []
    rows: list[dict[str, str]] = []
    failures: list[RocketMQError] = []
    for title, address in titles:
        if address == brokers.NO_MASTER:
            found += properties.section(title, {})
            continue
        try:
            entries = await call.admin.get_broker_config(address, timeout=call.seconds)
        except FAILURES as error:
            failures.append(error)
            continue
        found += [*properties.section(title, entries), ""]
        rows += properties.rows(address, entries)
    return Output(lines(found), rows, failures)


def _titles(data: BrokerData) -> Iterator[tuple[str, str]]:
    """What stands above the configuration of each member, and its address."""
    master = data.broker_addrs.get(brokers.MASTER, brokers.NO_MASTER)
    yield f"Master: {master}", master
    for broker_id, address in sorted(data.broker_addrs.items()):
        if broker_id != brokers.MASTER:
            yield f"My Master: {master}=====Slave: {address}", address


async def update_broker_config(call: Invocation) -> Output:
    """Change one property of a broker, or of all masters of a cluster, or of all its members."""
    entry = {call.text("key"): call.text("value")}
    if not entry.get("namesrvAddr", "any").strip(" ;"):
        raise SettingsError(
            "-v of namesrvAddr names no server: brokers would register nowhere; is a variable "
            "empty? write for example -v '10.0.0.1:9876;10.0.0.2:9876'"
        )
    if call.has("brokerAddr"):
        addresses = [call.text("brokerAddr")]
    elif call.has("clusterName"):
        chosen = brokers.everybody if call.has("updateAllBroker") else brokers.masters
        addresses = chosen(await _cluster(call))
    else:
        raise SettingsError("add -b HOST:PORT of a broker, or -c and the name of a cluster")
    done: list[str] = []
    failures: list[RocketMQError] = []
    for address in addresses:
        try:
            await call.admin.update_broker_config(address, entry, timeout=call.seconds)
        except FAILURES as error:
            failures.append(error)
        else:
            done.append(address)
    text = lines(f"update broker config success, {address}" for address in done)
    return Output(text, [{"broker": address, **entry} for address in done], failures)


async def broker_status(call: Invocation) -> Output:
    """What a broker, or each of a cluster, says of itself."""
    one = call.get("brokerAddr")
    addresses = [one] if one is not None else brokers.everybody(await _cluster(call))
    told: list[str] = []
    rows: list[dict[str, str]] = []
    failures: list[RocketMQError] = []
    for address in addresses:
        try:
            info = await call.admin.broker_runtime_info(address, timeout=call.seconds)
        except FAILURES as error:
            failures.append(error)
            continue
        before = f"{address:<24} " if one is None else ""
        told += [f"{before}{key:<32}: {value}" for key, value in sorted(info.items())]
        rows += properties.rows(address, info)
    return Output(lines(told), rows, failures)


COMMANDS: Final = {
    "getBrokerConfig": Command(
        get_broker_config, _where("get"), "-c DefaultCluster -n 127.0.0.1:9876"
    ),
    "updateBrokerConfig": Command(
        update_broker_config,
        (*_where("update"), ALL, KEY, VALUE),
        "-c DefaultCluster -k namesrvAddr -v '10.0.0.1:9876;10.0.0.2:9876' -n 127.0.0.1:9876",
    ),
    "brokerStatus": Command(
        broker_status,
        _where("", "Broker address", "which cluster", group="where"),
        "-b 127.0.0.1:10911 -n 127.0.0.1:9876",
    ),
}
