"""Topics that another server told of and no registration has named here yet. Pure.

A registration may name only some of a broker's topics (one that was just created, or one part of a
split table), so those that it does not name stay for as long as a whole one can take.
"""

from collections.abc import Iterable

TOPIC_TIMEOUT = 120_000
"""Milliseconds: two of the longest periods between registrations that a broker takes."""


class Unconfirmed:
    """For each broker name its unconfirmed topics, and when a server last knew them for certain."""

    def __init__(self) -> None:
        self._topics: dict[str, set[str]] = {}
        self._vouched: dict[str, int] = {}

    def add(self, name: str, topic: str, vouched: int) -> None:
        """A topic of broker ``name`` was adopted that was certain at ``vouched`` (ms)."""
        self._topics.setdefault(name, set()).add(topic)
        self._vouched[name] = vouched

    def waits_for(self, name: str) -> bool:
        """Whether some topic of broker ``name`` is unconfirmed."""
        return name in self._topics

    def confirm(self, name: str, topic: str) -> bool:
        """A registration names the topic; whether that was waited for."""
        waiting = self._topics.get(name)
        if waiting is None or topic not in waiting:
            return False
        self.drop(name, [topic])
        return True

    def drop(self, name: str, topics: Iterable[str]) -> None:
        """These are no longer waited for."""
        waiting = self._topics.get(name)
        if waiting is not None:
            waiting.difference_update(topics)
            if not waiting:
                del self._topics[name], self._vouched[name]

    def vouched(self, name: str, now: int) -> int:
        """When the topics of ``name`` were last certain: ``now``, unless some are unconfirmed."""
        return self._vouched.get(name, now)

    def overdue(self, now: int) -> dict[str, set[str]]:
        """Those nobody confirmed in time, by broker name."""
        return {
            name: set(self._topics[name])
            for name, vouched in self._vouched.items()
            if vouched + TOPIC_TIMEOUT <= now
        }
