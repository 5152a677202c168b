"""What builds the image where the build has no network: the locked wheels, and a context with them.

The wheels are fetched here, where there may be an index, and checked against the locks again
when the Dockerfile installs them.
"""

import hashlib
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.shell import run

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKS: Final = (ROOT / "requirements-build.lock", ROOT / "requirements-runtime.lock")
DOWNLOAD_TIMEOUT: Final = 600.0
GIT_TIMEOUT: Final = 30.0
# pip takes these literally. The newest is that of Debian 12's C library, the oldest still built.
PLATFORMS: Final = ("manylinux_2_36", "manylinux_2_34", "manylinux_2_28", "manylinux_2_17")
LEGACY_PLATFORM: Final = "manylinux2014"


def wheelhouse(python: str = "3.11") -> Path:
    """A directory with the wheels of both locks for that CPython on this kind of machine.

    Fetched if the cache has none (a minute at most, as a rule). Raises HarnessError if a wheel
    cannot be had.
    """
    digest = hashlib.sha256(f"{python} {platform.machine()}".encode())
    for lock in LOCKS:
        digest.update(lock.read_bytes())
    directory = cache_dir() / f"wheels-{python}-{digest.hexdigest()[:16]}"
    if not directory.is_dir():
        with locked(directory.with_suffix(".lock")):
            if not directory.is_dir():
                _download(python, directory)
    return directory


def build_context(target: Path, python: str = "3.11") -> Path:
    """Fill the new directory `target` for `docker build`, and return it.

    It gets what .dockerignore lets in of this checkout, as it is now, and the wheels in `wheels`:
    with the build argument PIP_NO_INDEX=1 nothing else is needed. Raises HarnessError.
    """
    for name in ["Dockerfile", *_allowed_files()]:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy)
    shutil.copytree(wheelhouse(python), target / "wheels")
    return target


def allowed() -> list[str]:
    """The paths that .dockerignore lets in, all others being shut out."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def _allowed_files() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    listed = run(*command, *allowed(), cwd=ROOT, timeout=GIT_TIMEOUT)
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _download(python: str, directory: Path) -> None:
    print(f"fetching the image's wheels for Python {python}, once", flush=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="making-") as scratch:
        target = Path(scratch) / "wheels"
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(target)),
            *("--require-hashes", "--only-binary=:all:", "--python-version", python),
        ]
        for name in (*PLATFORMS, LEGACY_PLATFORM):
            command += ["--platform", f"{name}_{platform.machine()}"]
        for lock in LOCKS:
            command += ["-r", str(lock)]
        run(*command, cwd=ROOT, timeout=DOWNLOAD_TIMEOUT)
        target.rename(directory)
