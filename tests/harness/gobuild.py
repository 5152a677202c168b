"""Programs built from a pinned Go module, in sight of whoever waits for them."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.cache import cache_dir, locked
from harness.errors import HarnessError

SOURCES = ("go.mod", "go.sum")
PROGRESS_EVERY = 15.0
BUILD_TIMEOUT = 3600.0


@dataclass(frozen=True)
class GoModule:
    """The directory of a go.mod, and the flags that its programs are built with."""

    directory: Path
    flags: Sequence[str]

    def fingerprint(self, *inputs: object, files: Sequence[str] = ("go.mod", "go.sum")) -> str:
        """A name for what a build of these files with these flags and other inputs gives."""
        digest = hashlib.sha256(repr((list(self.flags), *inputs)).encode())
        for name in files:
            digest.update((self.directory / name).read_bytes())
        return digest.hexdigest()[:16]

    def build(self, packages: Sequence[str], target: Path) -> None:
        """Build the main packages into the directory `target`; minutes if they are large.

        Raises HarnessError if there is no Go toolchain or the build fails.
        """
        command = [self._go(), "build", "-v", *self.flags, "-o", f"{target}/", *packages]
        started = time.monotonic()
        build = subprocess.Popen(
            command,
            cwd=self.directory,
            env=os.environ | {"CGO_ENABLED": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output: list[str] = []
        reader = threading.Thread(target=output.extend, args=(build.stdout or (),))
        reader.start()
        try:
            self._report_until_done(build, output, started)
        finally:
            build.kill()
            reader.join()
            if build.stdout is not None:
                build.stdout.close()
        if build.returncode != 0:
            raise HarnessError(f"go build failed in {self.directory}:\n" + "".join(output[-20:]))
        print(f"built in {time.monotonic() - started:.0f} s", flush=True)

    def _report_until_done(
        self, build: subprocess.Popen[str], output: list[str], started: float
    ) -> None:
        while (elapsed := time.monotonic() - started) < BUILD_TIMEOUT:
            try:
                build.wait(PROGRESS_EVERY)
            except subprocess.TimeoutExpired:
                last = output[-1].strip() if output else "the download of the modules"
                elapsed = time.monotonic() - started
                print(f"  {elapsed:4.0f} s: {len(output)} packages, last {last}", flush=True)
            else:
                return
        raise HarnessError(f"go build took more than {BUILD_TIMEOUT:.0f} s in {self.directory}")

    def _go(self) -> str:
        wanted = re.search(r"^go (\S+)", (self.directory / "go.mod").read_text(), re.MULTILINE)
        version = wanted[1] if wanted else "?"
        go = shutil.which("go")
        if go is None:
            raise HarnessError(
                f"Go {version} or newer is needed to build {self.directory.name} of the test "
                "harness and `go` is not in PATH; get it from https://go.dev/dl/ or your "
                "distribution"
            )
        return go


@dataclass(frozen=True)
class GoProgram:
    """One program of a module, built once into the cache.

    It is the main package in the module's directory, or `package` of a module that it requires.
    """

    name: str
    module: GoModule
    package: str = "."
    also: Sequence[str] = ()
    """What it is made of outside of its directory, seen from there."""

    def built(self) -> Path:
        """The program, built if the cache has none. Raises HarnessError if that fails."""
        directory = cache_dir() / f"{self.name}-{self.module.fingerprint(files=self._sources())}"
        if not directory.is_dir():
            with locked(directory.with_suffix(".lock")):
                if not directory.is_dir():
                    self._build(directory)
        return directory / self.name

    def _sources(self) -> Sequence[str]:
        own = self.module.directory.glob("*.go") if self.package == "." else ()
        return (*SOURCES, *sorted(path.name for path in own), *self.also)

    def _build(self, directory: Path) -> None:
        print(f"building {self.name}, once", flush=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as scratch:
            target = Path(scratch) / "bin"
            target.mkdir()
            self.module.build([self.package], target)
            target.rename(directory)
