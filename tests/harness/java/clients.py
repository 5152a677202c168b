"""Java's mqadmin, producer and consumer, each run to its end under a deadline."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from harness.errors import HarnessError
from harness.java.jvm import command
from harness.java.libraries import VERSION, libraries
from harness.processes import LAUNCHER

GRACE: Final = 30.0
"""Seconds beyond a program's own deadline, for its start and end."""


class Mqadmin:
    """Java's mqadmin on one or more NameServers (`host:port`, with `;` between them)."""

    def __init__(self, namesrv: str, *, version: str = VERSION) -> None:
        self.namesrv = namesrv
        self._version = version

    def run(
        self, subcommand: str, *arguments: str, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a subcommand for at most `timeout` seconds; its exit code says little in Java.

        Raises subprocess.TimeoutExpired.
        """
        main = "org.apache.rocketmq.tools.command.MQAdminStartup"
        words = [subcommand, "-n", self.namesrv, *arguments]
        return _run(main, words, version=self._version, timeout=timeout)


class Produced(NamedTuple):
    """What a producer did: messages stored, attempts that failed, and the last failure."""

    sent: int
    failed: int
    last_error: str


class Consumed(NamedTuple):
    """What a consumer got: messages in all, and different ones."""

    received: int
    distinct: int


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
    options: dict[str, str | int] = {"group": group, "pause": round(pause * 1000)}
    told = _traffic("produce", [namesrv, topic, count], options, deadline, version)
    return Produced(told["sent"], told["failed"], told["lastError"])


def consume(
    namesrv: str,
    topic: str,
    count: int,
    *,
    group: str = "harness-consumer",
    deadline: float = 60.0,
    version: str = VERSION,
) -> Consumed:
    """Receive until `count` different messages are there or `deadline` seconds are over.

    Raises HarnessError if the program fails in another way than by its deadline.
    """
    told = _traffic("consume", [namesrv, topic, count], {"group": group}, deadline, version)
    return Consumed(told["received"], told["distinct"])


def read_kv(namesrv: str, namespace: str, key: str, *, version: str = VERSION) -> str:
    """A KV entry as the class behind Java's mqadmin reads it.

    Raises HarnessError if there is none, or no answer.
    """
    words = ["kv", f"namesrv={namesrv}", f"namespace={namespace}", f"key={key}", "deadline=20"]
    done = _run("Traffic", words, version=version, timeout=GRACE)
    if done.returncode != 0:
        raise HarnessError(f"no {namespace}/{key} at {namesrv}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def _traffic(
    mode: str,
    what: Sequence[str | int],
    settings: Mapping[str, str | int],
    deadline: float,
    version: str,
) -> dict[str, Any]:
    asked = dict(zip(("namesrv", "topic", "count"), what, strict=True))
    options = {**asked, **settings, "deadline": round(deadline)}
    words = [mode, *(f"{key}={value}" for key, value in options.items())]
    done = _run("Traffic", words, version=version, timeout=deadline + GRACE)
    try:
        told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise HarnessError(
            f"the Java program to {mode} ended with code {done.returncode}: "
            f"{(done.stdout + done.stderr)[-2000:]}"
        ) from None
    return told


def _run(
    main: str, words: list[str], *, version: str, timeout: float
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="java-client-") as directory:
        argv = command(libraries(version), main, words, directory=Path(directory), heap="64m")
        return subprocess.run(
            [*LAUNCHER, str(os.getpid()), *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
