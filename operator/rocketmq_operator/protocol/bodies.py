"""Bodies of the requests and answers of a NameServer, named as in Java.

Members that Java leaves out when null are None here. Shared values are frozen and untracked by the
garbage collector: a cluster holds hundreds of thousands of them.
"""

import msgspec

from rocketmq_operator.protocol import fastjson
from rocketmq_operator.protocol.fastjson import Int32, Int64


class _Body(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What all bodies share: immutable, camelCase on the wire."""


class DataVersion(_Body, frozen=True, gc=False):
    """How new a broker's topic table is; equal only if all three are. ``timestamp`` in ms."""

    counter: Int64 | None = 0
    state_version: Int64 = 0
    timestamp: Int64 = 0


class QueueData(_Body, frozen=True, gc=False):
    """The queues of one topic on one broker name. ``perm``: 4 read, 2 write, 1 inherit."""

    broker_name: str = ""
    perm: Int32 = 0
    read_queue_nums: Int32 = 0
    topic_sys_flag: Int32 = 0
    write_queue_nums: Int32 = 0


class BrokerData(_Body, frozen=True, gc=False):
    """The members of one broker name: id (0 is the master) to ``host:port``."""

    broker_name: str
    broker_addrs: dict[Int64, str] = {}
    cluster: str | None = None
    enable_acting_master: bool = False
    zone_name: str | None = None


class TopicQueueMappingInfo(_Body, frozen=True, gc=False):
    """Where the logical queues of a static topic live on one broker."""

    bname: str | None = None
    curr_id_map: dict[Int32, Int32] | None = {}
    dirty: bool = False
    epoch: Int64 = 0
    scope: str | None = "__global__"
    topic: str | None = None
    total_queues: Int32 = 0


class TopicRouteData(_Body, frozen=True, gc=False):
    """The route of a topic: who holds its queues and at which addresses."""

    broker_datas: list[BrokerData] = []
    filter_server_table: dict[str, list[str | None]] = {}
    order_topic_conf: str | None = None
    queue_datas: tuple[QueueData, ...] = ()
    topic_queue_mapping_by_broker: dict[str, TopicQueueMappingInfo] | None = None


class ClusterInfo(_Body, frozen=True, gc=False):
    """All brokers by name, and the broker names of each cluster."""

    broker_addr_table: dict[str, BrokerData] = {}
    cluster_addr_table: dict[str, list[str]] = {}


class TopicList(_Body, frozen=True, gc=False):
    """Names, in no particular order."""

    topic_list: list[str] = []
    broker_addr: str | None = None


class KVTable(_Body, frozen=True, gc=False):
    """One namespace of the KV store."""

    table: dict[str, str] = {}


class TopicConfig(_Body, frozen=True, gc=False):
    """What a broker registers of a topic; defaults are Java's. Attributes are not read."""

    topic_name: str | None = None
    perm: Int32 = 6
    read_queue_nums: Int32 = 16
    topic_sys_flag: Int32 = 0
    write_queue_nums: Int32 = 16


class TopicConfigTable(_Body, frozen=True, gc=False):
    """A broker's topics. ``data_version`` None: not given, which Java takes for "as of now"."""

    topic_config_table: dict[str, TopicConfig] | None = {}
    data_version: DataVersion | None = None
    topic_queue_mapping_info_map: dict[str, TopicQueueMappingInfo] | None = {}


class RegisterBrokerBody(_Body, frozen=True, gc=False):
    """The body of REGISTER_BROKER since 3.0.11."""

    topic_config_serialize_wrapper: TopicConfigTable | None = TopicConfigTable()
    filter_server_list: list[str | None] | None = []


class BrokerMemberGroup(_Body, frozen=True, gc=False):
    """The members of one broker name, as GET_BROKER_MEMBER_GROUP tells them."""

    broker_name: str | None
    broker_addrs: dict[Int64, str] = {}
    cluster: str | None = None


class GetBrokerMemberGroup(_Body, frozen=True, gc=False):
    """The body around a BrokerMemberGroup."""

    broker_member_group: BrokerMemberGroup | None = None


encode = fastjson.dumps
"""A body in Java's default dialect."""
encode_route = fastjson.dumps_browser
"""A route for clients that need standard JSON (4.9.4 and later)."""
decode = fastjson.decode
"""``decode(data, ClusterInfo)``: a body as the given type. Raises BodyError."""
decode_or_null = fastjson.decode_or_null
"""The same of a request, where a body may be nothing, ``null`` or ``[]``."""
