"""How long a simple command of mqadmin takes from start to end, ours beside Java's.

    PYTHONPATH=tests .venv/bin/python tests/benchmarks/mqadmin_startup.py

Both ask the same Java NameServer for its topics, in turns. Prints a table for docs/benchmarks.md.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from harness import java

ROUNDS: Final = 15
MQADMIN: Final = Path(sys.executable).with_name("mqadmin")


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as directory,
        java.NameServer(Path(directory) / "namesrv") as server,
    ):
        ways: dict[str, Callable[[], None]] = {
            "ours": lambda: ours(server.address),
            "Java 5.3.3": lambda: theirs(server.address),
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, run in ways.items():
                began = time.perf_counter()
                run()
                took[name].append(time.perf_counter() - began)
    print("| mqadmin topicList | median s | fastest s | slowest s |")
    print("|---|---|---|---|")
    for name, seconds in took.items():
        cells = (statistics.median(seconds), min(seconds), max(seconds))
        print(f"| {name} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")


def ours(namesrv: str) -> None:
    """Run our command."""
    subprocess.run([MQADMIN, "topicList", "-n", namesrv], capture_output=True, check=True)


def theirs(namesrv: str) -> None:
    """Run Java's, with the flags that make it start fast."""
    java.Mqadmin(namesrv).run("topicList")


if __name__ == "__main__":
    main()
