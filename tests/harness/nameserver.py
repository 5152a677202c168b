"""Our NameServer as a process, with the calls that `java.NameServer` has."""

import os
import signal as signals
import sys
from collections.abc import Callable, Mapping, Sequence
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

    What it stores is in `data`, below `directory`: the file `configuration`, which holds
    `properties` at the first start, and the KV store. `ready` tells by an address whether it
    serves.
    """

    def __init__(
        self,
        directory: Path,
        *,
        properties: Properties | None = None,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        ready: Callable[[str], bool] = answers,
    ) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.configuration = self.data / "namesrv.properties"
        self.log = directory / "nameserver.log"
        self.host = new_address()
        self.address = f"{self.host}:9876"
        self._properties = dict(properties or {})
        self._environment = dict(environment or {})
        self._arguments = list(arguments)
        self._ready = ready
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """Process id; HarnessError if it was not started."""
        return self._running().pid

    def start(self) -> None:
        """Start it and return when it serves. Raises HarnessError if it ends or takes too long."""
        self.data.mkdir(parents=True, exist_ok=True)
        if not self.configuration.exists():
            self.configuration.write_text(properties_text(self._settings()))
        argv = [str(PROGRAM), "-c", str(self.configuration), "--data-dir", str(self.data)]
        env = {**os.environ, "ROCKETMQ_HOME": str(self.directory), **self._environment}
        child = start([*argv, *self._arguments], log=self.log, cwd=self.directory, env=env)
        self._child = child

        def serves() -> bool:
            child.require_running()
            return self._ready(self.address)

        try:
            what = f"our NameServer at {self.address} to serve (log: {self.log})"
            until(serves, timeout=START_TIMEOUT, what=what, interval=0.02)
        except BaseException:
            child.kill()
            raise

    def _settings(self) -> dict[str, str | int]:
        return {
            "listenPort": 9876,
            "bindAddress": self.host,
            "kvConfigPath": str(self.data / "kvConfig.json"),
            **self._properties,
        }

    def require_running(self) -> None:
        """Raise HarnessError, with the end of its log, if it has ended."""
        self._running().require_running()

    def signal(self, number: signals.Signals) -> None:
        """Send a signal, such as SIGSTOP and SIGCONT."""
        self._running().signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._child is not None:
            self._child.kill()

    def stop(self, *, grace: float = 30.0) -> None:
        """SIGTERM and the orderly end; SIGKILL after `grace` seconds."""
        if self._child is not None:
            self._child.stop(grace=grace)

    def _running(self) -> Child:
        if self._child is None:
            raise HarnessError(f"our NameServer at {self.address} was not started")
        return self._child

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
