"""The embedded cluster: a real control plane, and nodes that run pods under bubblewrap."""

import itertools
import json
import os
import signal as signals
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Final

from harness.binaries import binaries
from harness.cluster import Capability, Cluster
from harness.controlplane import ControlPlane
from harness.errors import HarnessError
from harness.images import JAVA_IMAGE, ImageStore
from harness.java.image import embedded_image
from harness.loopback import claimed_range
from harness.node.context import NodePaths, start_ticks
from harness.node.objects import is_ready
from harness.packages import require_bubblewrap
from harness.processes import Child, start
from harness.rundir import LOGS, run_directory
from harness.wait import until

PACKAGE_ROOT = Path(__file__).resolve().parents[1]
NODE_TIMEOUT = 30.0
BLOCKS_PER_NODE: Final = 20
"""Of addresses for pods, each time that a node starts."""
FOR_EVER: Final = "100h"
"""A node that is never given up need not renew anything: no writes at rest."""
SILENCE: Final = "20s"
"""How long one of several nodes may be silent."""


class EmbeddedCluster(Cluster):
    """A cluster that never lives longer than the process.

    `run_dir` receives all files (default: a new directory under the cache's `runs`); when the
    cluster ends, its logs are what stays. `logs` works after a pod's end too. Where there are
    several nodes, Kubernetes notices when one falls silent.
    """

    kind: ClassVar[str] = "embedded"
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    run_dir: Path
    images: ImageStore

    def __init__(
        self, *, name: str = "cluster", run_dir: Path | None = None, nodes: int = 1
    ) -> None:
        super().__init__(name=name)
        self._nodes = nodes
        self._wanted_run_dir = run_dir
        self._running: dict[int, Child] = {}
        self._blocks = itertools.count(0, BLOCKS_PER_NODE)

    def _start(self, starting: ExitStack) -> None:
        bwrap = require_bubblewrap()
        programs = binaries()
        prefix = starting.enter_context(claimed_range())
        self.run_dir = starting.enter_context(run_directory(self.name, self._wanted_run_dir))
        self.images = ImageStore(self.run_dir / "images.json")
        logs = self.run_dir / LOGS
        grace = SILENCE if self._nodes > 1 else FOR_EVER
        control_plane = ControlPlane(
            programs, self.run_dir / "control-plane", f"{prefix}.0.1", logs, grace
        )
        self.kubectl_path = programs.path("kubectl")
        self.kubeconfig = control_plane.kubeconfig
        self._audit_log = control_plane.audit_log
        starting.callback(control_plane.stop)
        control_plane.start()
        self._node_options = {
            "kubeconfig": self.kubeconfig,
            "run-dir": self.run_dir,
            "prefix": prefix,
            "bwrap": bwrap,
            "version": programs.version,
        }
        starting.callback(self._end_nodes)
        for number in range(1, self._nodes + 1):
            self.start_node(number)
        self._wait_for_nodes(control_plane)

    def environment(self) -> dict[str, str]:
        """As of Cluster; the API server proxies to no loopback address, so that ours are asked."""
        return {**super().environment(), "KUBECTL_NSC_REACH": "direct"}

    def start_node(self, number: int) -> None:
        """Start a node, the first time or after it was lost; one that runs goes on."""
        if number in self._running:
            return
        words = [f"--{name}={value}" for name, value in self._node_options.items()]
        words += [f"--number={number}", *(["--renew"] if self._nodes > 1 else [])]
        words.append(f"--block={next(self._blocks)}")
        self._running[number] = start(
            [sys.executable, "-m", "harness.node", *words],
            log=self.run_dir / LOGS / f"node-{number}.log",
            name=f"node-{number}",
            env=os.environ | {"PYTHONPATH": str(PACKAGE_ROOT)},
        )

    def lose_node(self, number: int) -> None:
        """End a node, and all that runs on it, as if its power had failed."""
        self._running.pop(number).kill()

    def _end_nodes(self) -> None:
        for number in list(self._running):
            self.lose_node(number)

    def _wait_for_nodes(self, control_plane: ControlPlane) -> None:
        def ready() -> bool:
            for node in self._running.values():
                node.require_running()
            items = control_plane.reader.get("/api/v1/nodes")["items"]
            return sum(is_ready(item) for item in items) == self._nodes

        until(ready, timeout=NODE_TIMEOUT, what="the nodes to register", retry_on=(OSError,))

    def java_image(self) -> str:
        if JAVA_IMAGE not in self.images:
            self.images.add(JAVA_IMAGE, embedded_image())
        return JAVA_IMAGE

    def audit_log(self) -> str:
        return self._audit_log.read_text()

    def logs(self, namespace: str, pod: str, container: str) -> str:
        files = sorted(self._paths.container_logs((namespace, pod), container).glob("*.log"))
        if not files:
            raise HarnessError(f"container {container} of pod {namespace}/{pod} never started")
        return files[-1].read_text(errors="replace")

    def kill(
        self,
        namespace: str,
        pod: str,
        container: str,
        signal: signals.Signals = signals.SIGKILL,
    ) -> None:
        running = self._paths.running((namespace, pod), container)
        if not running.exists():
            raise HarnessError(f"container {container} of pod {namespace}/{pod} is not running")
        noted = json.loads(running.read_text())
        if start_ticks(noted["pid"]) == noted["start"]:
            os.kill(noted["pid"], signal)

    def address(self, in_cluster: str) -> str:
        host, _, port = in_cluster.rpartition(":")
        names = json.loads(self._paths.names.read_text()) if self._paths.names.exists() else {}
        if host in names:
            return f"{names[host][0]}:{port}"
        if host.replace(".", "").isdigit():
            return in_cluster
        raise HarnessError(f"{host!r} is no name in the cluster; known: {', '.join(names)}")

    @property
    def _paths(self) -> NodePaths:
        return NodePaths(self.run_dir)
