# ruff: noqa: ASYNC109 - the deadline is the caller's and part of the interface
"""What can be asked of a broker, as typed calls over the remoting protocol."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from rocketmq_operator.admin.connections import DEFAULT_TIMEOUT, Connections
from rocketmq_operator.protocol import messages, properties
from rocketmq_operator.protocol.bodies import KVTable, TopicConfig
from rocketmq_operator.protocol.brokerbodies import (
    BrokerStatsData,
    ConsumerConnection,
    ConsumerRunningInfo,
    ConsumeStats,
    GroupList,
    MessageQueue,
)
from rocketmq_operator.protocol.codes import RequestCode, ResponseCode
from rocketmq_operator.protocol.command import request
from rocketmq_operator.protocol.messages import StoredMessage

DEFAULT_TOPIC: Final = "TBW102"
"""What new topics are made after; the tools name it and brokers ignore it."""
STATS_TIMEOUT: Final = 3 * DEFAULT_TIMEOUT
"""Seconds that adding up the offsets of a group may take, as in Java's tools."""
TOOLS_GROUP: Final = "TOOLS_CONSUMER"
"""The group in whose name tools look at messages; it leaves no offsets."""
HAS_SUBSCRIPTION: Final = 4
"""Bit of a pull's system flag: the request says what it wants (``PullSysFlag``)."""


class Pulled(NamedTuple):
    """Messages of a queue, and the offset to go on with."""

    messages: list[StoredMessage]
    next_offset: int


class BrokerCalls(Connections):
    """Calls to brokers. Each takes the broker's ``host:port`` and a deadline in seconds.

    Raises as :meth:`Connections.call` does.
    """

    async def broker_runtime_info(
        self, address: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> dict[str, str]:
        """What a broker says of itself: rates, sizes, version."""
        asked = request(RequestCode.GET_BROKER_RUNTIME_INFO)
        return (await self.fetch(address, asked, KVTable, timeout)).table

    async def get_broker_config(
        self, address: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> dict[str, str]:
        """The broker's configuration as it prints it."""
        answer = await self.call(address, request(RequestCode.GET_BROKER_CONFIG), timeout)
        return properties.parse_raw(answer.body.decode(errors="replace"))

    async def update_broker_config(
        self, address: str, entries: Mapping[str, str], *, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """Change properties while the broker runs."""
        body = properties.dump(entries).encode()
        await self.call(address, request(RequestCode.UPDATE_BROKER_CONFIG, None, body), timeout)

    async def update_topic(
        self,
        address: str,
        topic: TopicConfig,
        *,
        order: bool = False,
        attributes: str = "",
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Make a topic, or change it; ``attributes`` as in ``+message.type=FIFO,-other``."""
        fields = {
            "topic": topic.topic_name or "",
            "defaultTopic": DEFAULT_TOPIC,
            "readQueueNums": str(topic.read_queue_nums),
            "writeQueueNums": str(topic.write_queue_nums),
            "perm": str(topic.perm),
            "topicFilterType": "SINGLE_TAG",
            "topicSysFlag": str(topic.topic_sys_flag),
            "order": str(order).lower(),
            "attributes": attributes,
        }
        await self.call(address, request(RequestCode.UPDATE_AND_CREATE_TOPIC, fields), timeout)

    async def delete_topic_in_broker(
        self, address: str, topic: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """Delete a topic and its messages; it need not exist."""
        asked = request(RequestCode.DELETE_TOPIC_IN_BROKER, {"topic": topic})
        await self.call(address, asked, timeout)

    async def topic_consumers(
        self, address: str, topic: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> list[str]:
        """The groups that consume a topic."""
        asked = request(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, {"topic": topic})
        return (await self.fetch(address, asked, GroupList, timeout)).group_list

    async def consume_stats(
        self, address: str, group: str, topic: str = "", *, timeout: float = STATS_TIMEOUT
    ) -> ConsumeStats:
        """Where a group is in each queue, of one topic or of all that it consumes."""
        fields = {"consumerGroup": group} | ({"topic": topic} if topic else {})
        asked = request(RequestCode.GET_CONSUME_STATS, fields)
        return await self.fetch(address, asked, ConsumeStats, timeout)

    async def consumer_connections(
        self, address: str, group: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> ConsumerConnection:
        """The clients of a group that are connected; ResponseError 206 where none is."""
        asked = request(RequestCode.GET_CONSUMER_CONNECTION_LIST, {"consumerGroup": group})
        return await self.fetch(address, asked, ConsumerConnection, timeout)

    async def consumer_running_info(
        self, address: str, group: str, client_id: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> ConsumerRunningInfo:
        """What one client of a group says of itself, asked through a broker."""
        fields = {"consumerGroup": group, "clientId": client_id, "jstackEnable": "false"}
        asked = request(RequestCode.GET_CONSUMER_RUNNING_INFO, fields)
        return await self.fetch(address, asked, ConsumerRunningInfo, timeout)

    async def broker_stats(
        self, address: str, name: str, key: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> BrokerStatsData:
        """One of a broker's counters, such as TOPIC_PUT_NUMS of a topic."""
        asked = request(RequestCode.VIEW_BROKER_STATS_DATA, {"statsName": name, "statsKey": key})
        return await self.fetch(address, asked, BrokerStatsData, timeout)

    async def max_offset(
        self, address: str, queue: MessageQueue, *, timeout: float = DEFAULT_TIMEOUT
    ) -> int:
        """The offset that the next message of a queue will get."""
        fields = {"topic": queue.topic, "queueId": str(queue.queue_id)}
        answer = await self.call(address, request(RequestCode.GET_MAX_OFFSET, fields), timeout)
        return int((answer.ext_fields or {}).get("offset", "0"))

    async def pull(
        self,
        address: str,
        queue: MessageQueue,
        offset: int,
        count: int = 32,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Pulled:
        """Up to ``count`` messages of a queue from an offset on; it does not wait for new ones."""
        fields = {
            "consumerGroup": TOOLS_GROUP,
            "topic": queue.topic,
            "queueId": str(queue.queue_id),
            "queueOffset": str(offset),
            "maxMsgNums": str(count),
            "sysFlag": str(HAS_SUBSCRIPTION),
            "commitOffset": "0",
            "suspendTimeoutMillis": "0",
            "subscription": "*",
            "subVersion": "0",
            "expressionType": "TAG",
        }
        nothing = (
            ResponseCode.PULL_NOT_FOUND,
            ResponseCode.PULL_RETRY_IMMEDIATELY,
            ResponseCode.PULL_OFFSET_MOVED,
        )
        answer = await self.call(
            address, request(RequestCode.PULL_MESSAGE, fields), timeout, *nothing
        )
        following = int((answer.ext_fields or {}).get("nextBeginOffset", str(offset)))
        found = answer.body if answer.code == ResponseCode.SUCCESS else b""
        return Pulled(list(messages.decode(found)), following)
