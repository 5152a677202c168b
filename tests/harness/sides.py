"""Our NameServer and Java's as two sides: the same tools used on both, and what is there then."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from harness import java
from harness.wait import until
from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.protocol.codes import LanguageCode
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.transport.client import RemotingClient

T = TypeVar("T")

PROGRAMS: Final = Path(sys.executable).parent
SIDES: Final = ("ours", "theirs")
OURS, JAVA, OLD_JAVA = "mqadmin", "java5", "java4"
JAVAS: Final = {JAVA: java.VERSION, OLD_JAVA: java.OLD_VERSION}
TOOLS: Final = (OURS, JAVA, OLD_JAVA)
AT_ONCE: Final = 4
"""Java's mqadmin waits 3 of its 4 seconds, so more may run than there are cores."""
ATTEMPTS: Final = 4
OUT_OF_TIME: Final = re.compile("Remoting(Timeout|Connect|SendRequest)Exception")
"""Java's mqadmin gives a call 3 seconds, its own start included: too few on a busy machine."""
UPDATE_AND_CREATE_TOPIC: Final = 17
ONE_SERVERS_OWN: Final = frozenset(
    {"bindAddress", "configStorePath", "kvConfigPath", "listenPort", "namesrvAddr", "rocketmqHome"}
)
"""Properties that must differ between two servers on one machine, or that name both."""
VOLATILE: Final = (
    (re.compile(r"(?<![\d.])-?\d+\.\d+(?![\d.:])"), "N.N"),  # rates, hours, shares of a disk
    (re.compile(r"\d+,\d+ms"), "N,Nms"),  # how full a queue is, and how long its head waited
    (re.compile(r"-?\d+-\d+\("), "N-N("),  # how far a broker's timer is behind, or ahead
    (re.compile(r"\)\s+\d+\s+N\.N"), ") N N.N"),  # how long the page cache was locked
    (re.compile(r"\d+ (?=days|hours|minutes|seconds)"), "N "),  # how long a broker has run
    (re.compile(r"/tmp/\S+"), "FILE"),
)

Cell = tuple[str, str]
"""A tool and the side it was used on."""


class Said(NamedTuple):
    """What a tool printed, and which refusals of servers it told, without the volatile parts.

    Lines are sorted: Java promises no order of properties and topics.
    """

    printed: tuple[str, ...]
    refusals: tuple[str, ...]
    exit_code: int


class Sides:
    """Our NameServer and Java's, by address, that the same broker registers with.

    In what is read of a side, names that end in `-ours` and `-theirs` become `-mine` and
    `-other`, so that the two can be compared.
    """

    def __init__(self, ours: str, theirs: str, broker: java.Broker) -> None:
        self.addresses = {"ours": ours, "theirs": theirs}
        self.broker = broker

    def run(self, words: Sequence[str], tools: Sequence[str] = TOOLS) -> dict[Cell, Said]:
        """Use each tool on each side; `{tool}`, `{side}` and `{broker}` in the words are told.

        Java's tools are used again when they run out of their time: the words must bear that.
        """
        cells = [(tool, side) for tool in tools for side in SIDES]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            said = pool.map(lambda cell: self._said(cell, words), cells)
            return dict(zip(cells, said, strict=True))

    def states(
        self, *, namespaces: Sequence[str] = (), topics: Sequence[str] = ()
    ) -> dict[Cell, dict[str, Any]]:
        """What each side holds, read by both tools."""
        theirs = java.view(list(self.addresses.values()), namespaces=namespaces, topics=topics)
        ours = [_view(server, namespaces, topics) for server in self.addresses.values()]
        return {
            (tool, side): self._state(side, view)
            for tool, views in ((JAVA, theirs), (OURS, ours))
            for side, view in zip(SIDES, views, strict=True)
        }

    def create_topic(self, topic: str, *, queues: int = 4) -> None:
        """Let the broker make a topic, and wait until both sides have its route."""
        fields = {
            "topic": topic, "defaultTopic": "TBW102", "perm": "6", "topicFilterType": "SINGLE_TAG",
            "readQueueNums": str(queues), "writeQueueNums": str(queues), "topicSysFlag": "0",
            "order": "false",
        }  # fmt: skip
        asyncio.run(_told(self.broker.address, UPDATE_AND_CREATE_TOPIC, fields))
        for side in SIDES:
            self.wait_for_route(side, topic, {"perm": 6, "writeQueueNums": queues})

    def wait_for_route(
        self, side: str, topic: str, queues: Mapping[str, int], *members: str
    ) -> None:
        """Wait until the route of a topic on a side has such queues, and these members."""

        def there() -> bool:
            route = _view(self.addresses[side], [], [topic]).routes.get(topic, {})
            found = any(queues.items() <= data.items() for data in route.get("queueDatas", ()))
            return found and route.keys() >= set(members)

        until(there, timeout=20, what=f"{topic} on {side} with {queues}")

    def _said(self, cell: Cell, words: Sequence[str]) -> Said:
        tool, side = cell
        asked = [word.format(tool=tool, side=side, broker=self.broker.address) for word in words]
        done = _run(tool, self.addresses[side], asked)
        return Said(
            self._lines(cell, done.stdout),
            self._lines(cell, "\n".join(re.findall(r"CODE: \d+ +DESC: [^\n]*", done.stderr))),
            done.returncode,
        )

    def _lines(self, cell: Cell, text: str) -> tuple[str, ...]:
        tool, side = cell
        text = self._named(side, text.replace(f"-{tool}", "-tool"))
        for pattern, replacement in VOLATILE:
            text = pattern.sub(replacement, text)
        lines = (" ".join(line.split()) for line in text.splitlines())
        return tuple(sorted(line for line in lines if line and not _is_own(line)))

    def _named(self, side: str, text: str) -> str:
        other = SIDES[1 - SIDES.index(side)]
        text = text.replace(self.addresses[side], "NAMESRV")
        return text.replace(f"-{side}", "-mine").replace(f"-{other}", "-other")

    def _state(self, side: str, view: java.View) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(view)
        told["config"] = {k: v for k, v in view.config.items() if k not in ONE_SERVERS_OWN}
        named = self._named(side, msgspec.json.encode(told).decode())
        sorted_state: dict[str, Any] = _sorted(msgspec.json.decode(named))
        return sorted_state


def require_same(cells: Mapping[Cell, T], *tools: str) -> T:
    """Require the same in the cells of these tools, or in all; it is returned."""
    chosen = {cell: value for cell, value in cells.items() if not tools or cell[0] in tools}
    (first, wanted), *others = chosen.items()
    for cell, value in others:
        assert value == wanted, f"{cell} is not like {first}:\n{value}\n{wanted}"
    return wanted


def _run(tool: str, server: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    if tool in JAVAS:
        return _run_java(java.Mqadmin(server, version=JAVAS[tool]), words)
    command = [str(PROGRAMS / "mqadmin"), *words, "-n", server, "--timeout", "20"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _run_java(tool: java.Mqadmin, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    for _ in range(ATTEMPTS - 1):
        done = tool.run(*words)
        if not OUT_OF_TIME.search(done.stderr):
            return done
    return tool.run(*words)


def _view(server: str, namespaces: Sequence[str], topics: Sequence[str]) -> java.View:
    return asyncio.run(_read(server, namespaces, topics))


async def _read(server: str, namespaces: Sequence[str], topics: Sequence[str]) -> java.View:
    admin = AdminClient()
    try:
        kv = {name: await admin.kv_list(server, name) for name in namespaces}
        routes = {topic: await admin.topic_route(server, topic) for topic in topics}
        return java.View(
            {name: table for name, table in kv.items() if table is not None},
            {topic: _plain(route) for topic, route in routes.items() if route is not None},
            await admin.topic_list(server),
            _plain(await admin.cluster_info(server)),
            await admin.get_namesrv_config(server),
        )
    finally:
        await admin.close()


async def _told(address: str, code: int, fields: dict[str, str]) -> None:
    async with RemotingClient(address) as client:
        command = RemotingCommand(code, 0, 1, LanguageCode.JAVA, 479, None, fields, b"")
        assert (await client.invoke(command, 10)).code == 0


def _plain(body: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = _without_none(msgspec.to_builtins(body, str_keys=True))
    return plain


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value


def _sorted(value: Any) -> Any:
    """Lists without their order, and no `epoch`: the time when a static topic was changed."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items() if key != "epoch"}
    return sorted(map(_sorted, value), key=repr) if isinstance(value, list) else value


def _is_own(line: str) -> bool:
    return line.partition(" ")[0] in ONE_SERVERS_OWN
