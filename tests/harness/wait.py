"""Wait for a condition with a deadline, in place of sleeping for luck."""

import time
from collections.abc import Callable
from typing import TypeVar

from harness.errors import HarnessError

T = TypeVar("T")


class NotInTimeError(HarnessError):
    """A condition did not come true before its deadline."""


def until(
    condition: Callable[[], T],
    *,
    timeout: float,
    what: str,
    interval: float = 0.1,
    retry_on: tuple[type[Exception], ...] = (),
) -> T:
    """Return the first truthy value of `condition`, asked every `interval` seconds.

    Exceptions of the types in `retry_on` count as "not yet". Raises NotInTimeError after
    `timeout` seconds, with `what` and the last value or error seen.
    """
    deadline = time.monotonic() + timeout
    while True:
        last: object
        try:
            value = condition()
            if value:
                return value
            last = value
        except retry_on as error:
            last = error
        if time.monotonic() >= deadline:
            raise _not_in_time(what, timeout, last)
        time.sleep(interval)


def _not_in_time(what: str, timeout: float, last: object) -> NotInTimeError:
    return NotInTimeError(f"waited {timeout:g} s for {what}; last seen: {last!r}")
