"""The engine that runs already, or one of the harness's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.kind.engine import Engine
from harness.kind.ownengine import own_engine


@contextmanager
def engine(log: Path) -> Iterator[Engine]:
    """An engine that answers; one that this started is ended, another never.

    Raises HarnessError if there is none and none can be started.
    """
    running = Engine()
    if running.answers():
        yield running
        return
    print("no Docker engine answers; starting one of the harness's own", flush=True)
    with own_engine(log) as own:
        yield own
