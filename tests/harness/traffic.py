"""Producers and consumers of numbered messages, each a program that is run to its end.

Every client's program takes `MODE namesrv=... topic=... count=... group=... deadline=...` and
prints one line of JSON that says what happened; what else is printed is a client's own log.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from harness.errors import HarnessError
from harness.processes import LAUNCHER

GRACE: Final = 30.0
"""Seconds beyond a program's own deadline, for its start and end."""


class Produced(NamedTuple):
    """What a producer did: messages stored, attempts that failed, and the last failure."""

    sent: int
    failed: int
    last_error: str


class Consumed(NamedTuple):
    """What a consumer got: messages in all, and different ones."""

    received: int
    distinct: int


class LookedUp(NamedTuple):
    """What clients got that look up routes: answers asked for, failures, and the last of them.

    `no_route` counts the failures that were a server's answer, and not the lack of one.
    """

    asked: int
    failed: int
    no_route: int
    last_error: str


@dataclass(frozen=True)
class Order:
    """What a program is to do, within `deadline` seconds.

    `namesrv` is one or more `host:port` with `;` between them. A producer waits `pause` seconds
    after each message and tries again after a failure.
    """

    namesrv: str
    topic: str
    count: int
    group: str
    deadline: float
    pause: float = 0.0

    def words(self) -> list[str]:
        """The command line after the mode: whole seconds, and the pause in milliseconds."""
        options = asdict(self) | {
            "deadline": round(self.deadline),
            "pause": round(self.pause * 1000),
        }
        return [f"{key}={value}" for key, value in options.items()]


def produced(
    argv: Sequence[str], order: Order, *, directory: Path, env: Mapping[str, str] | None = None
) -> Produced:
    """Run a producer in `directory`; HarnessError if it fails other than by its deadline."""
    return read_produced(_output([*argv, *order.words()], order, directory, env))


def consumed(
    argv: Sequence[str], order: Order, *, directory: Path, env: Mapping[str, str] | None = None
) -> Consumed:
    """Run a consumer in `directory`; HarnessError if it fails other than by its deadline."""
    return read_consumed(_output([*argv, *order.words()], order, directory, env))


def read_produced(output: str) -> Produced:
    """What a producer that has ended says in its output. Raises HarnessError."""
    told = _told(output)
    return Produced(told["sent"], told["failed"], told["lastError"])


def read_consumed(output: str) -> Consumed:
    """What a consumer that has ended says in its output. Raises HarnessError."""
    told = _told(output)
    return Consumed(told["received"], told["distinct"])


def read_looked_up(output: str) -> LookedUp:
    """What clients that look up say in their output. Raises HarnessError."""
    told = _told(output)
    return LookedUp(told["asked"], told["failed"], told["noRoute"], told["lastError"])


@dataclass(frozen=True)
class Client:
    """A client in some language: its program, by mode, and the environment, by its home."""

    name: str
    command: Callable[[str], list[str]]
    environment: Callable[[str], dict[str, str]]

    def produce(
        self,
        namesrv: str,
        topic: str,
        count: int,
        *,
        group: str = "producers",
        deadline: float = 60.0,
    ) -> Produced:
        """Send `count` numbered messages, with retries until `deadline` seconds are over.

        Raises HarnessError if the program fails in another way than by its deadline.
        """
        order = Order(namesrv, topic, count, group, deadline)
        with tempfile.TemporaryDirectory(prefix=f"{self.name}-client-") as home:
            env = self.environment(home)
            return produced(self.command("produce"), order, directory=Path(home), env=env)

    def consume(
        self,
        namesrv: str,
        topic: str,
        count: int,
        *,
        mode: Literal["push", "pull"] = "push",
        group: str = "consumers",
        deadline: float = 60.0,
    ) -> Consumed:
        """Receive until `count` different messages are there or `deadline` seconds are over.

        Raises HarnessError if the program fails in another way than by its deadline.
        """
        order = Order(namesrv, topic, count, group, deadline)
        with tempfile.TemporaryDirectory(prefix=f"{self.name}-client-") as home:
            env = self.environment(home)
            return consumed(self.command(mode), order, directory=Path(home), env=env)


def run_client(
    argv: Sequence[str],
    *,
    directory: Path,
    timeout: float,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program that dies with this process. Raises subprocess.TimeoutExpired."""
    return subprocess.run(
        [*LAUNCHER, str(os.getpid()), *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=directory,
        env=None if env is None else os.environ | env,
    )


def _output(
    argv: Sequence[str], order: Order, directory: Path, env: Mapping[str, str] | None
) -> str:
    done = run_client(argv, directory=directory, timeout=order.deadline + GRACE, env=env)
    ended = f"`{' '.join(argv)}` ended with code {done.returncode}"
    return "\n".join([done.stdout, done.stderr, ended])


def _told(output: str) -> dict[str, Any]:
    try:
        line = next(line for line in output.splitlines() if line.startswith("{"))
        told: dict[str, Any] = json.loads(line)
    except (StopIteration, ValueError):
        raise HarnessError(f"a client's program says no result: {output[-2000:]}") from None
    return told
