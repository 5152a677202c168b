"""A limit on what one line of the code may log a second: peers must not fill a disk with it."""

import logging
from collections.abc import Callable

MOST = 20
"""Records a second from one line of the code."""


class LogLimit(logging.Filter):
    """Leaves out what is too much, and says how much that was with the next one that passes.

    ``clock`` gives seconds.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._seen: dict[tuple[str, int], tuple[int, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record passes; its text may grow by what was left out before it."""
        place = record.pathname, record.lineno
        now = int(self._clock())
        second, count = self._seen.get(place, (now, 0))
        if second != now:
            _append(record, count - self._most)
            count = 0
        self._seen[place] = now, count + 1
        return count < self._most


def _append(record: logging.LogRecord, left_out: int) -> None:
    if left_out > 0:
        record.msg = f"{record.getMessage()} ({left_out} more like it were left out)"
        record.args = ()
