"""What a request does: a table from request code to function. Pure.

A function returns the answer, or says what has to happen before it can be given: steps that change
the route tables, or a write to disk. Semantics are those of Java's ``DefaultRequestProcessor`` and
``ClientRequestProcessor``; they enforce no "required" field, so neither does this.
"""

import re
import zlib
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from typing import Final, NamedTuple

from rocketmq_operator.errors import BodyError
from rocketmq_operator.nameserver import zones
from rocketmq_operator.nameserver.brokers import DEFAULT_TIMEOUT, Fingerprint, Identity, Leaving
from rocketmq_operator.nameserver.kvconfig import ORDER_NAMESPACE, KvConfig, KvEdit
from rocketmq_operator.nameserver.replycache import Entry, ReplyCache
from rocketmq_operator.nameserver.routes import RouteTable
from rocketmq_operator.nameserver.settings import Configuration
from rocketmq_operator.nameserver.topics import read_write, without_write
from rocketmq_operator.protocol import bodies, headers, properties
from rocketmq_operator.protocol.bodies import (
    BrokerMemberGroup,
    DataVersion,
    GetBrokerMemberGroup,
    KVTable,
    QueueData,
    TopicList,
    TopicRouteData,
)
from rocketmq_operator.protocol.codes import V4_9_4, RequestCode, ResponseCode
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.protocol.headers import SerializeType
from rocketmq_operator.protocol.registration import decode_registration

_NO_ROUTE = (
    "No topic route info in name server for the topic: {}"
    "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
)
_UNIT, _UNIT_SUB = 1, 2
_UNIT_FLAGS = {
    RequestCode.GET_UNIT_TOPIC_LIST: (_UNIT, 0),
    RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST: (_UNIT_SUB, 0),
    RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: (_UNIT_SUB, _UNIT),
}
_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}")
_CRC_MASK = 0x7FFFFFFF
_LINE_END = re.compile(r"[\r\n]")


class Call(NamedTuple):
    """One request: what it says, its bytes without the length word, where from, when (ms)."""

    command: RemotingCommand
    payload: bytes
    channel: Hashable
    now: int

    def field(self, name: str) -> str | None:
        """An ext field, or None."""
        return (self.command.ext_fields or {}).get(name)

    def flag(self, name: str) -> bool:
        """A boolean ext field: only ``true`` in any letter case is true."""
        return (self.field(name) or "").lower() == "true"

    def number(self, name: str, bits: int = 64) -> int | None:
        """A whole-number ext field, or None if it is absent or no number of that size."""
        text = self.field(name) or ""
        number = int(text) if _DECIMAL.fullmatch(text) else None
        limit = 1 << (bits - 1)
        return number if number is not None and -limit <= number < limit else None


class KvWrite(NamedTuple):
    """Answer success once this edit is on disk."""

    edit: KvEdit


class ConfigWrite(NamedTuple):
    """Answer success once these properties are on disk."""

    changes: dict[str, str]


MAX_CONFIG: Final = 256 * 1024
"""Bytes of an update of the configuration, all properties together being a few KiB."""
Steps = Generator[None, None, RemotingCommand]
"""A change of the route tables; changes run one after another, each to its end."""
Result = RemotingCommand | Entry | Steps | KvWrite | ConfigWrite


class Processor:
    """The whole state of a server and what requests do to it."""

    def __init__(
        self,
        configuration: Configuration,
        kv: KvConfig,
        *,
        started: int = 0,
        serialize_type: SerializeType = SerializeType.JSON,
    ) -> None:
        self.cache = ReplyCache(serialize_type)
        self.routes = RouteTable(self.cache)
        self.kv = kv
        self.configuration = configuration
        self.options = configuration.options()
        self.serialize_type = serialize_type
        self.started = started

    def process(self, call: Call) -> Result:
        """What to answer, or what to do first. Raises ProtocolError for an unreadable body."""
        process = PROCESSORS.get(call.command.code)
        if process is None:
            return unsupported(call)
        return process(self, call)

    def route(self, topic: str) -> TopicRouteData | None:
        """The route of ``topic`` as clients get it, or None if it has none."""
        options = self.options
        order = self.kv.get(ORDER_NAMESPACE, topic) if options.order_message_enable else None
        return self.routes.route(topic, acting_masters=options.support_acting_master, order=order)

    def frame(self, call: Call, result: RemotingCommand | Entry) -> bytes | None:
        """The bytes of an answer; None for a one-way request. Raises FrameError if too large."""
        if call.command.is_oneway:
            return None
        if isinstance(result, Entry):
            self.cache.remember(call.payload, result, call.command.opaque)
            return self.cache.reply(result, call.command.opaque)
        return headers.encode(result, self.serialize_type)

    def kv_written(self, kv: KvConfig, edits: list[KvEdit]) -> None:
        """Take the store that is now on disk."""
        self.kv = kv
        for edit in edits:
            if edit.namespace == ORDER_NAMESPACE and edit.key is not None:
                self.cache.topic_changed(edit.key)

    def configuration_written(self, configuration: Configuration) -> None:
        """Take the configuration that is now on disk."""
        self.configuration = configuration
        self.options = configuration.options()
        self.cache.clear()


def success(
    call: Call, body: bytes = b"", ext_fields: dict[str, str] | None = None
) -> RemotingCommand:
    """An answer with code 0 and no remark."""
    return call.command.reply(ResponseCode.SUCCESS, body=body, ext_fields=ext_fields)


def failure(call: Call, remark: str, code: int = ResponseCode.SYSTEM_ERROR) -> RemotingCommand:
    """An answer with code 1, or another, and the reason."""
    return call.command.reply(code, remark=remark)


def unsupported(call: Call) -> RemotingCommand:
    """The answer to an unknown request code; the leading blank is Java's."""
    remark = f" request type {call.command.code} not supported"
    return failure(call, remark, ResponseCode.REQUEST_CODE_NOT_SUPPORTED)


# Brokers


def register_broker(server: Processor, call: Call) -> Result:
    """103: check the CRC, then apply the registration unless it equals that broker's last one."""
    command = call.command
    crc = zlib.crc32(command.body)
    announced = call.number("bodyCrc32", 32) or 0
    if announced and announced != crc & _CRC_MASK:
        return command.reply(ResponseCode.SYSTEM_ERROR, remark="crc32 not match", ext_fields={})
    if command.version < 0:
        return failure(call, f"version {command.version} is no version")
    broker_id = call.number("brokerId")
    if broker_id is None:
        return failure(call, f"brokerId {call.field('brokerId')!r} is not a number")
    identity = _identity(call, broker_id)
    encoding = (command.version, call.flag("compressed"))
    if identity is None:
        return success(call, _order_table(server), {})
    return _register(server, call, Fingerprint(identity, crc, len(command.body), encoding))


def _identity(call: Call, broker_id: int) -> Identity | None:
    """Who registers; None when a name is missing, which Java answers with success and no effect."""
    cluster, address, name = map(call.field, ("clusterName", "brokerAddr", "brokerName"))
    if cluster is None or address is None or name is None:
        return None
    timeout = call.number("heartbeatTimeoutMillis")
    return Identity(
        cluster,
        address,
        name,
        broker_id,
        call.field("haServerAddr"),
        call.field(zones.NAME),
        DEFAULT_TIMEOUT if timeout is None else timeout,
        None if call.field("enableActingMaster") is None else call.flag("enableActingMaster"),
    )


def _register(server: Processor, call: Call, fingerprint: Fingerprint) -> Steps:
    version, compressed = fingerprint.encoding
    delete_topics = server.options.delete_topic_with_registration
    if not delete_topics:
        registered = server.routes.refresh(fingerprint, call.channel, call.now)
        if registered is not None:
            return success(call, _order_table(server), registered.fields())
    known = frozenset() if delete_topics else server.routes.known_slices(fingerprint.identity)
    try:
        found = yield from decode_registration(
            call.command.body, version, compressed=compressed, known=known
        )
    except BodyError as error:
        return failure(call, f"Failed to decode RegisterBrokerBody: {error}")
    registered = yield from server.routes.register(
        fingerprint, found, call.channel, call.now, delete_topics=delete_topics
    )
    if registered is None:
        return call.command.reply(
            ResponseCode.SYSTEM_ERROR, remark="register broker failed", ext_fields={}
        )
    return success(call, _order_table(server), registered.fields())


def _order_table(server: Processor) -> bytes:
    table = server.kv.table(ORDER_NAMESPACE)
    if table is None or not server.options.return_order_topic_config:
        return b""
    return bodies.encode(KVTable(dict(table)))


def unregister_broker(server: Processor, call: Call) -> Result:
    """104: always success."""
    cluster, address, name = map(call.field, ("clusterName", "brokerAddr", "brokerName"))
    if cluster is None or address is None or name is None:
        return success(call)
    leaving = Leaving(cluster, address, name, call.number("brokerId"))
    return _changed(call, server.routes.unregister([leaving], call.now))


def _changed(call: Call, steps: Generator[None, None, None]) -> Steps:
    """A change of the route tables that is answered with success."""
    yield from steps
    return success(call)


def query_data_version(server: Processor, call: Call) -> Result:
    """322: tell whether a broker has to register again; a sign of life in any case."""
    key = _key(call)
    if key is None:
        return failure(call, "clusterName or brokerAddr is null")
    body = call.command.body
    asked = bodies.decode_or_null(body, DataVersion) if body else None
    known = server.routes.beat(key, call.now)
    fields = {"changed": "false" if known is not None and known == asked else "true"}
    return success(call, b"" if known is None else bodies.encode(known), fields)


def broker_heartbeat(server: Processor, call: Call) -> Result:
    """904: a sign of life."""
    key = _key(call)
    if key is None:
        return failure(call, "clusterName or brokerAddr is null")
    server.routes.beat(key, call.now)
    return success(call)


def _key(call: Call) -> tuple[str, str] | None:
    cluster, address = call.field("clusterName"), call.field("brokerAddr")
    return None if cluster is None or address is None else (cluster, address)


# Routes


def get_route(server: Processor, call: Call) -> Result:
    """105: the route of a topic, from the cache unless a zone is asked for."""
    options = server.options
    if options.need_wait_for_service and call.now - server.started < options.wait_for_service:
        return failure(call, "name server not ready")
    topic = call.field("topic")
    standard = call.command.version >= V4_9_4 or call.flag("acceptStandardJsonOnly")
    zone = call.field(zones.NAME) if call.flag(zones.MODE) else None
    if topic is None:
        return failure(call, _NO_ROUTE.format("null"), ResponseCode.TOPIC_NOT_EXIST)
    if zone is not None and zone.strip():
        route = server.route(topic)
        if route is not None:
            return success(call, bodies.encode(zones.filtered(route, zone)))
    entry = server.cache.entry(topic, standard=standard)
    return entry or _finish_route(server, call, topic, standard=standard)


def _finish_route(server: Processor, call: Call, topic: str, *, standard: bool) -> Entry:
    route = server.route(topic)
    if route is None:
        reply = failure(call, _NO_ROUTE.format(topic), ResponseCode.TOPIC_NOT_EXIST)
    else:
        reply = success(call, bodies.encode_route(route) if standard else bodies.encode(route))
    brokers = tuple(queue.broker_name for queue in server.routes.topics.get(topic) or ())
    return server.cache.store(topic, reply, brokers, standard=standard)


def get_cluster_info(server: Processor, call: Call) -> Result:
    """106."""
    return success(call, bodies.encode(server.routes.cluster_info()))


def get_all_topics(server: Processor, call: Call) -> Result:
    """206."""
    if not server.options.enable_all_topic_list:
        return failure(call, "disable")
    return success(call, bodies.encode(TopicList(list(server.routes.topics))))


# Topics, as administrators and newer brokers ask


def set_write_perm(server: Processor, call: Call) -> Steps:
    """205 and 327: take the write permission, or set read and write; like Java no other bit."""
    yield from ()
    wipe = call.command.code == RequestCode.WIPE_WRITE_PERM_OF_BROKER
    name = call.field("brokerName") or ""
    count = server.routes.set_perm(name, without_write if wipe else read_write)
    return success(call, ext_fields={f"{'wipe' if wipe else 'add'}TopicCount": str(count)})


def delete_topic(server: Processor, call: Call) -> Steps:
    """216: everywhere, or in one cluster; success whether it existed or not."""
    yield from ()
    topic = call.field("topic")
    if topic is not None:
        server.routes.delete_topic(topic, call.field("clusterName"))
    return success(call)


def register_topic(server: Processor, call: Call) -> Result:
    """217: the queues of one topic; success whatever they are."""
    body = call.command.body
    told = bodies.decode_or_null(body, TopicRouteData) if body else None
    return _add_topic(server, call, () if told is None else told.queue_datas)


def _add_topic(server: Processor, call: Call, queues: Sequence[QueueData]) -> Steps:
    yield from ()
    topic = call.field("topic")
    if topic is not None and queues:
        server.routes.add_topic(topic, queues)
    return success(call)


def list_topics(server: Processor, call: Call) -> Result:
    """224, 311, 312, 313: the topics of a cluster, or with certain unit flags."""
    if not server.options.enable_topic_list:
        return failure(call, "disable")
    if call.command.code == RequestCode.GET_TOPICS_BY_CLUSTER:
        names = server.routes.clusters.get(call.field("cluster") or "", {})
        found = server.routes.topics.of_brokers(names)
    else:
        found = server.routes.topics.flagged(*_UNIT_FLAGS[RequestCode(call.command.code)])
    return success(call, bodies.encode(TopicList(found)))


def list_system_topics(server: Processor, call: Call) -> Result:
    """304: names of clusters and brokers, and some broker's address to ask for more."""
    routes = server.routes
    names = [*routes.clusters, *(name for table in routes.clusters.values() for name in table)]
    groups = (group.addresses for group in routes.groups.values() if group.addresses)
    address = next((next(iter(addresses.values())) for addresses in groups), None)
    return success(call, bodies.encode(TopicList(list(dict.fromkeys(names)), address)))


def get_member_group(server: Processor, call: Call) -> Result:
    """901: the members of a broker name; Java forgets to clear the remark."""
    name, cluster = call.field("brokerName"), call.field("clusterName")
    group = server.routes.groups.get(name or "")
    addresses = {} if group is None else dict(sorted(group.addresses.items()))
    body = GetBrokerMemberGroup(BrokerMemberGroup(name, addresses, cluster))
    remark = "not set any response code"
    return call.command.reply(ResponseCode.SUCCESS, remark=remark, body=bodies.encode(body))


# KV store


def put_kv(server: Processor, call: Call) -> Result:
    """100."""
    namespace, key = call.field("namespace"), call.field("key")
    if namespace is None or key is None:
        return failure(call, "namespace or key is null")
    return KvWrite(KvEdit(namespace, key, call.field("value")))


def get_kv(server: Processor, call: Call) -> Result:
    """101."""
    namespace, key = call.field("namespace"), call.field("key")
    value = server.kv.get(namespace, key)
    if value is not None:
        return success(call, ext_fields={"value": value})
    remark = f"No config item, Namespace: {_shown(namespace)} Key: {_shown(key)}"
    return call.command.reply(ResponseCode.QUERY_NOT_FOUND, remark=remark, ext_fields={})


def delete_kv(server: Processor, call: Call) -> Result:
    """102: success whether it existed or not."""
    return KvWrite(KvEdit(call.field("namespace"), call.field("key"), None, delete=True))


def list_kv(server: Processor, call: Call) -> Result:
    """219."""
    namespace = call.field("namespace")
    table = server.kv.table(namespace)
    if table is not None:
        return success(call, bodies.encode(KVTable(dict(table))))
    remark = f"No config item, Namespace: {_shown(namespace)}"
    return failure(call, remark, ResponseCode.QUERY_NOT_FOUND)


def _shown(text: str | None) -> str:
    return "null" if text is None else text


# Configuration


def update_config(server: Processor, call: Call) -> Result:
    """318: unknown names and unreadable values are success too, as in Java.

    A line break in a value is not: in a file that is not escaped, as Java's is not, what follows
    it would be a property of its own, and could say where files are written (CVE-2023-37582).
    """
    if not call.command.body:
        return success(call)
    if len(call.command.body) > MAX_CONFIG:
        remark = f"Can not update config: {len(call.command.body)} bytes, at most {MAX_CONFIG}"
        return failure(call, remark, ResponseCode.NO_PERMISSION)
    body = call.command.body.decode(errors="replace").encode()  # Java reads UTF-8 first
    try:
        changes = properties.parse(body)
    except BodyError:
        return failure(call, "string2Properties error")
    if server.configuration.refused(changes):
        return failure(call, "Can not update config in black list.", ResponseCode.NO_PERMISSION)
    broken = next((name for name, text in changes.items() if _LINE_END.search(name + text)), None)
    if broken is not None:
        remark = f"Can not update config: {broken!r} or its value holds a line break."
        return failure(call, remark, ResponseCode.NO_PERMISSION)
    return ConfigWrite(changes)


def get_config(server: Processor, call: Call) -> Result:
    """319."""
    return success(call, properties.print_raw(server.configuration.printed()).encode())


PROCESSORS: Mapping[int, Callable[[Processor, Call], Result]] = {
    RequestCode.PUT_KV_CONFIG: put_kv,
    RequestCode.GET_KV_CONFIG: get_kv,
    RequestCode.DELETE_KV_CONFIG: delete_kv,
    RequestCode.REGISTER_BROKER: register_broker,
    RequestCode.UNREGISTER_BROKER: unregister_broker,
    RequestCode.GET_ROUTEINFO_BY_TOPIC: get_route,
    RequestCode.GET_BROKER_CLUSTER_INFO: get_cluster_info,
    RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER: get_all_topics,
    RequestCode.GET_KVLIST_BY_NAMESPACE: list_kv,
    RequestCode.UPDATE_NAMESRV_CONFIG: update_config,
    RequestCode.GET_NAMESRV_CONFIG: get_config,
    RequestCode.QUERY_DATA_VERSION: query_data_version,
    RequestCode.BROKER_HEARTBEAT: broker_heartbeat,
    RequestCode.WIPE_WRITE_PERM_OF_BROKER: set_write_perm,
    RequestCode.ADD_WRITE_PERM_OF_BROKER: set_write_perm,
    RequestCode.DELETE_TOPIC_IN_NAMESRV: delete_topic,
    RequestCode.REGISTER_TOPIC_IN_NAMESRV: register_topic,
    RequestCode.GET_TOPICS_BY_CLUSTER: list_topics,
    RequestCode.GET_UNIT_TOPIC_LIST: list_topics,
    RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST: list_topics,
    RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: list_topics,
    RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS: list_system_topics,
    RequestCode.GET_BROKER_MEMBER_GROUP: get_member_group,
}
