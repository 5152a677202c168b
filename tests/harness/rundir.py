"""The directory of one run, and removal of those that a killed run left."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.cache import cache_dir, locked

KEPT_RUNS = 5
LOCK_NAME = "lock"
LOGS = "logs"


@contextmanager
def run_directory(name: str, path: Path | None = None) -> Iterator[Path]:
    """Make the directory of a run and hold it for a while; afterwards only its logs stay.

    Without `path` it is a new one under the cache's `runs`, where the newest KEPT_RUNS are kept.
    Processes of a killed run are gone already (see processes.py), so only files are cleaned.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    chosen = path or _runs() / f"{stamp}-{name}-{os.getpid()}"
    chosen.mkdir(parents=True, exist_ok=True)
    with (chosen / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path is None:
            with locked(cache_dir() / "runs.lock"):  # others may begin at the same moment
                _clean_finished_runs()
        try:
            yield chosen
        finally:
            keep_only_logs(chosen)


def keep_only_logs(run: Path) -> None:
    """Remove everything a run made but its logs."""
    for entry in run.iterdir():
        if entry.name not in {LOGS, LOCK_NAME}:
            remove(entry)


def remove(entry: Path) -> None:
    """Remove a file or a tree; what a container may have made unreadable is made readable first."""
    if entry.is_symlink() or not entry.is_dir():
        entry.unlink(missing_ok=True)
        return
    for directory, _, _ in os.walk(entry):
        os.chmod(directory, 0o700)
    shutil.rmtree(entry, ignore_errors=True)


def _runs() -> Path:
    path = cache_dir() / "runs"
    path.mkdir(exist_ok=True)
    return path


def _clean_finished_runs() -> None:
    newest_first = sorted((run for run in _runs().iterdir() if run.is_dir()), reverse=True)
    for age, run in enumerate(newest_first):
        if not _in_use(run):
            keep_only_logs(run)
            if age >= KEPT_RUNS:
                remove(run)


def _in_use(run: Path) -> bool:
    try:
        with (run / LOCK_NAME).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
