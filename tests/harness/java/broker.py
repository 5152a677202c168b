"""What a Java broker is told, wherever it runs: its settings and its command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.java.jvm import command, properties_text
from harness.java.libraries import Libraries
from harness.loopback import free_ports

Properties = Mapping[str, str | int]
PORT: Final = 10911
FLAGS: Final = (
    "-XX:MaxDirectMemorySize=128m",
    # A broker refuses messages on a disk that is 90 % full.
    "-Drocketmq.broker.diskSpaceWarningLevelRatio=0.99",
    "-Drocketmq.broker.diskSpaceCleanForciblyRatio=0.99",
)


@dataclass(frozen=True)
class BrokerSettings:
    """A master with id 0, a slave with any other.

    It listens at `host`, keeps its files in `directory` and registers with `namesrv`, one or more
    `host:port` with `;` between them, or none to have it look by other settings. `properties`
    override what follows from the rest; `flags` are further words for the JVM.
    """

    namesrv: str
    host: str
    directory: Path
    name: str = "broker-a"
    broker_id: int = 0
    cluster: str = "DefaultCluster"
    port: int = PORT
    properties: Properties = field(default_factory=dict)
    flags: Sequence[str] = ()

    @property
    def address(self) -> str:
        """Where it is registered, `host:port`."""
        return f"{self.host}:{self.port}"

    def text(self) -> str:
        """Its properties file."""
        store = self.directory / "store"
        return properties_text(
            {
                "brokerClusterName": self.cluster,
                "brokerName": self.name,
                "brokerId": self.broker_id,
                "brokerRole": "ASYNC_MASTER" if self.broker_id == 0 else "SLAVE",
                # A blank one counts as given, and keeps a broker from looking elsewhere.
                **({"namesrvAddr": self.namesrv} if self.namesrv else {}),
                "brokerIP1": self.host,
                "brokerIP2": self.host,
                "bindAddress": self.host,
                "listenPort": self.port,
                # The HA service listens on all addresses, so its port must be nobody else's.
                "haListenPort": free_ports("", 1)[0],
                "storePathRootDir": str(store),
                "storePathCommitLog": str(store / "commitlog"),
                "flushDiskType": "ASYNC_FLUSH",
                "autoCreateTopicEnable": "true",
                "registerNameServerPeriod": 10_000,
                "mappedFileSizeCommitLog": 16_777_216,
                "mappedFileSizeConsumeQueue": 600_000,
                "mappedFileSizeTimerLog": 1_048_576,
                "timerWheelEnable": "false",
                "transientStorePoolEnable": "false",
                "diskMaxUsedSpaceRatio": 95,
                **self.properties,
            }
        )

    @property
    def file(self) -> Path:
        """Where the properties file has to be when it starts."""
        return self.directory / "broker.conf"

    def command(self, libraries: Libraries) -> list[str]:
        """Its command line."""
        return command(
            libraries,
            "org.apache.rocketmq.broker.BrokerStartup",
            ["-c", str(self.file)],
            directory=self.directory,
            heap="192m",
            flags=(*FLAGS, *self.flags),
        )
