"""The PyPI client `rocketmq`: ctypes on a C++ library that its wheel brings along.

It is installed into the cache by version and hash, and never into an environment of the product.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.traffic import Client

HERE: Final = Path(__file__).parent / "pythonclient"
REQUIREMENTS: Final = HERE / "requirements.txt"
INSTALL_TIMEOUT: Final = 300.0


def python_client() -> Path:
    """The directory it is installed in; fetched if the cache has none (seconds).

    Raises HarnessError if that fails.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    directory = cache_dir() / f"pythonclient-{digest}"
    if not directory.is_dir():
        with locked(directory.with_suffix(".lock")):
            if not directory.is_dir():
                _install(directory)
    return directory


def _command(mode: str) -> list[str]:
    return [sys.executable, str(HERE / "traffic.py"), mode]


def _environment(home: str) -> dict[str, str]:
    # The library writes its log below the home directory.
    return {"HOME": home, "PYTHONPATH": str(python_client()), "PYTHONDONTWRITEBYTECODE": "1"}


PYTHON: Final = Client("python", _command, _environment)
"""How it sends and receives."""


def _install(directory: Path) -> None:
    print("fetching the PyPI client rocketmq, once", flush=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="making-") as scratch:
        target = Path(scratch) / "packages"
        command = [
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"),
            *("--require-hashes", "--target", str(target), "-r", str(REQUIREMENTS)),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT, check=False
        )
        if done.returncode != 0:
            raise HarnessError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-2000:]}")
        target.rename(directory)
