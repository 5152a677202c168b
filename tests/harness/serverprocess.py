"""A server as a process of its own, in a directory of its own, that can be started again."""

import os
import signal as signals
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from harness.errors import HarnessError
from harness.processes import Child, start
from harness.wait import until

START_TIMEOUT: Final = 90.0


def listens(address: str) -> bool:
    """Whether somebody accepts connections at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


class ServerProcess:
    """A server that was started, or will be; what it prints is in `log`."""

    def __init__(self, name: str, directory: Path) -> None:
        self.directory = directory
        self.log = directory / f"{name}.log"
        self._name = name
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """Process id; HarnessError if it was not started."""
        return self._running().pid

    def require_running(self) -> None:
        """Raise HarnessError, with the end of its log, if it has ended."""
        self._running().require_running()

    def signal(self, number: signals.Signals) -> None:
        """Send a signal, such as SIGSTOP and SIGCONT."""
        self._running().signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end; it says goodbye to nobody."""
        if self._child is not None:
            self._child.kill()

    def stop(self, *, grace: float = 30.0) -> None:
        """SIGTERM and the orderly end (up to 11 s for a broker); SIGKILL after `grace` seconds."""
        if self._child is not None:
            self._child.stop(grace=grace)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and return when it serves. Raises HarnessError if it ends or takes too long."""
        raise NotImplementedError

    def _running(self) -> Child:
        if self._child is None:
            raise HarnessError(f"{self._name} was not started")
        return self._child

    def _launch(
        self,
        argv: list[str],
        ready: Callable[[], bool],
        what: str,
        environment: Mapping[str, str] | None = None,
        *,
        interval: float = 0.1,
    ) -> None:
        env = {**os.environ, **(environment or {})}
        child = start(argv, log=self.log, name=self._name, env=env, cwd=self.directory)
        self._child = child

        def is_ready() -> bool:
            child.require_running()
            return ready()

        what = f"{what} (log: {self.log})"
        try:
            until(is_ready, timeout=START_TIMEOUT, what=what, interval=interval)
        except BaseException:
            child.kill()
            raise
