"""Our NameServer as a process, with the calls that `java.NameServer` has."""

import signal as signals
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from harness.errors import HarnessError
from harness.java.jvm import new_address, properties_text
from harness.java.servers import Properties, answers
from harness.processes import Child, start
from harness.wait import until

PROGRAM: Final = Path(sys.executable).with_name("rocketmq-nameserver")
START_TIMEOUT: Final = 60.0


class NameServer:
    """`rocketmq-nameserver` at an address of its own; it can be started again after its end.

    What it stores is in `data`, below `directory`. `properties` are its settings at the first
    start; later starts find what it stored itself.
    """

    def __init__(self, directory: Path, *, properties: Properties | None = None) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "nameserver.log"
        self.address = f"{new_address()}:9876"
        self._properties = dict(properties or {})
        self._child: Child | None = None

    def start(self) -> None:
        """Start it and return when it serves. Raises HarnessError if it ends or takes too long."""
        self.data.mkdir(parents=True, exist_ok=True)
        stored = self.data / "namesrv.properties"
        if self._properties and not stored.exists():
            stored.write_text(properties_text(self._properties))
        argv: list[str | Path] = [PROGRAM, "--listen", self.address, "--data-dir", self.data]
        child = self._child = start(argv, log=self.log, cwd=self.directory)

        def serves() -> bool:
            child.require_running()
            return answers(self.address)

        try:
            what = f"our NameServer at {self.address} to serve (log: {self.log})"
            until(serves, timeout=START_TIMEOUT, what=what, interval=0.02)
        except BaseException:
            child.kill()
            raise

    def signal(self, number: signals.Signals) -> None:
        """Send a signal, such as SIGSTOP and SIGCONT."""
        if self._child is None:
            raise HarnessError(f"our NameServer at {self.address} was not started")
        self._child.signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._child is not None:
            self._child.kill()

    def stop(self, *, grace: float = 30.0) -> None:
        """SIGTERM and the orderly end; SIGKILL after `grace` seconds."""
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
