"""KV entries: updateKvConfig, deleteKvConfig, updateOrderConf, getKvConfig, listKvConfig."""

from collections.abc import Mapping
from typing import Any, Final

from rocketmq_operator.admin.invocation import Command, Invocation
from rocketmq_operator.admin.options import Option
from rocketmq_operator.admin.output import Output, lines
from rocketmq_operator.admin.render import properties
from rocketmq_operator.admin.targets import FAILURES, on_every
from rocketmq_operator.errors import ResponseError, RocketMQError, SettingsError
from rocketmq_operator.protocol.codes import ResponseCode

ORDER_NAMESPACE: Final = "ORDER_TOPIC_CONFIG"
NAMESPACE: Final = Option("s", "namespace", "set the namespace", takes_value=True, required=True)
KEY: Final = Option("k", "key", "set the key name", takes_value=True, required=True)
VALUE: Final = Option("v", "value", "set the key value", takes_value=True, required=True)
TOPIC: Final = Option("t", "topic", "topic name", takes_value=True, required=True)
METHOD: Final = Option(
    "m", "method", "option type [eg. put|get|delete", takes_value=True, required=True
)
ORDER: Final = Option(
    "v", "orderConf", "set order conf [eg. brokerName1:num;brokerName2:num]", takes_value=True
)


async def put_everywhere(call: Invocation, namespace: str, key: str, value: str) -> None:
    """Store an entry on every NameServer. Raises as ``on_every`` does."""

    async def put(server: str) -> None:
        await call.admin.put_kv(server, namespace, key, value, timeout=call.seconds)

    await on_every(call.servers, put)


async def _delete_everywhere(call: Invocation, namespace: str, key: str) -> None:
    async def delete(server: str) -> None:
        await call.admin.delete_kv(server, namespace, key, timeout=call.seconds)

    await on_every(call.servers, delete)


async def update_kv_config(call: Invocation) -> Output:
    """Store one entry on every NameServer."""
    namespace, key, value = call.text("namespace"), call.text("key"), call.text("value")
    await put_everywhere(call, namespace, key, value)
    text = "create or update kv config to namespace success.\n"
    return Output(text, _rows(call, namespace, {key: value}))


async def delete_kv_config(call: Invocation) -> Output:
    """Remove one entry from every NameServer."""
    namespace, key = call.text("namespace"), call.text("key")
    await _delete_everywhere(call, namespace, key)
    text = "delete kv config from namespace success.\n"
    return Output(text, _rows(call, namespace, {key: None}))


async def update_order_conf(call: Invocation) -> Output:
    """Store, show or remove the order of a topic's queues."""
    topic, method, conf = call.text("topic"), call.text("method"), call.text("orderConf")
    if method == "put" and not conf:
        raise SettingsError("please set orderConf with option -v.")
    if method == "put":
        await put_everywhere(call, ORDER_NAMESPACE, topic, conf)
    elif method == "delete":
        await _delete_everywhere(call, ORDER_NAMESPACE, topic)
        return Output(f"delete orderConf success. topic=[{topic}]", {"topic": topic})
    elif method == "get":
        conf = await _order_conf(call, topic)
    else:
        raise SettingsError(f"--method {method!r}: want put, get or delete")
    done, end = ("get", " ") if method == "get" else ("update", "")
    text = f"{done} orderConf success. topic=[{topic}], orderConf=[{conf}]{end}"
    return Output(text, {"topic": topic, "orderConf": conf})


async def _order_conf(call: Invocation, topic: str) -> str:
    found = await call.ask(
        lambda server: call.admin.get_kv(server, ORDER_NAMESPACE, topic, timeout=call.seconds)
    )
    if found is None:
        text = f"No config item, Namespace: {ORDER_NAMESPACE} Key: {topic}"
        raise ResponseError(ResponseCode.QUERY_NOT_FOUND, text, ";".join(call.servers))
    return found


async def get_kv_config(call: Invocation) -> Output:
    """One entry of every NameServer."""
    namespace, key = call.text("namespace"), call.text("key")
    rows: list[dict[str, Any]] = []
    failures: list[RocketMQError] = []
    for server in call.servers:
        try:
            value = await call.admin.get_kv(server, namespace, key, timeout=call.seconds)
        except FAILURES as error:
            failures.append(error)
            continue
        rows.append({"server": server, "namespace": namespace, "key": key, "value": value})
        if value is None:
            text = f"no KV entry {namespace}/{key}"
            failures.append(ResponseError(ResponseCode.QUERY_NOT_FOUND, text, server))
    text = lines(
        f"{row['server']:<50}=  {row['value']}" for row in rows if row["value"] is not None
    )
    return Output(text, rows, failures)


async def list_kv_config(call: Invocation) -> Output:
    """A KV namespace of every NameServer."""
    namespace = call.text("namespace")
    found: list[str] = []
    rows: list[dict[str, str]] = []
    failures: list[RocketMQError] = []
    for server in call.servers:
        try:
            entries = await call.admin.kv_list(server, namespace, timeout=call.seconds)
        except FAILURES as error:
            failures.append(error)
            continue
        found += properties.section(server, entries or {})
        rows += properties.rows(server, entries or {})
    return Output(lines(found), rows, failures)


def _rows(
    call: Invocation, namespace: str, entries: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    return [
        {"server": server, "namespace": namespace, "key": key, "value": value}
        for server in call.servers
        for key, value in entries.items()
    ]


COMMANDS: Final = {
    "updateKvConfig": Command(
        update_kv_config, (NAMESPACE, KEY, VALUE), "-s app -k limit -v 100 -n 127.0.0.1:9876"
    ),
    "deleteKvConfig": Command(
        delete_kv_config, (NAMESPACE, KEY), "-s app -k limit -n 127.0.0.1:9876"
    ),
    "updateOrderConf": Command(
        update_order_conf,
        (TOPIC, ORDER, METHOD),
        "-t orders -m put -v 'broker-a:4;broker-b:4' -n 127.0.0.1:9876",
    ),
    "getKvConfig": Command(get_kv_config, (NAMESPACE, KEY), "-s app -k limit -n 127.0.0.1:9876"),
    "listKvConfig": Command(list_kv_config, (NAMESPACE,), "-s app -n 127.0.0.1:9876 -o table"),
}
