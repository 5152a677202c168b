"""Where things that are slow to make are kept between runs, and locks on them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/rocketmq-operator`, made if it is missing."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = base / "rocketmq-operator"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; the kernel drops it with the process, whatever ends it.

    Says so if another process has it, and waits.
    """
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another run that holds {path} ...", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
