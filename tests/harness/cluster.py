"""What every kind of test cluster can do."""

import os
import signal as signals
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from harness.errors import HarnessError
from harness.images import ImageStore


class KubectlError(HarnessError):
    """kubectl ended with another code than 0; the message has what it printed."""


class Cluster(ABC):
    """A Kubernetes cluster that tests and demos may do anything to."""

    kubeconfig: Path
    kubectl_path: Path
    images: ImageStore

    def kubectl(
        self,
        *args: str | Path,
        input: str | None = None,  # noqa: A002  # the names of subprocess.run
        check: bool = True,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator; `timeout` in seconds.

        Raises KubectlError if it fails and `check` is true, subprocess.TimeoutExpired.
        """
        done = subprocess.run(
            [self.kubectl_path, *args],
            input=input,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=os.environ | self.environment(),
        )
        if check and done.returncode != 0:
            words = " ".join(str(word) for word in args)
            raise KubectlError(f"kubectl {words} failed ({done.returncode}): {done.stderr.strip()}")
        return done

    def environment(self) -> dict[str, str]:
        """Environment variables with which kubectl and clients find this cluster."""
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.kubeconfig.parent / "kubectl-cache"),
        }

    @abstractmethod
    def logs(self, namespace: str, pod: str, container: str) -> str:
        """Output of a container's newest instance; works for a while after its pod is gone."""

    @abstractmethod
    def kill(
        self,
        namespace: str,
        pod: str,
        container: str,
        signal: signals.Signals = signals.SIGKILL,
    ) -> None:
        """Send a signal to a container's first process, as if it had crashed."""

    @abstractmethod
    def address(self, in_cluster: str) -> str:
        """Where `host:port`, as programs in the cluster write it, is reachable from here."""
