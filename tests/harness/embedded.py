"""The embedded cluster: a real control plane, and a node that runs pods under bubblewrap."""

import json
import os
import signal as signals
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

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


class EmbeddedCluster(Cluster):
    """A cluster that never lives longer than the process.

    `run_dir` receives all files (default: a new directory under the cache's `runs`); when the
    cluster ends, its logs are what stays. `logs` works after a pod's end too.
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

    def _start(self, starting: ExitStack) -> None:
        bwrap = require_bubblewrap()
        programs = binaries()
        prefix = starting.enter_context(claimed_range())
        self.run_dir = starting.enter_context(run_directory(self.name, self._wanted_run_dir))
        self.images = ImageStore(self.run_dir / "images.json")
        logs = self.run_dir / LOGS
        control_plane = ControlPlane(
            programs, self.run_dir / "control-plane", f"{prefix}.0.1", logs
        )
        self.kubectl_path = programs.path("kubectl")
        self.kubeconfig = control_plane.kubeconfig
        self._audit_log = control_plane.audit_log
        starting.callback(control_plane.stop)
        control_plane.start()
        node = self._start_node(prefix, programs.version, bwrap, logs / "node.log")
        starting.callback(node.kill)
        self._wait_for_nodes(control_plane, node)

    def _start_node(self, prefix: str, version: str, bwrap: str, log: Path) -> Child:
        options = {
            "kubeconfig": self.kubeconfig,
            "run-dir": self.run_dir,
            "prefix": prefix,
            "bwrap": bwrap,
            "version": version,
            "nodes": self._nodes,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        environment = os.environ | {"PYTHONPATH": str(PACKAGE_ROOT)}
        command = [sys.executable, "-m", "harness.node", *words]
        return start(command, log=log, name="node", env=environment)

    def _wait_for_nodes(self, control_plane: ControlPlane, node: Child) -> None:
        def ready() -> bool:
            node.require_running()
            items = control_plane.reader.get("/api/v1/nodes")["items"]
            return sum(is_ready(item) for item in items) == self._nodes

        until(ready, timeout=NODE_TIMEOUT, what="the node to register", retry_on=(OSError,))

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
