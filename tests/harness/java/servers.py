"""Java NameServers and brokers as processes."""

import json
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.java.broker import PORT, BrokerSettings, Properties
from harness.java.jvm import command, make_home, new_address, properties_text
from harness.java.libraries import OLD_VERSION, VERSION, libraries
from harness.loopback import free_ports
from harness.serverprocess import ServerProcess

ASK_TIMEOUT: Final = 3.0
MAX_ANSWER: Final = 16 * 1024 * 1024
GET_ROUTE: Final = 105
DEFAULT_TOPIC: Final = "TBW102"
"""Every broker that creates topics on demand registers it."""


class NameServer(ServerProcess):
    """The Java NameServer; `address` is where it listens, `properties` override its settings.

    `flags` are further words for the JVM, such as `-Dname=value`; `environment` adds variables.
    `ready` tells by the address whether it serves.
    """

    def __init__(  # noqa: PLR0913 - settings by keyword, each with a default
        self,
        directory: Path,
        *,
        port: int = 9876,
        properties: Properties | None = None,
        flags: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        ready: Callable[[str], bool] | None = None,
        version: str = VERSION,
    ) -> None:
        super().__init__("java-namesrv", directory)
        self.host = new_address()
        self.address = f"{self.host}:{port}"
        self.configuration = directory / "namesrv.conf"
        self.settings: dict[str, str | int] = {
            "listenPort": port,
            "bindAddress": self.host,
            "kvConfigPath": str(directory / "kvConfig.json"),
            **(properties or {}),
        }
        self._flags, self._environment = flags, environment
        self._ready = ready or answers
        self._libraries = libraries(version)

    def start(self) -> None:
        make_home(self._libraries, self.directory)
        self.configuration.write_text(properties_text(self.settings))
        argv = command(
            self._libraries,
            "org.apache.rocketmq.namesrv.NamesrvStartup",
            ["-c", str(self.configuration)],
            directory=self.directory,
            heap="64m",
            flags=self._flags,
        )
        what = f"the NameServer at {self.address}"
        self._launch(argv, lambda: self._ready(self.address), what, self._environment)


class Broker(ServerProcess):
    """A Java broker: a master with id 0, a slave with any other.

    `namesrv` is one or more `host:port`, with `;` between them. It is ready when `ready` says
    so: by default when every one of these NameServers knows its address. `address` is where it
    listens, by default on a loopback address of its own.
    """

    def __init__(  # noqa: PLR0913 - settings by keyword, each with a default
        self,
        directory: Path,
        namesrv: str,
        *,
        cluster: str = "DefaultCluster",
        name: str = "broker-a",
        broker_id: int = 0,
        address: str | None = None,
        properties: Properties | None = None,
        ready: Callable[["Broker"], bool] | None = None,
        version: str = VERSION,
    ) -> None:
        super().__init__(f"java-{name}-{broker_id}", directory)
        self.namesrv, self.cluster, self.name, self.broker_id = namesrv, cluster, name, broker_id
        # One of 4.x listens on all addresses, so its port must be nobody else's.
        port = free_ports("", 1)[0] if version == OLD_VERSION else PORT
        self.address = address or f"{new_address()}:{port}"
        self.host, _, listening = self.address.rpartition(":")
        self._settings = BrokerSettings(
            namesrv=namesrv,
            host=self.host,
            directory=directory,
            name=name,
            broker_id=broker_id,
            cluster=cluster,
            port=int(listening),
            properties=dict(properties or {}),
        )
        self._ready = ready or Broker.registered
        self._libraries = libraries(version)

    def registered(self) -> bool:
        """Whether each of its NameServers answers and knows it."""
        return all(knows_broker(server, self.address) for server in self.namesrv.split(";"))

    def start(self) -> None:
        make_home(self._libraries, self.directory)
        self._settings.file.write_text(self._settings.text())
        argv = self._settings.command(self._libraries)
        what = f"broker {self.name}-{self.broker_id} to be registered with {self.namesrv}"
        self._launch(argv, lambda: self._ready(self), what)


def answers(namesrv: str) -> bool:
    """Whether a NameServer at `host:port` answers requests."""
    return _ask_route(namesrv, DEFAULT_TOPIC) is not None


def knows_broker(namesrv: str, broker: str) -> bool:
    """Whether the NameServer at `host:port` gives the broker's address for the default topic."""
    return f'"{broker}"' in (_ask_route(namesrv, DEFAULT_TOPIC) or "")


def _ask_route(namesrv: str, topic: str) -> str | None:
    """The answer's text, or None without an answer.

    Its own few lines of the protocol: what checks our servers must not share their mistakes.
    """
    header = {
        "code": GET_ROUTE,
        "flag": 0,
        "language": "OTHER",
        "opaque": 1,
        "serializeTypeCurrentRPC": "JSON",
        "version": 479,
        "extFields": {"topic": topic},
    }
    data = json.dumps(header).encode()
    host, _, port = namesrv.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), ASK_TIMEOUT) as connection:
            connection.sendall(struct.pack(">II", 4 + len(data), len(data)) + data)
            with connection.makefile("rb") as stream:
                length = int.from_bytes(stream.read(4))
                return (
                    stream.read(length).decode(errors="replace")
                    if 0 < length < MAX_ANSWER
                    else None
                )
    except OSError:
        return None
