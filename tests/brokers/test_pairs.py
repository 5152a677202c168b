"""Broker pairs live, die and return: our servers show what Java's show, when Java's show it."""

import signal
import time
from itertools import product
from typing import Any, Final

import pytest

from harness.pairs import BROKER_TIMEOUT, COUNTERPARTS, GROUPS, Pairs, at_once
from harness.wait import until
from harness.watch import Lag, episodes

TOLERANCE: Final = 1.0
"""Seconds that one of our servers may show something earlier or later than a Java server."""
DISTURBED: Final = ("ours-2", "java-1")


class Scenario:
    """What happens to the pairs in one test."""

    def __init__(self, pairs: Pairs) -> None:
        self.begin = dict.fromkeys(COUNTERPARTS, time.monotonic())
        self._pairs = pairs

    def forget(self, server: str) -> None:
        """Compare a server only from now on."""
        self.begin[server] = time.monotonic()

    def require_alike(self) -> None:
        """All that was shown, and what Java's mqadmin lists at the end, must be alike."""
        self._pairs.wait_whole()
        for (server, begin), name in product(self.begin.items(), GROUPS):
            lag, skew = (ask(server, name, begin) for ask in (self._pairs.lag, self._pairs.skew))
            print(f"{server}, {name}: {lag.seconds:.2f} s, the brokers themselves {skew:.2f} s")
            assert lag.seconds < TOLERANCE + skew, self._story(server, lag)
        self.require_same_lists(4)

    def _story(self, server: str, lag: Lag) -> str:
        """What was shown when, by the server and its counterpart, where they were most apart."""
        lines = [f"{server} against {COUNTERPARTS[server]}: {lag}"]
        for name in (server, COUNTERPARTS[server]):
            for each in episodes(self._pairs.watch.since(name, self.begin[server]), lag.subject):
                times = (each.surely_from, each.surely_to)
                begin, end = (f"{moment - self.begin[server]:.2f}" for moment in times)
                lines.append(f"{name} {begin} to {end}: {each.shown}")
        return "\n".join(lines)

    def require_same_lists(self, brokers: int) -> None:
        """Java's mqadmin lists the same from one of ours and from Java's."""
        ours, theirs = self._pairs.cluster_lists()
        assert ours == theirs
        assert len(ours) == brokers


@pytest.fixture
def scenario(pairs: Pairs) -> Scenario:
    """The begin of a scenario."""
    return Scenario(pairs)


def test_brokers_restart(pairs: Pairs, scenario: Scenario) -> None:
    restarted = ("acting", 1), ("plain", 0)
    at_once(pairs.brokers[broker].stop for broker in restarted)
    for broker in restarted:
        pairs.wait_gone(broker, pairs.servers)
    at_once(pairs.brokers[broker].start for broker in restarted)
    scenario.require_alike()


def test_brokers_are_killed(pairs: Pairs, scenario: Scenario) -> None:
    killed = ("acting", 0), ("plain", 1)
    at_once(pairs.brokers[broker].kill for broker in killed)
    pairs.wait_acting()
    pairs.wait_gone(("plain", 1), pairs.servers)
    scenario.require_same_lists(2)
    at_once(pairs.brokers[broker].start for broker in killed)
    scenario.require_alike()


def test_servers_restart(pairs: Pairs, scenario: Scenario) -> None:
    links = [ways[server] for ways in pairs.links.values() for server in DISTURBED]
    for link in links:
        link.refuse()
    at_once(pairs.servers[server].stop for server in DISTURBED)
    at_once(pairs.servers[server].start for server in DISTURBED)
    pairs.wait_answering()
    scenario.forget("ours-2")  # the two do not start equally fast
    for link in links:
        link.accept()
    scenario.require_alike()


def test_servers_are_paused_for_longer_than_the_timeout(pairs: Pairs, scenario: Scenario) -> None:
    paused = time.monotonic()
    for server in DISTURBED:
        pairs.servers[server].signal(signal.SIGSTOP)
    wait_until_later(paused + BROKER_TIMEOUT + 2, "every heartbeat timeout to pass")
    for server in DISTURBED:
        pairs.servers[server].signal(signal.SIGCONT)
    pairs.wait_answering()
    wait_until_later(time.monotonic() + 2, "those that the servers take for dead to be dropped")
    pairs.wait_whole()
    # A Java server drops whom it has not heard in time, unless it reads first what they sent
    # meanwhile; ours listens before it judges.
    ours, theirs = (distinct_views(pairs, server, paused) for server in DISTURBED)
    print(f"views since the pause: ours {len(ours)}, Java's {len(theirs)}")
    assert len(ours) == 1, set.symmetric_difference(*map(set, list(ours)[:2]))
    scenario.forget("ours-2")
    scenario.require_alike()


def wait_until_later(moment: float, what: str) -> None:
    until(lambda: time.monotonic() > moment, timeout=60, what=what)


def distinct_views(pairs: Pairs, server: str, begin: float) -> set[frozenset[Any]]:
    """The different views that a server has shown since a time."""
    views = [sample.view for sample in pairs.watch.since(server, begin) if sample.view]
    return {frozenset(view.items()) for view in views}


def test_brokers_are_cut_off(pairs: Pairs, scenario: Scenario) -> None:
    pairs.silence(("plain", 0), pairs.servers)
    pairs.silence(("acting", 0), pairs.servers)
    pairs.wait_acting()
    scenario.require_same_lists(3)
    pairs.wait_gone(("plain", 0), pairs.servers)
    pairs.resume()
    scenario.require_alike()


def test_servers_are_cut_off(pairs: Pairs, scenario: Scenario) -> None:
    for broker in pairs.brokers:
        pairs.silence(broker, DISTURBED)
    for broker in pairs.brokers:
        pairs.wait_gone(broker, DISTURBED)
    pairs.resume()
    scenario.require_alike()
