"""Java command lines, and loopback addresses for Java peers."""

import itertools
import shutil
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from harness.java.libraries import Libraries
from harness.loopback import claimed_range

# Without TLS and the second compiler a server starts in 2 to 4 seconds instead of 10.
FAST_START: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Dtls.server.mode=disabled",
)
# The broker frees memory-mapped files and direct buffers by means that Java 17 hides.
OPEN_MODULES: Final = (
    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)


def make_home(libraries: Libraries, directory: Path) -> None:
    """Make a directory what 4.x takes for its home: it reads its logging from there alone."""
    (directory / "conf").mkdir(parents=True, exist_ok=True)
    for program in ("broker", "namesrv", "tools"):
        shutil.copy(libraries.logback, directory / f"conf/logback_{program}.xml")


def command(
    libraries: Libraries,
    main: str,
    arguments: Sequence[str],
    *,
    directory: Path,
    heap: str,
    flags: Sequence[str] = (),
) -> list[str]:
    """The command line of a Java program that keeps all its files in `directory`."""
    return [
        libraries.java,
        *(f"-Xms{heap}", f"-Xmx{heap}"),
        *FAST_START,
        *OPEN_MODULES,
        *flags,
        f"-Duser.home={directory}",
        f"-Drocketmq.home.dir={directory}",
        f"-Drmq.logback.configurationFile={libraries.logback}",
        *("-cp", libraries.classpath),
        main,
        *arguments,
    ]


def properties_text(properties: Mapping[str, str | int]) -> str:
    """A properties file; values are used as they are."""
    return "".join(f"{key}={value}\n" for key, value in properties.items())


def new_address() -> str:
    """A loopback address that no other peer on this machine has had."""
    return _addresses.take()


class _Addresses:
    """The addresses of one claimed range, which this process holds until it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claim = ExitStack()
        self._prefix = ""
        self._numbers = itertools.count(1)

    def take(self) -> str:
        with self._lock:
            if not self._prefix:
                self._prefix = self._claim.enter_context(claimed_range())
            high, low = divmod(next(self._numbers), 250)
        return f"{self._prefix}.{high}.{low + 1}"


_addresses: Final = _Addresses()
