"""Bodies of the answers of a broker, named as in Java."""

import msgspec

from rocketmq_operator.protocol import fastjson
from rocketmq_operator.protocol.fastjson import Int32, Int64


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    """What all bodies share: immutable, camelCase on the wire."""


class MessageQueue(_Body, frozen=True, order=True):
    """One queue of a topic; they sort as Java's do."""

    topic: str = ""
    broker_name: str = ""
    queue_id: Int32 = 0

    @classmethod
    def read(cls, text: str) -> "MessageQueue":
        """From the name of a member, as fastjson writes maps of queues. Raises BodyError."""
        return fastjson.decode(text.encode(), cls)


class OffsetWrapper(_Body, frozen=True):
    """Where a group is in one queue; ``last_timestamp`` (ms) is when its last message was stored.

    Messages between the consumer's offset and the pull offset are on their way.
    """

    broker_offset: Int64 = 0
    consumer_offset: Int64 = 0
    last_timestamp: Int64 = 0
    pull_offset: Int64 = 0

    @property
    def undone(self) -> int:
        """Messages that were not consumed yet."""
        return self.broker_offset - self.consumer_offset


class ConsumeStats(_Body, frozen=True):
    """Offsets by the text of their MessageQueue, and messages per second."""

    consume_tps: float = 0.0
    offset_table: dict[str, OffsetWrapper] = {}

    @property
    def offsets(self) -> dict[MessageQueue, OffsetWrapper]:
        """Offsets by queue, in order. Raises BodyError."""
        read = ((MessageQueue.read(text), each) for text, each in self.offset_table.items())
        return dict(sorted(read, key=lambda item: item[0]))


class Connection(_Body, frozen=True):
    """One client of a group; ``version`` is the ordinal of its release."""

    client_id: str = ""
    client_addr: str = ""
    language: str = ""
    version: Int32 = 0


class SubscriptionData(_Body, frozen=True):
    """What a consumer wants of a topic."""

    topic: str = ""
    sub_string: str = ""
    expression_type: str = "TAG"
    class_filter_mode: bool = False
    tags_set: list[str] = []
    code_set: list[Int32] = []


class ConsumerConnection(_Body, frozen=True):
    """The clients of a group that are connected to a broker."""

    connection_set: list[Connection] = []
    subscription_table: dict[str, SubscriptionData] = {}
    consume_type: str = ""
    message_model: str = ""


class GroupList(_Body, frozen=True):
    """Names of consumer groups."""

    group_list: list[str] = []


class BrokerStatsItem(_Body, frozen=True):
    """A counter over one span of time."""

    sum: Int64 = 0
    tps: float = 0.0


class BrokerStatsData(_Body, frozen=True):
    """A counter of the last minute, hour and day."""

    stats_minute: BrokerStatsItem = BrokerStatsItem()
    stats_hour: BrokerStatsItem = BrokerStatsItem()
    stats_day: BrokerStatsItem = BrokerStatsItem()

    @property
    def today(self) -> int:
        """The sum of the longest span that has one."""
        spans = (self.stats_day, self.stats_hour, self.stats_minute)
        return next((span.sum for span in spans if span.sum), 0)


class ProcessQueueInfo(_Body, frozen=True):
    """What a consumer says of one queue; times in ms since 1970."""

    cached_msg_count: Int32 = 0
    droped: bool = False
    last_consume_timestamp: Int64 = 0
    last_lock_timestamp: Int64 = 0
    locked: bool = False
    try_unlock_times: Int64 = 0


class ConsumerRunningInfo(_Body, frozen=True):
    """What a client says of itself; queues by the text of their MessageQueue."""

    properties: dict[str, str] = {}
    subscription_set: list[SubscriptionData] = []
    mq_table: dict[str, ProcessQueueInfo] = {}

    @property
    def queues(self) -> dict[MessageQueue, ProcessQueueInfo]:
        """What it says of each queue, in order. Raises BodyError."""
        read = ((MessageQueue.read(text), each) for text, each in self.mq_table.items())
        return dict(sorted(read, key=lambda item: item[0]))
