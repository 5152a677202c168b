"""A queue of keys: each key waits at most once, and is worked on by one worker at a time.

The behaviour of client-go's rate-limiting workqueue
(https://pkg.go.dev/k8s.io/client-go/util/workqueue), for one event loop.
"""

import asyncio
import random
from collections import deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST_BACKOFF: Final = 0.05
MAX_BACKOFF: Final = 300.0
"""Seconds between attempts at a key that keeps failing."""


class WorkQueue(Generic[K]):
    """Keys to work on, soonest first, and keys to look at later."""

    def __init__(self) -> None:
        self._ready: deque[K] = deque()
        self._waiting: dict[K, float] = {}
        self._active: set[K] = set()
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._ready)

    def oldest(self, now: float) -> float:
        """Seconds that the key which waits longest has waited; ``now`` by the loop's clock."""
        return now - min(self._waiting.values(), default=now)

    def add(self, key: K) -> None:
        """Work on ``key`` as soon as a worker is free and nobody works on it already."""
        self._cancel_timer(key)
        if key in self._waiting:
            return
        self._waiting[key] = asyncio.get_running_loop().time()
        if key not in self._active:
            self._offer(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Work on ``key`` after ``seconds``, or sooner if somebody asked for sooner."""
        if key in self._waiting:
            return
        when = asyncio.get_running_loop().time() + seconds
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= when:
            return
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_at(when, self.add, key)

    def add_failed(self, key: K) -> float:
        """Work on ``key`` again after a pause that doubles with each failure; the pause."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(MAX_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures, 20))
        pause *= random.uniform(0.9, 1.1)
        self.add_after(key, pause)
        return pause

    def succeeded(self, key: K) -> None:
        """Forget the failures of ``key``."""
        self._failures.pop(key, None)

    async def take(self) -> K:
        """The next key; give it back with :meth:`done`."""
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()
        key = self._ready.popleft()
        del self._waiting[key]
        self._active.add(key)
        return key

    def done(self, key: K) -> None:
        """End the work on ``key``; it comes back at once if it was added meanwhile."""
        self._active.discard(key)
        if key in self._waiting:
            self._offer(key)

    def clear(self) -> None:
        """Forget everything, timers included."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._ready.clear()
        self._waiting.clear()
        self._failures.clear()

    def _offer(self, key: K) -> None:
        self._ready.append(key)
        self._wake.set()

    def _cancel_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
