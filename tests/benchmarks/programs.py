"""The C programs beside this file, compiled into the cache."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.shell import run

HERE: Final = Path(__file__).parent
FLAGS: Final = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror")


def built(name: str) -> Path:
    """The program `name`.c makes. Raises HarnessError if gcc is missing or refuses it."""
    source = HERE / f"{name}.c"
    files = (source, *sorted(HERE.glob("*.h")))
    digest = hashlib.sha256(
        b"".join([repr(FLAGS).encode(), *(file.read_bytes() for file in files)])
    )
    program = cache_dir() / f"{name}-{digest.hexdigest()[:16]}"
    if not program.exists():
        with locked(program.with_suffix(".lock")):
            if not program.exists():
                _compile(source, program)
    return program


def _compile(source: Path, program: Path) -> None:
    if shutil.which("gcc") is None:
        raise HarnessError(
            "gcc is missing, which the load generator of the benchmarks is built with; type: "
            "sudo apt-get install --yes --no-install-recommends gcc libc6-dev"
        )
    with tempfile.TemporaryDirectory(dir=program.parent, prefix="making-") as scratch:
        made = Path(scratch) / program.name
        run("gcc", *FLAGS, "-o", made, source)
        made.rename(program)
