"""What kstatus, by which Helm and Flux wait, makes of objects: the program in `kstatus`."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from harness.gobuild import GoModule, GoProgram

PROGRAM: Final = GoProgram(
    "kstatus",
    GoModule(
        Path(__file__).parent / "kstatus", ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
    ),
)
TIMEOUT: Final = 30.0


class Verdict(NamedTuple):
    """InProgress, Current, Failed, Terminating or NotFound, and why."""

    status: str
    message: str


def verdicts(objects: Sequence[dict[str, Any]]) -> list[Verdict]:
    """One for each object. Raises HarnessError, subprocess.CalledProcessError."""
    done = subprocess.run(
        [PROGRAM.built()],
        input=json.dumps(objects),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    return [Verdict(**each) for each in json.loads(done.stdout)]
