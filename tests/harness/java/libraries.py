"""The jars of one RocketMQ version and our programs on them, fetched and compiled once."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.errors import HarnessError

VERSION: Final = "5.3.3"
OLD_VERSION: Final = "4.9.7"
"""The newest of the 4.9 line whose servers are on Maven Central."""
HERE: Final = Path(__file__).parent
PROGRAMS: Final = tuple(
    f"src/{name}.java" for name in ("Traffic", "View", "Lookups", "CommandLines")
)
SOURCES: Final = ("pom.xml", "logback.xml", *PROGRAMS)
FETCH_TIMEOUT: Final = 900.0
COMPILE_TIMEOUT: Final = 120.0
PROGRESS_EVERY: Final = 5.0
INSTALL_LINE: Final = "apt-get install --yes --no-install-recommends openjdk-17-jdk-headless maven"


@dataclass(frozen=True)
class Libraries:
    """One RocketMQ version, ready to run."""

    version: str
    directory: Path
    java: str

    @property
    def classpath(self) -> str:
        """All jars and the compiled programs."""
        return f"{self.directory / 'classes'}:{self.directory / 'lib'}/*"

    @property
    def logback(self) -> Path:
        """A logging configuration that lets only warnings through."""
        return self.directory / "logback.xml"


def libraries(version: str = VERSION) -> Libraries:
    """The jars of `version`, fetched by Maven if the cache has none (half a minute).

    Raises HarnessError if a program is missing, or if Maven or the compiler fails.
    """
    java = _program("java")
    directory = cache_dir() / f"java-{version}-{_fingerprint()}"
    if not directory.is_dir():
        with locked(directory.with_name(f"{directory.name}.lock")):
            if not directory.is_dir():
                _make(version, directory)
    return Libraries(version, directory, java)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def _make(version: str, directory: Path) -> None:
    maven, javac = _program("mvn"), _program("javac")
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="making-") as scratch:
        target = Path(scratch) / "java"
        target.mkdir()
        shutil.copy(HERE / "logback.xml", target)
        _fetch(maven, version, target / "lib")
        _compile(javac, target)
        target.rename(directory)


def _fetch(maven: str, version: str, target: Path) -> None:
    started = time.monotonic()
    print(f"fetching RocketMQ {version} and what it needs from Maven, once", flush=True)
    log = target.with_name("maven.log")
    command = [
        *(maven, "--batch-mode", "-f", str(HERE / "pom.xml"), f"-Drocketmq.version={version}"),
        *("dependency:copy-dependencies", f"-DoutputDirectory={target}"),
    ]
    with log.open("wb") as output:
        fetching = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _report_until_done(fetching, log, started)
        finally:
            fetching.kill()
            fetching.wait()
    if fetching.returncode != 0:
        raise HarnessError(f"`{' '.join(command)}` failed:\n{log.read_text()[-2000:]}")
    jars = len(list(target.glob("*.jar")))
    print(f"fetched {jars} jars in {time.monotonic() - started:.0f} s", flush=True)


def _report_until_done(fetching: subprocess.Popen[bytes], log: Path, started: float) -> None:
    while (elapsed := time.monotonic() - started) < FETCH_TIMEOUT:
        try:
            fetching.wait(PROGRESS_EVERY)
        except subprocess.TimeoutExpired:
            done = log.read_text(errors="replace").count("Downloaded from")
            print(f"  {elapsed + PROGRESS_EVERY:4.0f} s: {done} files downloaded", flush=True)
        else:
            return
    raise HarnessError(
        f"Maven took more than {FETCH_TIMEOUT:.0f} s; see what it waits for in {log}"
    )


def _compile(javac: str, target: Path) -> None:
    command = [
        *(javac, "-nowarn", "-cp", f"{target / 'lib'}/*"),
        *("-d", str(target / "classes"), *(str(HERE / name) for name in PROGRAMS)),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=COMPILE_TIMEOUT, check=False
    )
    if done.returncode != 0:
        raise HarnessError(f"`{' '.join(command)}` failed:\n{done.stderr[-2000:]}")


def _program(name: str) -> str:
    home = os.environ.get("JAVA_HOME")
    inside = shutil.which(name, path=f"{home}/bin") if home else None
    found = inside or shutil.which(name)
    if found is None:
        raise HarnessError(
            f"{name} is missing: the Java peers of the tests need a JDK 11 or newer, and Maven; "
            f"type: sudo {INSTALL_LINE}"
        )
    return found
