"""A real Kubernetes control plane of four processes on one loopback address."""

from dataclasses import dataclass
from pathlib import Path

from harness import audit
from harness.api import Api
from harness.binaries import Binaries
from harness.credentials import Credentials, make_credentials
from harness.loopback import free_ports
from harness.processes import Child, start
from harness.wait import until

READY_TIMEOUT = 90.0
AUDIT_LOG = "audit.log"
# The endpoint controllers are off: the API refuses loopback addresses in their objects, and all
# they could do here is to fail, retry and write Events for ever.
CONTROLLERS = (
    "*,-endpoints-controller,-endpointslice-controller,-endpointslice-mirroring-controller"
)


@dataclass(frozen=True)
class Layout:
    """Addresses and files of one control plane, all decided before anything starts."""

    directory: Path
    address: str
    etcd_port: int
    etcd_peer_port: int
    api_port: int

    @property
    def etcd_url(self) -> str:
        """Where etcd answers the API server."""
        return f"http://{self.address}:{self.etcd_port}"

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{self.address}:{self.api_port}"

    @property
    def audit_policy(self) -> Path:
        """What of the requests is told in the audit log."""
        return self.directory / "audit-policy.yaml"

    def kubeconfig(self, user: str) -> Path:
        """Path of the kubeconfig of one of the credentials' users."""
        return self.directory / f"{user.removeprefix('system:')}.kubeconfig"


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler.

    `node_grace` is how long nodes may be silent, in the words of the controller manager.
    """

    def __init__(
        self, binaries: Binaries, directory: Path, address: str, logs: Path, node_grace: str
    ) -> None:
        ports = free_ports(address, 3)
        self.layout = Layout(directory, address, *ports)
        self.credentials = make_credentials(directory / "pki", [address, "127.0.0.1"])
        self._binaries = binaries
        self._logs = logs
        self._node_grace = node_grace
        self._children: list[Child] = []
        for user in self.credentials.tokens:
            path = self.layout.kubeconfig(user)
            path.touch(mode=0o600)
            path.write_text(self.credentials.kubeconfig(user, self.layout.server))
        self.reader = Api(self.kubeconfig)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.layout.kubeconfig("admin")

    @property
    def audit_log(self) -> Path:
        """Of the API server."""
        return self._logs / AUDIT_LOG

    def start(self) -> None:
        """Start all four and return when the API is ready and its controllers act."""
        self._start("etcd", etcd_flags(self.layout))
        self.layout.audit_policy.write_text(audit.POLICY)
        flags = apiserver_flags(self.layout, self.credentials, self.audit_log)
        self._start("kube-apiserver", flags)
        self._wait_for("/readyz", "the API server to be ready")
        flags = controller_manager_flags(self.layout, self.credentials, self._node_grace)
        self._start("kube-controller-manager", flags)
        self._start("kube-scheduler", scheduler_flags(self.layout))
        self._wait_for(
            "/api/v1/namespaces/default/serviceaccounts/default", "the controllers to act"
        )

    def stop(self) -> None:
        """Stop all, clients before servers."""
        while self._children:
            self._children.pop().kill()

    def require_running(self) -> None:
        """Raise HarnessError, with the end of its log, if one of the processes has ended."""
        for child in self._children:
            child.require_running()

    def _start(self, program: str, flags: list[str]) -> None:
        log = self._logs / f"{program}.log"
        self._children.append(start([self._binaries.path(program), *flags], log=log))

    def _wait_for(self, path: str, what: str) -> None:
        def answered() -> bool:
            self.require_running()
            return bool(self.reader.read(path))

        until(answered, timeout=READY_TIMEOUT, what=what, retry_on=(OSError,))


def etcd_flags(layout: Layout) -> list[str]:
    """No fsync: the data lives no longer than the cluster."""
    peer = f"http://{layout.address}:{layout.etcd_peer_port}"
    return [
        f"--data-dir={layout.directory / 'etcd'}",
        "--name=default",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver_flags(layout: Layout, credentials: Credentials, audit_log: Path) -> list[str]:
    """Authentication by token, authorization as in a production cluster."""
    return [
        f"--etcd-servers={layout.etcd_url}",
        f"--bind-address={layout.address}",
        f"--advertise-address={layout.address}",
        f"--secure-port={layout.api_port}",
        f"--tls-cert-file={credentials.server_certificate}",
        f"--tls-private-key-file={credentials.server_key}",
        f"--cert-dir={layout.directory / 'apiserver'}",
        f"--service-account-key-file={credentials.service_account_key}",
        f"--service-account-signing-key-file={credentials.service_account_key}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--token-auth-file={credentials.token_file}",
        "--authorization-mode=Node,RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={layout.audit_policy}",
        f"--audit-log-path={audit_log}",
        "--profiling=false",
    ]


def controller_manager_flags(
    layout: Layout, credentials: Credentials, node_grace: str
) -> list[str]:
    """All controllers but the ones that cannot work here; listens nowhere."""
    return [
        f"--kubeconfig={layout.kubeconfig('system:kube-controller-manager')}",
        f"--service-account-private-key-file={credentials.service_account_key}",
        f"--root-ca-file={credentials.ca}",
        f"--controllers={CONTROLLERS}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
        f"--node-monitor-grace-period={node_grace}",
    ]


def scheduler_flags(layout: Layout) -> list[str]:
    """Listens nowhere."""
    return [
        f"--kubeconfig={layout.kubeconfig('system:kube-scheduler')}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]
