"""Whatever ends the harness, its processes and ports go with it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.cluster import Cluster
from harness.images import PRODUCT_IMAGE
from harness.loopback import claimed_range
from harness.processes import start
from harness.wait import until

PACKAGES = Path(__file__).resolve().parents[1]
SERVE = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000, bind='0.0.0.0')"


def test_a_killed_harness_leaves_nothing_behind(kubernetes: Cluster) -> None:
    with _second_cluster() as (harness, kubeconfig):
        run_dir = str(kubeconfig.parents[1])
        _run_pod(kubernetes.kubectl_path, kubeconfig)
        listening = _listening(run_dir)
        assert len(listening) >= 3
        harness.send_signal(signal.SIGKILL)
        harness.wait()
        until(lambda: not _processes(run_dir), timeout=5, what="all processes to end")
        until(
            lambda: not any(_answers(*place) for place in listening),
            timeout=5,
            what=f"nobody to listen at {listening}",
        )


def test_a_child_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    started = []
    thread = threading.Thread(
        target=lambda: started.append(start(["sleep", "60"], log=tmp_path / "log"))
    )
    thread.start()
    thread.join()
    child = started[0]
    assert child.exit_code is None
    assert child.stop() == -signal.SIGTERM


def test_two_clusters_claim_different_addresses() -> None:
    with claimed_range() as one, claimed_range() as two:
        assert one != two


@contextmanager
def _second_cluster() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    harness = subprocess.Popen(
        [sys.executable, "-m", "harness", "up"],
        env=os.environ | {"PYTHONPATH": str(PACKAGES)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert harness.stdout is not None
    with harness.stdout as output:
        told = next(line for line in output if line.startswith("KUBECONFIG="))
        try:
            yield harness, Path(told.strip().removeprefix("KUBECONFIG="))
        finally:
            harness.kill()
            harness.wait()


def _run_pod(kubectl: Path, kubeconfig: Path) -> None:
    base = [kubectl, "--kubeconfig", str(kubeconfig)]
    command = ["--command", "--", "python3", "-c", SERVE]
    subprocess.run([*base, "run", "web", f"--image={PRODUCT_IMAGE}", *command], check=True)
    ready = ["wait", "--for=condition=Ready", "pod/web", "--timeout=20s"]
    subprocess.run([*base, *ready], check=True)


def _processes(run_dir: str) -> list[str]:
    """Command lines that name the run's directory; those of zombies are empty."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            if run_dir in line:
                lines.append(line)
    return lines


def _listening(run_dir: str) -> list[tuple[str, int]]:
    """Where the processes of a run listen: all on the one range of addresses that is theirs."""
    node = next(line for line in _processes(run_dir) if "harness.node" in line)
    prefix = re.search(r"--prefix=(127\.\d+)", node)
    assert prefix is not None
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    found = [_address(row[1]) for row in rows if row[3] == "0A"]
    return [(host, port) for host, port in found if host.startswith(f"{prefix[1]}.")]


def _three(found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The kernel's table can miss rows while it changes, so fewer than expected is asked again."""
    return found if len(found) >= 3 else []


def _address(text: str) -> tuple[str, int]:
    host, port = text.split(":")
    return socket.inet_ntoa(bytes.fromhex(host)[::-1]), int(port, 16)


def _answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
