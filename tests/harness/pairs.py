"""Java broker pairs that live on our NameServers and Java's at once, all watched side by side.

One pair has an acting master, the other has none. `ours-0` and `ours-1` are compared with
`java-0`, to which nothing happens; `ours-2` with `java-1`, to which the same happens.
"""

import json
import signal as signals
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Final

from harness import java
from harness.errors import HarnessError
from harness.loopback import free_ports
from harness.nameserver import NameServer
from harness.proxy import Link, Network
from harness.wait import NotInTimeError, until
from harness.watch import ABSENT, Lag, View, Watch

Properties = Mapping[str, str | int]
Server = NameServer | java.NameServer
BrokerId = tuple[str, int]

BROKER_TIMEOUT: Final = 6.0
"""Seconds without a heartbeat after which a broker of the acting pair is gone."""
SETTINGS: Final[Properties] = {
    "supportActingMaster": "true",
    "notifyMinBrokerIdChanged": "true",
    "scanNotActiveBrokerInterval": 200,
    # A broker without heartbeats is heard of every 10 s; this is the only timeout that it has.
    "serverChannelMaxIdleTimeSeconds": 20,
}
ACTING: Final[Properties] = {
    "enableSlaveActingMaster": "true",
    "totalReplicas": 2,
    "compatibleWithOldNameSrv": "false",
    "brokerNotActiveTimeoutMillis": round(1000 * BROKER_TIMEOUT),
    "timerWheelEnable": "true",  # a master that returns asks its slave for the timers' state
}
# Shorter than the time between two registrations: a silent server must not hold up the others.
REGISTER_TIMEOUT: Final[Properties] = {"registerBrokerTimeoutMills": 9500}

OURS: Final = ("ours-0", "ours-1", "ours-2")
REFERENCE, DISTURBED = "java-0", "java-1"
COUNTERPARTS: Final = {"ours-0": REFERENCE, "ours-1": REFERENCE, "ours-2": DISTURBED}
GROUPS: Final = ("acting", "plain")
BROKERS: Final = tuple(product(GROUPS, (0, 1)))
TOPIC: Final = "watched"
TOPICS: Final = ("TBW102", TOPIC, *(f"rmq_sys_SYNC_BROKER_MEMBER_{name}" for name in GROUPS))
CHANGE_TIMEOUT: Final = 150.0
"""Seconds that brokers get; how late one server is against another is measured apart from it."""


class Pairs:
    """Five servers, two broker pairs, a link from every broker to every server, and the watch."""

    def __init__(self, directory: Path) -> None:
        self._stack = ExitStack()
        self.servers: dict[str, Server] = {
            **{name: NameServer(directory / name, properties=SETTINGS) for name in OURS},
            **{
                name: java.NameServer(directory / name, properties=SETTINGS)
                for name in (REFERENCE, DISTURBED)
            },
        }
        self._directory = directory
        self.links: dict[BrokerId, dict[str, Link]] = {}
        self.brokers: dict[BrokerId, java.Broker] = {}
        self.watch = Watch({name: each.address for name, each in self.servers.items()}, TOPICS)

    def start(self) -> None:
        """Start everything; on return every server shows every broker and the topic."""
        network = self._stack.enter_context(Network())
        for broker in BROKERS:
            ways = {name: network.link(each.address) for name, each in self.servers.items()}
            self.links[broker] = ways
            self.brokers[broker] = self._broker(*broker)
        for each in (*self.servers.values(), *self.brokers.values()):
            self._stack.callback(each.kill)
        at_once(server.start for server in self.servers.values())
        self._stack.enter_context(self.watch)
        at_once(broker.start for broker in self.brokers.values())
        admin = java.Mqadmin(self.servers[REFERENCE].address)
        done = admin.run("updateTopic", "-c", "DefaultCluster", "-t", TOPIC)
        if "create topic to" not in done.stdout:
            raise HarnessError(f"no topic was made: {done.stdout}{done.stderr}")
        self.wait_whole()

    def close(self) -> None:
        """End everything."""
        self._stack.close()

    def _broker(self, name: str, broker_id: int) -> java.Broker:
        # A master that returns waits for its slave, which it knows by the address that loopback
        # connections come from.
        awaited = (name, broker_id) == ("acting", 1)
        return java.Broker(
            self._directory / f"{name}-{broker_id}",
            ";".join(link.address for link in self.links[name, broker_id].values()),
            name=name,
            broker_id=broker_id,
            address=f"127.0.0.1:{free_ports('127.0.0.1', 1)[0]}" if awaited else None,
            properties={**REGISTER_TIMEOUT, **(ACTING if name == "acting" else {})},
        )

    # What servers show

    def members(self, server: str, name: str) -> dict[str, str]:
        """Addresses by broker id of a group."""
        shown = self._shown(server, f"cluster {name}")
        return {} if shown is None or shown[0] is None else shown[0]["brokerAddrs"]

    def route(self, server: str, name: str) -> tuple[dict[str, str], int | None]:
        """Addresses by broker id, and the perm, of a broker name's part of the topic's route."""
        shown = self._shown(server, f"{TOPIC} {name}")
        if shown is None or not all(shown[:2]):
            return {}, None
        return shown[0][0]["brokerAddrs"], shown[1][0]["perm"]

    def _shown(self, server: str, subject: str) -> Any:
        """The parts of a subject as a server shows them; None if it shows none."""
        sample = self.watch.latest(server)
        text = ABSENT if sample is None else sample.shows(subject)
        return json.loads(text) if text.startswith("[") else None

    def is_whole(self, server: str) -> bool:
        """Whether a server shows every broker, and what the reference shows."""
        own, other = self._view(server), self._view(REFERENCE)
        routes = (self.route(server, name) == (self._pair(name), 6) for name in GROUPS)
        return own is not None and own == other and all(routes)

    def _view(self, server: str) -> View | None:
        latest = self.watch.latest(server)
        return None if latest is None else latest.view

    def _story(self, server: str) -> str:
        """What a server shows that the reference does not, and what it wrote last."""
        own, other = (dict(self._view(name) or {}) for name in (server, REFERENCE))
        apart = [
            f"{subject}: {own.get(subject, ABSENT)}; {REFERENCE}: {other.get(subject, ABSENT)}"
            for subject in sorted(own.keys() | other.keys())
            if own.get(subject) != other.get(subject)
        ]
        whole = [name for name in self.servers if self.is_whole(name)]
        expected = {name: self._pair(name) for name in GROUPS}
        log = self.servers[server].log.read_text()[-4000:]
        return "\n".join([*apart, f"expected: {expected}; whole are: {whole}", log])

    def _pair(self, name: str) -> dict[str, str]:
        return {str(number): self.brokers[name, number].address for number in (0, 1)}

    # Waiting for what happens to them to be shown

    def wait_whole(self) -> None:
        """Wait until every server shows every broker, alike."""
        for server in self.servers:
            try:
                self._wait(self.is_whole, [server], "every broker to be shown")
            except NotInTimeError as error:
                raise HarnessError(f"{error}\n{self._story(server)}") from error

    def wait_gone(self, broker: BrokerId, servers: Iterable[str]) -> None:
        """Wait until `servers` no longer show a broker."""
        name, number = broker

        def is_gone(server: str) -> bool:
            return str(number) not in self.members(server, name)

        self._wait(is_gone, servers, f"{name}-{number} to be gone")

    def wait_acting(self) -> None:
        """Wait until every server shows the slave of the acting pair as a master to read from."""
        slave = self.brokers["acting", 1].address

        def is_acting(server: str) -> bool:
            return self.route(server, "acting") == ({"0": slave}, 4)

        self._wait(is_acting, self.servers, f"{slave} to stand in for its master")

    def wait_answering(self) -> None:
        """Wait until every server answers the watch."""

        def answers(server: str) -> bool:
            latest = self.watch.latest(server)
            return latest is not None and latest.view is not None

        self._wait(answers, self.servers, "an answer")

    def _wait(self, holds: Callable[[str], bool], servers: Iterable[str], what: str) -> None:
        for server in servers:
            until(partial(holds, server), timeout=CHANGE_TIMEOUT, what=f"{server}: {what}")

    # What is done to them

    def silence(self, broker: BrokerId, servers: Iterable[str]) -> None:
        """Cut a broker off from servers, silently, right after it has spoken to every server.

        Then all of them have heard of it for the last time at the same moment.
        """
        links = self.links[broker].values()
        until(
            lambda: all(time.monotonic() - link.last_traffic < 0.4 for link in links),
            timeout=CHANGE_TIMEOUT,
            what=f"{broker} to speak to every server",
            interval=0.02,
        )
        for server in servers:
            self.links[broker][server].silence()

    def resume(self) -> None:
        """End every silence."""
        for links in self.links.values():
            for link in links.values():
                link.resume()

    def mend(self) -> None:
        """Make every way open again, and every server run on."""
        for links in self.links.values():
            for link in links.values():
                link.accept()
                link.resume()
        for server in self.servers.values():
            server.signal(signals.SIGCONT)

    # The comparison

    def lag(self, server: str, name: str, begin: float) -> Lag:
        """How far one of our servers and its counterpart were apart since `begin` on a group."""
        return self.watch.lag(COUNTERPARTS[server], server, begin, about=name)

    def skew(self, server: str, name: str, begin: float) -> float:
        """How far apart a group registered with one of our servers and with its counterpart.

        A broker registers with those servers that it has reached by then, and with the others
        10 s later, whosever they are; one of them then shows one of the pair for so long.
        """
        ways = [self.links[name, number] for number in (0, 1)]
        other = COUNTERPARTS[server]
        return max(
            _apart(way[server].announcements, way[other].announcements, begin) for way in ways
        )

    def cluster_lists(self) -> tuple[list[list[str]], list[list[str]]]:
        """What Java's mqadmin lists from ours-2 and java-1: cluster, name, id, address."""
        with ThreadPoolExecutor(2) as pool:
            ours, theirs = pool.map(_cluster_list, ("ours-2", DISTURBED), [self.servers] * 2)
        return ours, theirs


def at_once(steps: Iterable[Callable[[], object]]) -> None:
    """Take steps side by side, and wait for all."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(step) for step in steps]:
            done.result()


def _apart(one: Sequence[float], other: Sequence[float], begin: float) -> float:
    """How far the moments of one are from the nearest ones of the other, either way, at most."""
    pairs = [(one, other), (other, one)]
    apart = [
        min((abs(moment - each) for each in there), default=0.0)
        for here, there in pairs
        for moment in here
        if moment >= begin
    ]
    return max(apart, default=0.0)


def _cluster_list(name: str, servers: Mapping[str, Server]) -> list[list[str]]:
    done = java.Mqadmin(servers[name].address).run("clusterList")
    rows = [line.split()[:4] for line in done.stdout.splitlines() if line.strip()]
    return sorted(row for row in rows if not row[0].startswith("#"))
