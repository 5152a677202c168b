"""Java's mqadmin, producer and consumers, each run to its end under a deadline."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from harness.errors import HarnessError
from harness.java.jvm import command, make_home
from harness.java.libraries import VERSION, libraries
from harness.processes import Child, start
from harness.traffic import GRACE, Consumed, Order, Produced, consumed, produced, run_client
from rocketmq_operator.protocol import fastjson

FOR_EVER: Final = 1_000_000
"""More messages and seconds than a test has."""
MQADMIN: Final = "org.apache.rocketmq.tools.command.MQAdminStartup"


class Mqadmin:
    """Java's mqadmin on one or more NameServers (`host:port`, with `;` between them).

    `flags` are further words for the JVM, such as `-Dname=value`.
    """

    def __init__(self, namesrv: str, *, version: str = VERSION, flags: Sequence[str] = ()) -> None:
        self.namesrv = namesrv
        self._version = version
        self._flags = flags

    def run(
        self, subcommand: str, *arguments: str, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a subcommand for at most `timeout` seconds; its exit code says little in Java.

        Most of its 4 seconds it waits for its own client to end. Raises
        subprocess.TimeoutExpired.
        """
        words = [subcommand, "-n", self.namesrv, *arguments]
        return _run(MQADMIN, words, version=self._version, timeout=timeout, flags=self._flags)


@dataclass(frozen=True)
class View:
    """What a NameServer holds, as parsed JSON: of what was asked for only what it has."""

    kv: dict[str, dict[str, str]]
    routes: dict[str, Any]
    topics: list[str]
    cluster: dict[str, Any]
    config: dict[str, str]


def produce(  # noqa: PLR0913 - settings by keyword, each with a default
    namesrv: str,
    topic: str,
    count: int,
    *,
    group: str = "harness-producer",
    deadline: float = 60.0,
    pause: float = 0.0,
    version: str = VERSION,
) -> Produced:
    """Send `count` numbered messages, `pause` seconds apart, with retries until `deadline` s.

    Raises HarnessError if the program fails in another way than by its deadline.
    """
    order = Order(namesrv, topic, count, group, deadline, pause)
    with _program("Traffic", ["produce"], version) as (argv, directory):
        return produced(argv, order, directory=directory)


def consume(  # noqa: PLR0913 - settings by keyword, each with a default
    namesrv: str,
    topic: str,
    count: int,
    *,
    mode: Literal["push", "lite-pull"] = "push",
    group: str = "harness-consumer",
    deadline: float = 60.0,
    version: str = VERSION,
) -> Consumed:
    """Receive until `count` different messages are there or `deadline` seconds are over.

    Raises HarnessError if the program fails in another way than by its deadline.
    """
    order = Order(namesrv, topic, count, group, deadline)
    with _program("Traffic", [mode], version) as (argv, directory):
        return consumed(argv, order, directory=directory)


@contextmanager
def consumer(namesrv: str, topic: str, *, group: str) -> Iterator[Child]:
    """A push consumer that consumes whatever comes, meanwhile."""
    order = Order(namesrv, topic, FOR_EVER, group, deadline=FOR_EVER)
    with _started("Traffic", ["push", *order.words()]) as child:
        yield child


@contextmanager
def monitor(namesrv: str) -> Iterator[Child]:
    """Java's startMonitoring, meanwhile; its log has what it reports."""
    with _started(MQADMIN, ["startMonitoring", "-n", namesrv]) as child:
        yield child


def read_kv(namesrv: str, namespace: str, key: str, *, version: str = VERSION) -> str:
    """A KV entry as the class behind Java's mqadmin reads it.

    Raises HarnessError if there is none, or no answer.
    """
    words = ["kv", f"namesrv={namesrv}", f"namespace={namespace}", f"key={key}", "deadline=20"]
    done = _run("Traffic", words, version=version, timeout=GRACE)
    if done.returncode != 0:
        raise HarnessError(f"no {namespace}/{key} at {namesrv}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def view(
    servers: Sequence[str],
    *,
    namespaces: Sequence[str] = (),
    topics: Sequence[str] = (),
    version: str = VERSION,
) -> list[View]:
    """What each NameServer holds, as the class behind Java's mqadmin reads it.

    Raises HarnessError if one does not answer.
    """
    words = [";".join(names) for names in (servers, namespaces, topics)]
    done = _run("View", words, version=version, timeout=2 * GRACE)
    if done.returncode != 0:
        raise HarnessError(f"no view of {', '.join(servers)}: {done.stderr[-2000:]}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return [msgspec.convert(fastjson.loads(line.encode()), View) for line in lines]


def command_lines(asked: Sequence[Sequence[str | None]], *, version: str = VERSION) -> list[Any]:
    """What Java's mqadmin makes of command lines, each a command's name and its words.

    One answer for each: `values` by long name or `error`; `usage` where the only word is None.
    """
    text = "".join(f"{msgspec.json.encode(words).decode()}\n" for words in asked)
    with _program("CommandLines", [], version) as (argv, directory):
        done = subprocess.run(
            argv, input=text, cwd=directory, capture_output=True, text=True, timeout=GRACE,
            check=True,
        )  # fmt: skip
    return [msgspec.json.decode(line) for line in done.stdout.splitlines() if line[:1] == "{"]


@contextmanager
def _started(main: str, words: list[str]) -> Iterator[Child]:
    with _program(main, words, VERSION) as (argv, directory):
        child = start(argv, log=directory / "log", name=main, cwd=directory)
        try:
            yield child
        finally:
            child.kill()


def _run(
    main: str, words: list[str], *, version: str, timeout: float, flags: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    with _program(main, words, version, flags) as (argv, directory):
        # Without such a locale Java takes what is not ASCII in its arguments for "?".
        env = {"LC_ALL": "C.UTF-8"}
        return run_client(argv, directory=directory, timeout=timeout, env=env)


@contextmanager
def _program(
    main: str, words: list[str], version: str, flags: Sequence[str] = ()
) -> Iterator[tuple[list[str], Path]]:
    """A command line, and the directory that its program keeps its files in."""
    with tempfile.TemporaryDirectory(prefix="java-client-") as scratch:
        directory, jars = Path(scratch), libraries(version)
        make_home(jars, directory)
        own = [f"-Djava.io.tmpdir={directory}", *flags]
        argv = command(jars, main, words, directory=directory, heap="64m", flags=own)
        yield argv, directory
