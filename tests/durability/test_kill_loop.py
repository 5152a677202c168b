"""SIGKILL at random moments, over and over, while a client writes KV and configuration.

KILLS says how often, KILL_SEED repeats a run that failed.
"""

import copy
import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from harness import java
from harness.connection import Connection
from harness.nameserver import NameServer
from rocketmq_operator.protocol.codes import RequestCode
from rocketmq_operator.protocol.command import RemotingCommand, request

KILLS = int(os.environ.get("KILLS", "500"))
SEED = int(os.environ.get("KILL_SEED") or random.randrange(1 << 32))
LANES = 2
READ_BY_JAVA = 5
NAMESPACES = ("ORDER_TOPIC_CONFIG", "shop", "\u5546\u5e97 \U0001f6d2")
PROPERTIES = ("waitSecondsForService", "productEnvName")
STORED = {"kvConfig.json", "namesrv.properties", "namesrv.properties.bak"}
LONGEST_DELAY = 0.006

Tables = dict[str, dict[str, str]]


class State(NamedTuple):
    """All that the client writes to."""

    tables: Tables
    properties: dict[str, str]


class Write(NamedTuple):
    """Set a KV entry or, without a namespace, a property; value None deletes."""

    namespace: str | None
    key: str
    value: str | None

    def command(self) -> RemotingCommand:
        if self.namespace is None:
            return request(
                RequestCode.UPDATE_NAMESRV_CONFIG, body=f"{self.key}={self.value}".encode()
            )
        fields = {"namespace": self.namespace, "key": self.key}
        if self.value is None:
            return request(RequestCode.DELETE_KV_CONFIG, fields)
        return request(RequestCode.PUT_KV_CONFIG, {**fields, "value": self.value})

    def after(self, state: State) -> State:
        """What `state` becomes by this write."""
        state = copy.deepcopy(state)
        if self.namespace is None:
            state.properties[self.key] = self.value or ""
        elif self.value is not None:
            state.tables.setdefault(self.namespace, {})[self.key] = self.value
        elif self.namespace in state.tables:
            state.tables[self.namespace].pop(self.key, None)
        return state


class Left(NamedTuple):
    """A KV file that a kill left, and what our server read from it."""

    path: Path
    tables: Tables


class Lane:
    """One server, killed `kills` times. Files that `keep` numbers are kept for Java."""

    def __init__(self, directory: Path, kills: int, keep: set[int], seed: str) -> None:
        self.kills = kills
        self.violations: list[str] = []
        self.left: list[Left] = []
        self.counts = {"acknowledged": 0, "kept unacknowledged": 0, "lost unacknowledged": 0}
        self.unfinished = 0
        self._directory, self._keep, self._random = directory, keep, random.Random(seed)
        self._server = NameServer(directory)
        self._states: list[State] = []
        self._acknowledged = 0

    def run(self) -> "Lane":
        """Kill until done or until something is lost."""
        try:
            for number in range(self.kills + 1):
                self._server.start()
                with Connection(self._server.address) as connection:
                    self._check(connection, number)
                    if self.violations or number == self.kills:
                        return self
                    self._write_until_killed(connection)
                self._look_at_files(number)
        finally:
            self._server.kill()
        return self

    def _check(self, connection: Connection, number: int) -> None:
        """The server must hold what the first n writes made, all acknowledged ones among them.

        KV and properties are different files, so n may be another for each.
        """
        found = _read(connection)
        allowed = self._states[self._acknowledged :] or [found]
        tables = [state.tables for state in allowed]
        if found.tables not in tables or found.properties not in [s.properties for s in allowed]:
            self.violations.append(f"kill {number}: {found} is none of {allowed}")
            return
        kept = tables.index(found.tables)
        self.counts["acknowledged"] += self._acknowledged
        self.counts["kept unacknowledged"] += kept
        self.counts["lost unacknowledged"] += len(allowed) - 1 - kept
        if self.left and self.left[-1].path.name == f"{number}.json":
            self.left[-1] = self.left[-1]._replace(tables=found.tables)
        names = {path.name for path in self._server.data.iterdir()}
        if not names <= STORED:
            self.violations.append(f"kill {number}: {sorted(names - STORED)} stays for ever")
        self._states, self._acknowledged = [found], 0

    def _write_until_killed(self, connection: Connection) -> None:
        """Keep some writes on their way; kill a moment after one of the first answers."""
        goal, window = self._random.randint(1, 25), self._random.randint(1, 12)
        sent: dict[int, int] = {}
        self._send(connection, sent, window)
        for _ in range(goal):
            self._take_answer(connection, sent)
            self._send(connection, sent, 1)
        time.sleep(self._random.uniform(0, LONGEST_DELAY))
        self._server.kill()
        try:
            while True:
                self._take_answer(connection, sent)
        except ConnectionError:
            pass

    def _send(self, connection: Connection, sent: dict[int, int], count: int) -> None:
        commands = []
        for _ in range(count):
            write = self._some_write()
            self._states.append(write.after(self._states[-1]))
            commands.append(write.command())
            sent[commands[-1].opaque] = len(self._states) - 1
        connection.send(*commands)

    def _take_answer(self, connection: Connection, sent: dict[int, int]) -> None:
        answer = connection.receive()
        if answer.code != 0:
            self.violations.append(f"a write was answered with {answer.code}: {answer.remark}")
        self._acknowledged = max(self._acknowledged, sent[answer.opaque])

    def _some_write(self) -> Write:
        pick = self._random
        if pick.random() < 0.2:
            return Write(None, pick.choice(PROPERTIES), str(pick.randrange(10**6)))
        namespace, key = pick.choice(NAMESPACES), f"k{pick.randrange(12)}"
        if pick.random() < 0.25:
            return Write(namespace, key, None)
        text = f'{pick.randrange(10**9)}\n"\u00e4\\\u2028' + "x" * pick.choice((0, 100, 5000))
        return Write(namespace, key, text)

    def _look_at_files(self, number: int) -> None:
        self.unfinished += any(self._server.data.glob(".*"))
        stored = self._server.data / "kvConfig.json"
        if (number in self._keep or number == self.kills - 1) and stored.exists():
            copied = self._directory / f"{number + 1}.json"
            shutil.copy(stored, copied)
            self.left.append(Left(copied, {}))


def _read(connection: Connection) -> State:
    tables = {name: table for name in NAMESPACES if (table := connection.kv(name)) is not None}
    configuration = connection.configuration()
    return State(tables, {name: configuration.get(name, "") for name in PROPERTIES})


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> list[Lane]:
    """The loop, done: servers side by side, so that one starts while another writes."""
    directory = tmp_path_factory.mktemp("kill-loop")
    keep = random.Random(SEED).sample(range(KILLS), READ_BY_JAVA)
    lanes = [
        Lane(
            directory / f"lane-{lane}",
            len(range(lane, KILLS, LANES)),
            {number // LANES for number in keep if number % LANES == lane},
            f"{SEED}/{lane}",
        )
        for lane in range(LANES)
    ]
    started = time.monotonic()
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(Lane.run, lanes))
    print(f"KILL_SEED={SEED}: {KILLS} kills in {time.monotonic() - started:.0f} s")
    for lane in lanes:
        print(f"{lane.counts}, killed within the writing of a file: {lane.unfinished}")
    return lanes


def test_no_acknowledged_write_is_lost_and_nothing_unfinished_stays(lanes: list[Lane]) -> None:
    assert [lane.violations for lane in lanes] == [[]] * LANES, f"KILL_SEED={SEED}"


def test_a_java_server_reads_what_the_kills_left(lanes: list[Lane], tmp_path: Path) -> None:
    left = [each for lane in lanes for each in lane.left]
    for number, each in enumerate(left):
        path = tmp_path / f"{number}.json"
        shutil.copy(each.path, path)
        server = java.NameServer(
            tmp_path / f"java-{number}", properties={"kvConfigPath": str(path)}
        )
        with server, Connection(server.address) as connection:
            assert _read(connection).tables == each.tables, f"KILL_SEED={SEED}, {each.path}"
