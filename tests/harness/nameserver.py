"""Our NameServer as a process, with the calls that `java.NameServer` has."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.java.broker import Properties
from harness.java.jvm import new_address, properties_text
from harness.java.servers import answers
from harness.serverprocess import ServerProcess

PROGRAM: Final = Path(sys.executable).with_name("rocketmq-nameserver")


class NameServer(ServerProcess):
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
        super().__init__("nameserver", directory)
        self.data = directory / "data"
        self.configuration = self.data / "namesrv.properties"
        self.host = new_address()
        self.address = f"{self.host}:9876"
        self._properties = dict(properties or {})
        self._environment = dict(environment or {})
        self._arguments = list(arguments)
        self._ready = ready

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        if not self.configuration.exists():
            self.configuration.write_text(properties_text(self._settings()))
        argv = [str(PROGRAM), "-c", str(self.configuration), "--data-dir", str(self.data)]
        self._launch(
            [*argv, *self._arguments],
            lambda: self._ready(self.address),
            f"our NameServer at {self.address}",
            {"ROCKETMQ_HOME": str(self.directory), **self._environment},
            interval=0.02,
        )

    def _settings(self) -> dict[str, str | int]:
        return {
            "listenPort": 9876,
            "bindAddress": self.host,
            "kvConfigPath": str(self.data / "kvConfig.json"),
            **self._properties,
        }
