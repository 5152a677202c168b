"""Every program runs as any user: one without a name or a home, who may write nowhere else."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.cluster import Cluster
from harness.images import COMPLETION, PROGRAMS
from harness.loopback import free_ports
from harness.packages import require_bubblewrap
from harness.processes import Child, start
from harness.wait import until
from rocketmq_operator import __version__

SANDBOX = (
    *("--unshare-user", "--uid", "12345", "--gid", "12345", "--die-with-parent"),
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
)


def as_nobody(program: str, *words: str, writable: Path | None = None) -> list[str]:
    """The command line of a program of the product in a read-only world."""
    mounts = () if writable is None else ("--bind", str(writable), str(writable))
    path = Path(sys.executable).with_name(program)
    return [require_bubblewrap(), *SANDBOX, *mounts, "--clearenv", "--", str(path), *words]


def is_ready(url: str) -> bool:
    """Whether a probe is answered 200. Raises OSError if by nobody."""
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except urllib.error.HTTPError as not_yet:
        not_yet.close()
        return False
    return True


@contextmanager
def running(argv: list[str], directory: Path, ready: Callable[[Child], object]) -> Iterator[None]:
    """A server until it is told to stop, which it must do in good order."""
    child = start(argv, log=directory / "log", env={"PATH": os.environ["PATH"]})
    try:

        def serves() -> object:
            child.require_running()
            return ready(child)

        until(serves, timeout=30, what=f"{argv} to serve", retry_on=(OSError,))
        yield
        # bwrap hands the program's exit code on, but no signals to it
        inner = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        os.kill(int(inner[0]), signal.SIGTERM)
        until(lambda: child.exit_code is not None, timeout=30, what="its end")
        assert child.exit_code == 0, child.tail()
    finally:
        child.kill()


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_starts(program: str) -> None:
    done = subprocess.run(
        as_nobody(program, "--version"), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (":4" if program == COMPLETION else __version__) in done.stdout


def test_a_server_writes_to_its_data_directory_only(tmp_path: Path) -> None:
    (port,) = free_ports("127.0.0.1", 1)
    data = tmp_path / "data"
    data.mkdir()
    where = ("--listen", f"127.0.0.1:{port}", "--data-dir", str(data))
    argv = as_nobody("rocketmq-nameserver", *where, writable=data)
    with running(argv, tmp_path, lambda child: "boot success" in child.tail()):
        pass


def test_the_operator_works(kubernetes: Cluster, crd: dict[str, Any], tmp_path: Path) -> None:
    assert crd
    (port,) = free_ports("127.0.0.1", 1)
    where = ("--namespace=nobody", "--lease-namespace=default", f"--http=127.0.0.1:{port}")
    temporary = tmp_path / "tmp"  # the client copies the certificates of a kubeconfig
    temporary.mkdir()
    argv = as_nobody("rocketmq-operator", "run", *where, writable=temporary)
    at = argv.index("--")
    argv[at:at] = ["--setenv", "KUBECONFIG", str(kubernetes.kubeconfig)]
    argv[at:at] = ["--setenv", "TMPDIR", str(temporary)]
    with running(argv, tmp_path, lambda _: is_ready(f"http://127.0.0.1:{port}/readyz")):
        pass
