"""The PyPI client `rocketmq`: ctypes on a C++ library that its wheel brings along.

It is installed into the cache by version and hash, and never into an environment of the product.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, Literal

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.traffic import Consumed, Order, Produced, consumed, produced

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


def produce(
    namesrv: str,
    topic: str,
    count: int,
    *,
    group: str = "python-producer",
    deadline: float = 60.0,
) -> Produced:
    """Send `count` numbered messages, with retries until `deadline` seconds are over.

    Raises HarnessError if the program fails in another way than by its deadline.
    """
    order = Order(namesrv, topic, count, group, deadline)
    with tempfile.TemporaryDirectory(prefix="python-client-") as home:
        return produced(_command("produce"), order, directory=Path(home), env=_environment(home))


def consume(
    namesrv: str,
    topic: str,
    count: int,
    *,
    mode: Literal["push", "pull"] = "push",
    group: str = "python-consumer",
    deadline: float = 60.0,
) -> Consumed:
    """Receive until `count` different messages are there or `deadline` seconds are over.

    Raises HarnessError if the program fails in another way than by its deadline.
    """
    order = Order(namesrv, topic, count, group, deadline)
    with tempfile.TemporaryDirectory(prefix="python-client-") as home:
        return consumed(_command(mode), order, directory=Path(home), env=_environment(home))


def _command(mode: str) -> list[str]:
    return [sys.executable, str(HERE / "traffic.py"), mode]


def _environment(home: str) -> dict[str, str]:
    # The library writes its log below the home directory.
    return {"HOME": home, "PYTHONPATH": str(python_client()), "PYTHONDONTWRITEBYTECODE": "1"}


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
