"""The Go client of Apache RocketMQ: a program of `goclient`, built once into the cache."""

import tempfile
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.gobuild import GoModule
from harness.traffic import Client

MODULE: Final = GoModule(
    Path(__file__).parent / "goclient", ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
)
SOURCES: Final = ("go.mod", "go.sum", "main.go")
PROGRAM: Final = "goclient"


def go_client() -> Path:
    """The program, built if the cache has none (10 seconds). HarnessError if that fails."""
    directory = cache_dir() / f"goclient-{MODULE.fingerprint(files=SOURCES)}"
    if not directory.is_dir():
        with locked(directory.with_suffix(".lock")):
            if not directory.is_dir():
                _build(directory)
    return directory / PROGRAM


def _command(mode: str) -> list[str]:
    return [str(go_client()), mode]


def _environment(home: str) -> dict[str, str]:
    return {"HOME": home, "ROCKETMQ_GO_LOG_LEVEL": "error"}


GO: Final = Client("go", _command, _environment)
"""How it sends and receives."""


def _build(directory: Path) -> None:
    print("building the Go client of RocketMQ, once", flush=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as scratch:
        target = Path(scratch) / "bin"
        target.mkdir()
        MODULE.build(["."], target)
        target.rename(directory)
