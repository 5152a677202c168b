"""The embedded cluster: a real control plane, and a node that runs pods under bubblewrap."""

import signal as signals
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.binaries import binaries
from harness.cluster import Cluster
from harness.controlplane import ControlPlane
from harness.images import ImageStore
from harness.loopback import claimed_range
from harness.packages import require_bubblewrap
from harness.rundir import LOGS, run_directory


class EmbeddedCluster(Cluster):
    """A cluster that lives as long as the `with` statement, and never longer than the process.

    `run_dir` receives all files (default: a new directory under the cache's `runs`); when the
    cluster ends, its logs are what stays.
    """

    run_dir: Path

    def __init__(self, *, name: str = "cluster", run_dir: Path | None = None) -> None:
        self._name = name
        self._wanted_run_dir = run_dir
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._start(starting)
            self._cleanup = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    def _start(self, starting: ExitStack) -> None:
        require_bubblewrap()
        programs = binaries()
        prefix = starting.enter_context(claimed_range())
        self.run_dir = starting.enter_context(run_directory(self._name, self._wanted_run_dir))
        self.images = ImageStore(self.run_dir / "images.json")
        logs = self.run_dir / LOGS
        control_plane = ControlPlane(
            programs, self.run_dir / "control-plane", f"{prefix}.0.1", logs
        )
        self.kubectl_path = programs.path("kubectl")
        self.kubeconfig = control_plane.kubeconfig
        starting.callback(control_plane.stop)
        control_plane.start()

    def logs(self, namespace: str, pod: str, container: str) -> str:
        raise NotImplementedError

    def kill(
        self,
        namespace: str,
        pod: str,
        container: str,
        signal: signals.Signals = signals.SIGKILL,
    ) -> None:
        raise NotImplementedError

    def address(self, in_cluster: str) -> str:
        raise NotImplementedError
