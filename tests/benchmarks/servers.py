"""The servers that are compared, each pinned to the same core."""

import os
import struct
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import ClassVar, Final

from benchmarks import programs, rust
from benchmarks.samples import ECHO, JAVA, JAVA_EPOLL, OURS, RUST, RUST_CACHE
from harness import java, nameserver
from harness.errors import HarnessError
from harness.java.jvm import make_home, new_address, properties_text
from harness.serverprocess import ServerProcess, listens

POLL: Final = 0.005
GIB: Final = 1 << 30
HEAP: Final = 4 * GIB
"""What runserver.sh gives a NameServer."""


def cores() -> tuple[int, int]:
    """Where servers run, and where the load generator does. Raises HarnessError on one core."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise HarnessError(f"benchmarks need two cores, this process may use {allowed}")
    return allowed[0], allowed[1]


class Pinned(ServerProcess):
    """A server on one core, or on all if `core` is None; looked at often while it starts."""

    label = ""
    core: int | None = None
    address: str

    def _launch(
        self,
        argv: list[str],
        ready: Callable[[], bool],
        what: str,
        environment: Mapping[str, str] | None = None,
        *,
        interval: float = POLL,
    ) -> None:
        prefix = [] if self.core is None else ["taskset", "-c", str(self.core)]
        super()._launch([*prefix, *argv], ready, what, environment, interval=POLL)


class Ours(Pinned, nameserver.NameServer):
    """`rocketmq-nameserver` as it is installed."""

    label = OURS


class Java(Pinned, java.NameServer):
    """Java's with the options of its own runserver.sh for Java 9 and newer.

    Kinder than as shipped in one thing: only warnings are logged.
    """

    label = JAVA

    def start(self) -> None:
        libraries = self._libraries
        make_home(libraries, self.directory)
        self.configuration.write_text(properties_text(self.settings))
        argv = [
            libraries.java,
            *jvm_options(self.directory),
            f"-Duser.home={self.directory}",
            f"-Drocketmq.home.dir={self.directory}",
            f"-Drmq.logback.configurationFile={libraries.logback}",
            *("-cp", libraries.classpath),
            "org.apache.rocketmq.namesrv.NamesrvStartup",
            *("-c", str(self.configuration)),
        ]
        self._launch(argv, lambda: java.answers(self.address), f"Java's at {self.address}")


class JavaEpoll(Java):
    """Java's with the kernel's epoll in place of NIO, which its users may choose."""

    label = JAVA_EPOLL

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, properties={"useEpollNativeSelector": "true"})


class Rust(Pinned):
    """rocketmq-rust's with its defaults but one: one worker, as it has one core."""

    label = RUST
    settings: ClassVar[Mapping[str, str]] = {}

    def __init__(self, directory: Path) -> None:
        super().__init__("rust-namesrv", directory)
        self.host = new_address()
        self.address = f"{self.host}:9876"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.directory / "namesrv.toml"
        file.write_text(rust.configuration(self.directory, self.host, self.settings))
        argv = [str(rust.program()), "-c", str(file)]
        home = {"HOME": str(self.directory), "ROCKETMQ_HOME": str(self.directory)}
        self._launch(argv, lambda: java.answers(self.address), f"Rust's at {self.address}", home)


class RustCache(Rust):
    """rocketmq-rust's with its cache of answers, which is off by default."""

    label = RUST_CACHE
    settings: ClassVar = {"namesrvRouteResponseCacheEnable": "true"}


class Echo(Pinned):
    """The physical limit: the same bytes for whatever is asked."""

    label = ECHO

    def __init__(self, directory: Path, answer: bytes, *options: str) -> None:
        """`answer` is a frame of the form that requests have; `options`: see echo.c."""
        super().__init__("echo", directory)
        self.address = f"{new_address()}:9876"
        self._answer, self._options = answer, options

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.directory / "answer"
        file.write_bytes(struct.pack("=I", opaque_at(self._answer)) + self._answer)
        host, _, port = self.address.rpartition(":")
        argv = [str(programs.built("echo")), host, port, str(file), *self._options]
        self._launch(argv, lambda: listens(self.address), f"the echo at {self.address}")


def opaque_at(frame: bytes) -> int:
    """Where the opaque is in a frame: its ten digits, or its four bytes in the binary form."""
    return 13 if frame[4] else frame.index(b'"opaque":') + len(b'"opaque":')


@cache
def heap() -> int:
    """Bytes that a JVM gets: as runserver.sh says, or a quarter of what is left if that is less."""
    words = Path("/proc/meminfo").read_text().split()
    return min(HEAP, int(words[words.index("MemAvailable:") + 1]) * 1024 // 4)


def jvm_options(directory: Path) -> list[str]:
    """The words of RocketMQ 5.3.3's runserver.sh."""
    size = f"{heap() >> 20}m"
    return [
        *("-server", f"-Xms{size}", f"-Xmx{size}"),
        *("-XX:MetaspaceSize=128m", "-XX:MaxMetaspaceSize=320m", "-XX:+UseG1GC"),
        *("-XX:G1HeapRegionSize=16m", "-XX:G1ReservePercent=25"),
        *("-XX:InitiatingHeapOccupancyPercent=30", "-XX:SoftRefLRUPolicyMSPerMB=0"),
        f"-Xlog:gc*:file={directory}/gc_%p_%t.log:time,tags:filecount=5,filesize=30M",
        *("-XX:-OmitStackTraceInFastThrow", "-XX:-UseLargePages"),
    ]
