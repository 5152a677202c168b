"""Engines: one that runs is used and left, one of the harness's own ends with everything in it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.kind import network, ownengine, rootfs
from harness.kind.engine import Engine
from harness.kind.engines import engine
from harness.kind.nodeimage import import_root, node_image
from harness.kind.ownengine import OUTER, OUTER_ADDRESS, STATE, own_engine
from harness.wait import until

TESTS = Path(__file__).resolve().parents[1]
MARK = "3600.25"
"""Seconds that a container sleeps; no other process here does."""
LEFT_RUNNING = f"""
import sys, time
from pathlib import Path
from harness.kind import rootfs
from harness.kind.nodeimage import import_root
from harness.kind.ownengine import own_engine
with own_engine(Path(sys.argv[1])) as engine:
    image = import_root(engine, rootfs.BUSYBOX)
    command = (image, "busybox", "sleep", "{MARK}")
    engine.docker("run", "--detach", "--network=none", "--name=left", *command)
    print("running", flush=True)
    time.sleep(600)
"""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"

pytestmark = pytest.mark.needs("images", "root")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Engine]:
    with own_engine(tmp_path / "dockerd.log") as engine:
        yield engine


def sleepers() -> list[str]:
    """Processes of the container, whoever runs them."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if line.endswith(f"sleep {MARK}")]


def links() -> str:
    return subprocess.run(["ip", "link"], capture_output=True, text=True, check=True).stdout


def test_a_killed_engine_leaves_nothing_that_runs(tmp_path: Path) -> None:
    words = [sys.executable, "-c", LEFT_RUNNING, str(tmp_path / "dockerd.log")]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(TESTS)}
    ) as process:
        assert process.stdout is not None
        try:
            assert b"running\n" in process.stdout, "it ended early"
            assert sleepers()
        finally:
            process.kill()
    until(lambda: not sleepers(), timeout=10, what="the container's process to be gone")
    until(lambda: OUTER not in links(), timeout=10, what="the link to be gone")
    with own_engine(tmp_path / "next.log") as engine:
        assert engine.docker("ps", "--all", "--quiet") == ""
    assert not STATE.exists()
    assert not list(ownengine.CGROUPS.glob(f"**/{ownengine.GROUP}"))


def test_an_engine_that_runs_is_used_and_not_ended(
    own: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in own.environment.items():
        monkeypatch.setenv(name, value)
    with engine(tmp_path / "unused.log") as found:
        assert found.answers()
        assert not found.isolated
    assert own.answers()
    assert not (tmp_path / "unused.log").exists()


def test_who_may_not_start_an_engine_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(HarnessError, match="start Docker"), engine(tmp_path / "unused.log"):
        pass


def test_a_cluster_s_network_is_closed_on_an_engine_that_is_not_isolated(own: Engine) -> None:
    shared = Engine(address=own.address, environment=own.environment)
    tools, python = node_image(own), import_root(own, rootfs.PYTHON)
    with socket.create_server((OUTER_ADDRESS, 0)) as outside:
        port = str(outside.getsockname()[1])
        words = (python, "python3", "-c", CONNECT, OUTER_ADDRESS, port)
        own.docker("network", "create", "open")
        try:
            own.docker("run", "--rm", "--network=open", *words)
        finally:
            own.docker("network", "rm", "open")
        with network.closed_network(shared, tools) as name:
            refused = own.attempt("run", "--rm", f"--network={name}", *words)
            assert "Connection refused" in refused.stderr
            assert network.BRIDGE in rules(own, tools)
    assert network.BRIDGE not in rules(own, tools)
    assert network.NETWORK not in own.docker("network", "ls")


def rules(engine: Engine, tools: str) -> str:
    flags = ("--rm", "--network=host", "--cap-add=NET_ADMIN", "--entrypoint=iptables-nft")
    return engine.docker("run", *flags, tools, "-S", network.CHAIN)
