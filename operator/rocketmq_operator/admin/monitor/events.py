"""Offset-moved events: what brokers tell of consumers whose messages were deleted before they came.

Brokers of 4.x store them as messages of the topic OFFSET_MOVED_EVENT; those of 5.x log them.
"""

from typing import Final

import msgspec

from rocketmq_operator.admin import brokers
from rocketmq_operator.admin.groups import route_of
from rocketmq_operator.admin.invocation import Invocation
from rocketmq_operator.admin.monitor.reports import OffsetMoved
from rocketmq_operator.admin.targets import FAILURES
from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol import fastjson
from rocketmq_operator.protocol.brokerbodies import MessageQueue
from rocketmq_operator.protocol.messages import StoredMessage

TOPIC: Final = "OFFSET_MOVED_EVENT"


class OffsetMovedEvent(msgspec.Struct, frozen=True, rename="camel"):
    """The body of such a message, named as in Java."""

    consumer_group: str = ""
    message_queue: MessageQueue = MessageQueue()
    offset_request: int = 0
    offset_new: int = 0


class Events:
    """The events since it first looked."""

    def __init__(self, call: Invocation) -> None:
        self._call = call
        self._next: dict[MessageQueue, int] = {}

    async def new(self) -> list[OffsetMoved]:
        """Those that came since the last look; queues whose broker does not answer wait."""
        found: list[OffsetMoved] = []
        try:
            route = await route_of(self._call, TOPIC)
        except FAILURES:
            return found
        queues = {data.broker_name: data.read_queue_nums for data in route.queue_datas}
        for data in route.broker_datas:
            address = brokers.one_of(data)
            for number in range(queues.get(data.broker_name, 0) if address else 0):
                queue = MessageQueue(TOPIC, data.broker_name, number)
                found += await self._of_queue(address or "", queue)
        return found

    async def _of_queue(self, address: str, queue: MessageQueue) -> list[OffsetMoved]:
        found: list[OffsetMoved] = []
        admin, seconds = self._call.admin, self._call.seconds
        try:
            if queue not in self._next:
                self._next[queue] = await admin.max_offset(address, queue, timeout=seconds)
                return found
            while True:
                pulled = await admin.pull(address, queue, self._next[queue], timeout=seconds)
                self._next[queue] = pulled.next_offset
                if not pulled.messages:
                    return found
                found += [event for event in map(_event, pulled.messages) if event]
        except FAILURES:
            return found


def _event(message: StoredMessage) -> OffsetMoved | None:
    try:
        told = fastjson.decode(message.body, OffsetMovedEvent)
    except BodyError:
        return None
    return OffsetMoved(
        told.consumer_group,
        told.message_queue,
        told.offset_request,
        told.offset_new,
        message.store_timestamp,
    )
