"""Watches the ports of brokers that have not registered here yet: one that closes them is gone.

A registered broker keeps a connection open, and its end tells that the broker ended. Of a broker
that another server told of, a connection to the broker's own port tells the same.
"""

import asyncio
from collections.abc import Callable, Iterable

from rocketmq_operator.errors import RocketMQError
from rocketmq_operator.nameserver.brokers import Key
from rocketmq_operator.transport.client import split_address

MAX_WATCHED = 1000
CONNECT_SECONDS = 1.0
HOLD_SECONDS = 30.0
_AGAIN = 0.2
_LATER = 2.0


class Sentinels:
    """One connection to each watched broker; ``gone`` hears of one that refuses a second one."""

    def __init__(self, gone: Callable[[Key], None]) -> None:
        self._gone = gone
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def watch(self, keys: Iterable[Key]) -> None:
        """Watch exactly these from now on, at most ``MAX_WATCHED`` of them."""
        wanted = set(sorted(keys)[:MAX_WATCHED])
        for key in self._tasks.keys() - wanted:
            self._tasks.pop(key).cancel()
        for key in wanted - self._tasks.keys():
            self._tasks[key] = asyncio.create_task(self._watch(key), name=f"sentinel {key[1]}")

    async def close(self) -> None:
        """Watch nobody any more."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, key: Key) -> None:
        """Only who was reached can be gone: a network may refuse what no broker ever sees."""
        reached = False
        while True:
            try:
                await _hold(key[1])
                reached = True
                await asyncio.sleep(_AGAIN)
            except ConnectionRefusedError:
                if reached:
                    self._gone(key)
                    return
                await asyncio.sleep(_LATER)
            except (OSError, TimeoutError, RocketMQError):
                await asyncio.sleep(_LATER)


async def _hold(address: str) -> None:
    """Connect, and stay until the broker or the time ends it. Raises OSError, TimeoutError."""
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(*split_address(address))
    try:
        async with asyncio.timeout(HOLD_SECONDS):
            await reader.read(1)
    except (OSError, TimeoutError):
        return
    finally:
        writer.close()
