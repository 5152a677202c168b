"""What every kind of test cluster can do."""

import os
import signal as signals
import subprocess
from abc import ABC, abstractmethod
from contextlib import ExitStack
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol, Self, runtime_checkable

from harness.api import Api, Object
from harness.errors import HarnessError
from harness.images import Images


class KubectlError(HarnessError):
    """kubectl ended with another code than 0; the message has what it printed."""


class Capability(StrEnum):
    """What a test may need of a cluster beyond what every kind has."""

    SERVICES = "services"
    """ClusterIPs carry traffic, and a DNS server answers for names."""
    IMAGES = "images"
    """Containers run from built images, which a runtime pulls."""
    NODES = "nodes"
    """Nodes are machines of their own: they can be restarted and drained."""
    POLICIES = "policies"
    """NetworkPolicies hold."""
    ROOT = "root"
    """The user is root, so that an engine beside the running one can be started."""


class Cluster(ABC):
    """A Kubernetes cluster that tests and demos may do anything to.

    It lives as long as the `with` statement; until then it has a name only.
    """

    kind: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]]
    kubeconfig: Path
    kubectl_path: Path
    images: Images

    def __init__(self, *, name: str = "cluster") -> None:
        self.name = name
        self._cleanup = ExitStack()

    @abstractmethod
    def _start(self, starting: ExitStack) -> None:
        """Start it, leaving what ends it with `starting`, and return when pods can run."""

    def __enter__(self) -> Self:
        """Start it and return when pods can run."""
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
        """End it, and what runs in it."""
        self._cleanup.close()

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

    def get(self, path: str) -> Object:
        """What the API has at a path, as the administrator reads it. Raises OSError."""
        return self.api.get(path)

    @cached_property
    def api(self) -> Api:
        """The API as the administrator has it."""
        return Api(self.kubeconfig)

    def environment(self) -> dict[str, str]:
        """Environment variables with which kubectl and clients find this cluster."""
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.kubeconfig.parent / "kubectl-cache"),
        }

    @abstractmethod
    def java_image(self) -> str:
        """Reference of the image of the Java peers, which the first call makes available.

        It has `java`, `sh` and `sed` in PATH, and /opt/rocketmq as harness.java.image says.
        """

    @abstractmethod
    def logs(self, namespace: str, pod: str, container: str) -> str:
        """Output of a container's newest instance, as long as its pod exists."""

    @abstractmethod
    def audit_log(self) -> str:
        """What harness.audit understands: each write so far that the API server was asked for."""

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


@runtime_checkable
class Nodes(Protocol):
    """What clusters with the capability NODES have beyond what every kind has."""

    def on_node(self, *words: str) -> str:
        """Run a program on the node; its stdout. Raises HarnessError if it fails."""
        ...

    def restart_node(self) -> None:
        """Restart the node as if the machine had been, and wait until the API answers again."""
        ...
