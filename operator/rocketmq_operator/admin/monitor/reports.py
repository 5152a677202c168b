"""What a round of monitoring reports, as Java's ``DefaultMonitorListener`` words it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

from rocketmq_operator.protocol.brokerbodies import MessageQueue

PREFIX: Final = "[MONITOR] "
NOTIFY: Final = f"{PREFIX} [NOTIFY] "
LINE: Final = "========================================="
BEGIN_ROUND: Final = f"{PREFIX}{LINE}beginRound"
END_ROUND: Final = f"{PREFIX}{LINE}endRound"


@dataclass(frozen=True)
class Report:
    """Something worth telling; ``kind`` names it for programs."""

    kind: ClassVar[str]

    @property
    def text(self) -> str:
        """The line for people."""
        raise NotImplementedError

    @property
    def row(self) -> Mapping[str, Any]:
        """The same for programs."""
        return {"kind": self.kind, **{_camel(name): value for name, value in asdict(self).items()}}


@dataclass(frozen=True)
class UndoneMsgs(Report):
    """What a group has left of a topic: messages in all and in the worst queue, delay in ms.

    The delay is the worst queue's, from its last consumed message to its newest.
    """

    kind: ClassVar[str] = "undone"
    group: str
    topic: str
    total: int
    single_queue: int
    delay_ms: int

    @property
    def text(self) -> str:
        """Java's words."""
        return (
            f"{PREFIX}reportUndoneMsgs: UndoneMsgs [consumerGroup={self.group}, "
            f"topic={self.topic}, undoneMsgsTotal={self.total}, "
            f"undoneMsgsSingleMQ={self.single_queue}, undoneMsgsDelayTimeMills={self.delay_ms}]"
        )


@dataclass(frozen=True)
class OffsetMoved(Report):
    """A consumer asked for messages that are deleted, and was moved to the first that are left."""

    kind: ClassVar[str] = "offsetMoved"
    group: str
    queue: MessageQueue
    offset_request: int
    offset_new: int
    timestamp: int

    @property
    def text(self) -> str:
        """Java's words."""
        return (
            f"{PREFIX}reportDeleteMsgsEvent: DeleteMsgsEvent [offsetMovedEvent=OffsetMovedEvent "
            f"[consumerGroup={self.group}, messageQueue={queue_text(self.queue)}, "
            f"offsetRequest={self.offset_request}, offsetNew={self.offset_new}], "
            f"eventTimestamp={self.timestamp}]"
        )

    @property
    def row(self) -> Mapping[str, Any]:
        """The same for programs."""
        queue = {"topic": self.queue.topic, "broker": self.queue.broker_name}
        return {**super().row, "queue": {**queue, "id": self.queue.queue_id}}


@dataclass(frozen=True)
class SubscriptionDifferent(Report):
    """Clients of one group want different things, so that some of them miss messages."""

    kind: ClassVar[str] = "subscriptionDifferent"
    group: str

    @property
    def text(self) -> str:
        """Java's words, with the group where Java has ``null``."""
        return (
            f"{NOTIFY}reportConsumerRunningInfo: ConsumerGroup: {self.group}, "
            "Subscription different"
        )


@dataclass(frozen=True)
class Blocked(Report):
    """Queues that a client does not get on with, a line each."""

    kind: ClassVar[str] = "blocked"
    group: str
    client: str
    queues: tuple[str, ...]

    @property
    def text(self) -> str:
        """Java's words, with the group where Java has ``null``."""
        told = "".join(f"{line}\n" for line in self.queues)
        return (
            f"{NOTIFY}reportConsumerRunningInfo: ConsumerGroup: {self.group}, "
            f"ClientId: {self.client}, {told}"
        )


@dataclass(frozen=True)
class Offline(Report):
    """A group without a client that has messages left; Java's monitor passes it over."""

    kind: ClassVar[str] = "offline"
    group: str
    total: int

    @property
    def text(self) -> str:
        """In the manner of Java's other notices."""
        return f"{NOTIFY}ConsumerGroup: {self.group}, offline, undoneMsgsTotal={self.total}"


def _camel(name: str) -> str:
    """As the rows of all commands are named."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def queue_text(queue: MessageQueue) -> str:
    """A queue as Java's ``MessageQueue.toString`` has it."""
    return (
        f"MessageQueue [topic={queue.topic}, brokerName={queue.broker_name}, "
        f"queueId={queue.queue_id}]"
    )
