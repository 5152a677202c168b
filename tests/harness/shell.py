"""Programs that are run to their end under a deadline."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from harness.errors import HarnessError

SHORT: Final = 60.0
TOLD: Final = 2000
"""Characters of each stream that an error repeats."""


def attempt(
    *words: str | Path,
    stdin: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = SHORT,
) -> subprocess.CompletedProcess[str]:
    """Run a program whatever comes of it; `timeout` in seconds.

    Raises HarnessError if it does not exist or takes too long.
    """
    line = " ".join(str(word) for word in words)
    try:
        return subprocess.run(
            words,
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env=env,
            cwd=cwd,
        )
    except subprocess.TimeoutExpired:
        raise HarnessError(f"`{line}` took more than {timeout:g} s") from None
    except OSError as error:
        raise HarnessError(f"`{line}` cannot be run: {error}") from None


def run(
    *words: str | Path,
    stdin: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = SHORT,
) -> str:
    """Run a program; its stdout. Raises HarnessError, with what it printed, if it fails."""
    done = attempt(*words, stdin=stdin, env=env, cwd=cwd, timeout=timeout)
    if done.returncode != 0:
        line = " ".join(str(word) for word in words)
        told = (done.stdout[-TOLD:] + done.stderr[-TOLD:]).strip()
        raise HarnessError(f"`{line}` failed ({done.returncode}): {told}")
    return done.stdout
