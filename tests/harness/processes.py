"""Child processes that never outlive this one, each with its output in a file."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.errors import HarnessError

LAUNCHER = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]

# The kernel sends the death signal when the *thread* that forked ends, so one thread that
# lives as long as the process forks all of them, whichever thread asks.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")


class Child:
    """A running program."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """Process id; stays the program's through the launcher's exec."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, minus the signal's number if one killed it."""
        return self._process.poll()

    def require_running(self) -> None:
        """Raise HarnessError with the end of its log if it has ended."""
        if self.exit_code is not None:
            raise HarnessError(
                f"{self.name} ended with code {self.exit_code}; end of {self.log}:\n{self.tail()}"
            )

    def tail(self, lines: int = 20) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; does nothing if it has ended."""
        self._process.send_signal(number)

    def stop(self, *, grace: float = 5.0) -> int:
        """SIGTERM, after `grace` seconds SIGKILL, and return the exit code."""
        self._process.terminate()
        try:
            return self._process.wait(grace)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL, and return the exit code."""
        self._process.kill()
        return self._process.wait()


def start(
    argv: Sequence[str | Path],
    *,
    log: Path,
    name: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Child:
    """Start a program whose stdout and stderr are appended to `log`.

    It has a session of its own (a Ctrl-C in the terminal is not for it) and gets SIGKILL when
    this process ends in whatever way. Raises HarnessError if the program does not exist.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    title = name or Path(argv[0]).name
    return _forker.submit(_fork, [str(word) for word in argv], log, title, env, cwd).result()


def _fork(
    argv: list[str], log: Path, title: str, env: Mapping[str, str] | None, cwd: Path | None
) -> Child:
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*LAUNCHER, str(os.getpid()), *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
    except OSError as error:
        raise HarnessError(f"{title} cannot be started: {error}") from error
    return Child(title, process, log)
