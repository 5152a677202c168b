"""rocketmq-rust's NameServer, built from its published crate into the cache."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.errors import HarnessError

CRATE: Final = "rocketmq-namesrv"
VERSION: Final = "1.0.0"
PROGRAM: Final = "rocketmq-namesrv-rust"
BUILD_TIMEOUT: Final = 3600.0
POLITE: Final = ("chrt", "-i", "0", "nice", "-n", "19")


def program() -> Path:
    """The program, built with the versions its crate locks (minutes). Raises HarnessError."""
    directory = cache_dir() / f"{CRATE}-{VERSION}"
    found = directory / "bin" / PROGRAM
    if not found.exists():
        with locked(directory.with_suffix(".lock")):
            if not found.exists():
                _build(directory)
    return found


def can_be_had() -> bool:
    """Whether it is built, or can be."""
    built = cache_dir() / f"{CRATE}-{VERSION}" / "bin" / PROGRAM
    return built.exists() or shutil.which("cargo") is not None


def _build(directory: Path) -> None:
    print(f"building {CRATE} {VERSION} by cargo, once; 5 to 15 minutes on two cores", flush=True)
    began = time.monotonic()
    work = directory.with_name(f"{directory.name}-build")
    command = [*POLITE, "cargo", "install", CRATE, "--version", VERSION, "--locked"]
    done = subprocess.run(
        [*command, "--root", str(directory), "--no-track"],
        env={**os.environ, "CARGO_TARGET_DIR": str(work)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT,
        check=False,
    )
    shutil.rmtree(work, ignore_errors=True)
    if done.returncode != 0:
        raise HarnessError(f"`{' '.join(command)}` failed:\n{done.stderr[-2000:]}")
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)


def configuration(directory: Path, host: str, more: Mapping[str, str]) -> str:
    """Its toml: its defaults, files below `directory`, and `more` as it is written."""
    settings = {
        "rocketmqHome": f'"{directory}"',
        "kvConfigPath": f'"{directory}/kvConfig.json"',
        "configStorePath": f'"{directory}/namesrv.properties"',
        "listenPort": "9876",
        "bindAddress": f'"{host}"',
        **more,
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "\n".join([*lines, "[runtime]", "workerThreads = 1", ""])
