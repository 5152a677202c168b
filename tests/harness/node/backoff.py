"""Delays between attempts, as a kubelet grows them."""

from dataclasses import dataclass

FIRST = 10.0
LONGEST = 300.0


@dataclass
class Backoff:
    """Doubling delays in seconds; `restart` gives none for the first failure."""

    first: float = FIRST
    longest: float = LONGEST
    _next: float = 0.0

    def delay(self) -> float:
        """Wait this long before the next attempt: 10, 20, 40 ... 300."""
        self._next = min(max(self._next * 2, self.first), self.longest)
        return self._next

    def restart_delay(self, ran_for: float) -> float:
        """Wait this long before a restart: 0, 10, 20 ... 300; a long good run starts over."""
        if ran_for >= 2 * self.longest:
            self._next = 0.0
        wait = self._next
        self.delay()
        return wait
