"""Tells brokers that the smallest id of their group changed (Java's one-way request 905)."""

import asyncio
import logging

from rocketmq_operator.errors import RocketMQError
from rocketmq_operator.nameserver.brokers import Notice
from rocketmq_operator.protocol.codes import RequestCode
from rocketmq_operator.protocol.command import RemotingCommand, request
from rocketmq_operator.transport.client import RemotingClient

MAX_SENDING = 256
"""Notices under way; more are dropped, brokers also ask for their group by themselves."""
_SECONDS = 3.0

_log = logging.getLogger(__name__)


class Notifier:
    """Sends each notice over a short connection of its own; nobody waits for it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, notices: list[Notice]) -> None:
        """Start sending; failures are logged."""
        for notice in notices:
            command = request(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, _fields(notice), oneway=True)
            for receiver in notice.receivers:
                if len(self._tasks) < MAX_SENDING:
                    task = asyncio.create_task(_deliver(receiver, command))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _fields(notice: Notice) -> dict[str, str]:
    fields = {
        "minBrokerId": str(notice.min_id),
        "minBrokerAddr": notice.min_address,
        "offlineBrokerAddr": notice.offline,
        "haBrokerAddr": notice.ha_address,
    }
    return {name: text for name, text in fields.items() if text is not None}


async def _deliver(receiver: str, command: RemotingCommand) -> None:
    try:
        async with RemotingClient(receiver, connect_timeout=_SECONDS) as client:
            await client.invoke_oneway(command, _SECONDS)
    except RocketMQError as error:
        _log.warning("notice of the smallest broker id not sent: %s", error)
