"""A Docker engine of the harness's own, in namespaces of its own.

Its processes, mounts, network interfaces and firewall rules exist in its namespaces alone, so
whatever ends the harness ends them all; what stays is the cache of images. Its network has one
link, to this machine and nowhere further.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.kind.engine import Engine
from harness.packages import require
from harness.processes import Child, start
from harness.shell import run
from harness.wait import until

PROGRAMS: Final = {
    "docker": "docker.io",
    "dockerd": "docker.io",
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
STATE: Final = Path("/run/rocketmq-operator-kind")
"""Sockets; short, because the path of one may have 107 bytes."""
OUTER: Final = "rocketmq-kind"
"""Name of this machine's end of the link; at most 15 characters."""
INNER: Final = "up0"
OUTER_ADDRESS: Final = "198.18.213.1"
"""Of the range that RFC 2544 keeps for tests of devices, so nobody routes to it."""
INNER_ADDRESS: Final = "198.18.213.2"
GROUP: Final = "rocketmq-kind"
"""The cgroup of all containers."""
CGROUPS: Final = Path("/sys/fs/cgroup")
KEPT: Final = "336h"
"""Images older than this are made again when they are needed."""
START_TIMEOUT: Final = 60.0
STOP_GRACE: Final = 20.0

NAMESPACES: Final = ("--net", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc")
INSIDE: Final = 'ip link set lo up && exec "$@"'
RUNTIME: Final = Path(__file__).with_name("boundedruntime.py")
CAP_SYS_RESOURCE: Final = 24


@contextmanager
def own_engine(log: Path) -> Iterator[Engine]:
    """Start an engine, installing Docker if need be, and end it with everything it runs.

    One at a time on a machine: a second run waits for the first. Raises HarnessError if this
    process is not root, if Docker cannot be installed, or if it does not start.
    """
    if os.geteuid() != 0:
        raise HarnessError(
            "no Docker engine answers, and only root can start one; start Docker, allow this "
            "user to use it (`docker version` must show a server), or run as root"
        )
    require(PROGRAMS)
    with locked(STATE.with_suffix(".lock")):
        _clean()
        STATE.mkdir(mode=0o700)
        daemon = start(_command(), log=log, name="dockerd")
        try:
            yield _ready(daemon)
        finally:
            _stop(daemon)
            _clean()


def _clean() -> None:
    """Remove what a killed engine leaves: the files of its sockets, and empty cgroups."""
    shutil.rmtree(STATE, ignore_errors=True)
    # The processes of an engine that was killed a moment ago may still be about to end.
    until(_no_cgroups, timeout=STOP_GRACE, what="cgroups to be empty", retry_on=(OSError,))


def _no_cgroups() -> bool:
    for group in (*CGROUPS.glob(GROUP), *CGROUPS.glob(f"*/{GROUP}")):
        for directory, _, _ in os.walk(group, topdown=False):
            os.rmdir(directory)
    return True


def _ready(daemon: Child) -> Engine:
    _connect(daemon)
    engine = Engine(
        address=INNER_ADDRESS,
        isolated=True,
        # The classic builder: Debian's package has no buildx.
        environment={"DOCKER_HOST": f"unix://{STATE}/docker.sock", "DOCKER_BUILDKIT": "0"},
    )

    def answers() -> bool:
        daemon.require_running()
        return engine.answers()

    until(answers, timeout=START_TIMEOUT, what="the Docker engine to start")
    _forget_old_runs(engine)
    return engine


def _forget_old_runs(engine: Engine) -> None:
    if containers := engine.docker("ps", "--all", "--quiet").split():
        engine.docker("rm", "--force", "--volumes", *containers)
    engine.docker("network", "prune", "--force")
    engine.docker("volume", "prune", "--force")
    engine.docker("image", "prune", "--all", "--force", f"--filter=until={KEPT}")


def _command() -> list[str]:
    flags = [
        f"--data-root={cache_dir() / 'docker'}",
        f"--exec-root={STATE / 'exec'}",
        f"--pidfile={STATE / 'docker.pid'}",
        f"--host=unix://{STATE}/docker.sock",
        f"--cgroup-parent=/{GROUP}",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        "--bridge=none",
        "--dns=127.0.0.1",
        "--log-driver=local",
        *_runtime_flags(),
    ]
    return ["unshare", *NAMESPACES, "sh", "-c", INSIDE, "sh", "dockerd", *flags]


def _runtime_flags() -> list[str]:
    """Another runtime where this machine itself lacks a capability that --privileged asks for."""
    if bounding_set() & 1 << CAP_SYS_RESOURCE:
        return []
    return [f"--add-runtime=bounded={RUNTIME}", "--default-runtime=bounded"]


def bounding_set() -> int:
    """The capabilities that a process here can have at all (capabilities(7)), as a bit mask."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("CapBnd:"))


def _connect(daemon: Child) -> None:
    """Lay the link between this machine and the engine's network."""
    theirs, ours = Path(f"/proc/{daemon.pid}/ns/net"), os.readlink("/proc/self/ns/net")

    def apart() -> bool:
        daemon.require_running()
        return os.readlink(theirs) != ours

    until(apart, timeout=10, what="the engine's network namespace", interval=0.02)
    peer = ("peer", "name", INNER, "netns", str(daemon.pid))
    run("ip", "link", "add", OUTER, "type", "veth", *peer)
    run("ip", "address", "add", f"{OUTER_ADDRESS}/30", "dev", OUTER)
    run("ip", "link", "set", OUTER, "up")
    inside = ("nsenter", f"--net={theirs}", "ip")
    run(*inside, "address", "add", f"{INNER_ADDRESS}/30", "dev", INNER)
    run(*inside, "link", "set", INNER, "up")


def _stop(daemon: Child) -> None:
    """Let the engine write down what it has, then end what is left of its namespaces."""
    for child in _children(daemon.pid):
        os.kill(child, signal.SIGTERM)
    try:
        until(lambda: daemon.exit_code is not None, timeout=STOP_GRACE, what="dockerd to end")
    except HarnessError as error:
        print(f"{error}; it is killed", flush=True)
    daemon.kill()


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listed.read_text().split()] if listed.exists() else []
