"""A processor to ask questions of, and the real server process on free ports."""

import itertools
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.connection import Connection
from rocketmq_operator.nameserver import settings
from rocketmq_operator.nameserver.kvconfig import KvConfig
from rocketmq_operator.nameserver.processor import Call, ConfigWrite, KvWrite, Processor
from rocketmq_operator.nameserver.replycache import Entry
from rocketmq_operator.protocol import bodies, headers
from rocketmq_operator.protocol.bodies import ClusterInfo, TopicList, TopicRouteData
from rocketmq_operator.protocol.command import RemotingCommand, request
from rocketmq_operator.protocol.framing import FrameDecoder


class Pure:
    """A Processor driven to the end of every request, with a clock of its own (milliseconds)."""

    def __init__(self, **properties: str) -> None:
        configuration = settings.defaults({}).updated(properties)
        self.processor = Processor(configuration, KvConfig())
        self.routes = self.processor.routes
        self.now = 0

    def ask(self, command: RemotingCommand, channel: object = "c") -> RemotingCommand | None:
        """The answer, decoded from its bytes; None for one-way requests."""
        frame = self.ask_payload(headers.encode(command)[4:], channel)
        return None if frame is None else headers.decode(FrameDecoder().feed(frame)[0])

    def tell(self, code: int, body: bytes = b"", channel: object = "c", **fields: str):
        """Ask a request by its code and ext fields."""
        return self.ask(request(code, fields, body), channel)

    def register(self, *args, channel: object = "c", **kwargs):
        """Register a broker; see ``registration``."""
        return self.ask(registration(*args, **kwargs), channel)

    def brokers(self) -> dict[str, dict[int, str]]:
        """Addresses by broker name and id, as request 106 tells."""
        table = bodies.decode(self.tell(106).body, ClusterInfo).broker_addr_table
        return {name: data.broker_addrs for name, data in table.items()}

    def topics(self) -> list[str]:
        """All topics, as request 206 tells."""
        return sorted(bodies.decode(self.tell(206).body, TopicList).topic_list)

    def perms(self, topic: str) -> dict[str, int] | None:
        """Permission by broker name of a topic's route, None if it has none."""
        answer = self.tell(105, topic=topic)
        if answer.code == 17:
            return None
        route = bodies.decode(answer.body, TopicRouteData)
        return {queue.broker_name: queue.perm for queue in route.queue_datas}

    def route(self, topic: str, **fields: str) -> TopicRouteData:
        """A route that exists."""
        return bodies.decode(self.tell(105, topic=topic, **fields).body, TopicRouteData)

    def leave(self, name="ba", address="10.0.0.1:10911", cluster="C1", broker_id="0"):
        """Unregister a broker."""
        return self.tell(
            104, brokerName=name, brokerAddr=address, clusterName=cluster, brokerId=broker_id
        )

    def drop(self, keys) -> None:
        """Unregister live entries, to the end."""
        run(self.routes.drop(keys, self.now))

    def ask_payload(self, payload: bytes, channel: object = "c") -> bytes | None:
        found = self.processor.cache.hit(payload)
        if found is not None:
            return found
        call = Call(headers.decode(payload), payload, channel, self.now)
        result = self.processor.process(call)
        if isinstance(result, KvWrite):
            kv = self.processor.kv.edited([result.edit])
            self.processor.kv_written(kv, [result.edit])
            result = call.command.reply(0)
        elif isinstance(result, ConfigWrite):
            fresh = self.processor.configuration.updated(result.changes)
            self.processor.configuration_written(fresh)
            result = call.command.reply(0)
        elif not isinstance(result, RemotingCommand | Entry):
            result = run(result)
        return self.processor.frame(call, result)


def run(steps):
    """The value a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture
def pure():
    return Pure()


@pytest.fixture
def pure_with():
    """Build a Pure with properties set."""
    return Pure


@pytest.fixture(name="registration")
def registration_fixture():
    return registration


@pytest.fixture(name="topic_config")
def topic_config_fixture():
    return topic_config


def topic_config(name, perm=6, queues=4):
    return {
        "topicName": name,
        "perm": perm,
        "readQueueNums": queues,
        "writeQueueNums": queues,
        "topicSysFlag": 0,
    }


def registration(
    topics=("A", "B"), *, name="ba", address="10.0.0.1:10911", broker_id=0, cluster="C1", **more
) -> RemotingCommand:
    """REGISTER_BROKER as a 5.x broker sends it. ``more``: version counter, filters, ext fields."""
    counter, state = more.pop("counter", 1), more.pop("state_version", 0)
    configs = [topic_config(each) if isinstance(each, str) else each for each in topics]
    version = {"counter": counter, "stateVersion": state, "timestamp": 1000}
    wrapper = {
        "dataVersion": version,
        **({"mappingDataVersion": version} if more.pop("mapping_version", False) else {}),
        "topicConfigTable": {config["topicName"]: config for config in configs},
        "topicQueueMappingInfoMap": more.pop("mappings", {}),
    }
    body = {"filterServerList": more.pop("filters", []), "topicConfigSerializeWrapper": wrapper}
    data = json.dumps(body, separators=(",", ":")).encode()
    fields = {
        "brokerName": name,
        "brokerAddr": address,
        "clusterName": cluster,
        "brokerId": str(broker_id),
        "haServerAddr": f"{address}9",
        "enableActingMaster": "false",
        "bodyCrc32": str(zlib.crc32(data) & 0x7FFFFFFF),
        **more,
    }
    return request(103, {key: text for key, text in fields.items() if text is not None}, data)


_numbers = itertools.count(1)
PROGRAM = Path(sys.executable).with_name("rocketmq-nameserver")


class ServerProcess:
    """``rocketmq-nameserver`` as a process; its addresses are those it announced."""

    def __init__(self, directory: Path, *options: str, **environment: str) -> None:
        self.log_path = directory / f"stderr-{next(_numbers)}.log"
        defaults = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, *defaults, *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={"HOME": str(directory), "PATH": "/usr/bin:/bin", **environment},
            )
        self.boot = self._boot_line()
        self.address = self.boot.rsplit(" ", 1)[1]
        self.http = self.log.split("HTTP on ", 1)[1].split()[0]

    def _boot_line(self) -> str:
        for line in self.process.stdout:
            if "boot success" in line:
                return line.strip()
        raise AssertionError(f"no boot line; exit {self.process.wait(10)}, log: {self.log}")

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of an HTTP request."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=70) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def json(self, path: str):
        return json.loads(self.get(path)[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


class Starter:
    """Starts server processes in ``directory``; they end with the test."""

    program = PROGRAM

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack

    def __call__(self, *options: str, **environment: str) -> ServerProcess:
        server = ServerProcess(self.directory, *options, **environment)
        self._stack.callback(server.stop, signal.SIGKILL)
        return server


@pytest.fixture
def start(tmp_path):
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


class Peer(Connection):
    """A connection that tells whether it was closed."""

    def ask(self, command: RemotingCommand) -> RemotingCommand:
        self.send(command)
        return self.receive()

    def closed(self) -> bool:
        """Whether the server ends the connection, without another byte, in time."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True


@pytest.fixture
def connect():
    """Open peers to an address; they are closed with the test."""
    with ExitStack() as stack:

        def connected(address: str) -> Peer:
            peer = Peer(address)
            stack.callback(peer.socket.close)
            return peer

        yield connected
