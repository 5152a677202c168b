"""The Go client of Apache RocketMQ: a program of `goclient`, built once into the cache."""

from pathlib import Path
from typing import Final

from harness.gobuild import GoModule, GoProgram
from harness.traffic import Client

PROGRAM: Final = GoProgram(
    "goclient",
    GoModule(
        Path(__file__).parent / "goclient", ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
    ),
)


def go_client() -> Path:
    """The program, built if the cache has none (10 seconds). HarnessError if that fails."""
    return PROGRAM.built()


def _command(mode: str) -> list[str]:
    return [str(go_client()), mode]


def _environment(home: str) -> dict[str, str]:
    return {"HOME": home, "ROCKETMQ_GO_LOG_LEVEL": "error"}


GO: Final = Client("go", _command, _environment)
"""How it sends and receives."""
