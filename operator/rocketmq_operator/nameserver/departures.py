"""Which brokers left a server, and when, so that a server that starts does not adopt them. Pure."""

from rocketmq_operator.nameserver.brokers import Key

MAX_DEPARTURES = 10_000


class Departures:
    """The last departures, each for as long as an older sign of life might count elsewhere."""

    def __init__(self, limit: int = MAX_DEPARTURES) -> None:
        self._limit = limit
        self._left: dict[Key, tuple[int, int]] = {}

    def note(self, key: Key, now: int, timeout: int) -> None:
        """A broker whose heartbeat timeout is ``timeout`` left. Times in ms."""
        self._left.pop(key, None)
        self._left[key] = (now, now + timeout)
        if len(self._left) > self._limit:
            del self._left[next(iter(self._left))]

    def forget(self, key: Key) -> None:
        """A broker is back."""
        self._left.pop(key, None)

    def ages(self, now: int) -> dict[Key, int]:
        """How long ago brokers left (ms)."""
        self._left = {key: times for key, times in self._left.items() if now < times[1]}
        return {key: now - left for key, (left, _) in self._left.items()}
