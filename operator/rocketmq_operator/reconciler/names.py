"""What the children of a NameServerCluster are called, their labels, and their addresses."""

from typing import Final, NamedTuple

MANAGER: Final = "rocketmq-operator"
"""Value of the managed-by label and the field manager of server-side apply."""

CLUSTER_LABEL: Final = "namesrv.dev/cluster"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
MANAGED_BY_SELECTOR: Final = f"{MANAGED_BY_LABEL}={MANAGER}"

CONTAINER: Final = "nameserver"
REMOTING_PORT: Final = "remoting"
HTTP_PORT: Final = "http"
ADDRESS_SERVER_PORT: Final = 8080
"""Where clients that are given a domain without a port ask for the list of servers."""
DATA_CLAIM: Final = "data"


class Names(NamedTuple):
    """Names, labels and addresses of the children of the cluster ``cluster`` in ``namespace``."""

    namespace: str
    cluster: str

    @property
    def stateful_set(self) -> str:
        """The StatefulSet; the PodDisruptionBudget and the ServiceAccount bear this name too."""
        return f"{self.cluster}-nameserver"

    @property
    def disruption_budget(self) -> str:
        """The PodDisruptionBudget."""
        return self.stateful_set

    @property
    def service_account(self) -> str:
        """The ServiceAccount, unless the spec names another."""
        return self.stateful_set

    @property
    def client_service(self) -> str:
        """The Service with one address for all ready servers."""
        return self.stateful_set

    @property
    def headless_service(self) -> str:
        """The Service with an address for each server, ready or not."""
        return f"{self.stateful_set}-headless"

    @property
    def seed(self) -> str:
        """The ConfigMap with what a server shall hold at its start."""
        return f"{self.stateful_set}-seed"

    @property
    def certificate(self) -> str:
        """The Certificate of cert-manager, and the Secret that it makes."""
        return f"{self.stateful_set}-tls"

    @property
    def monitor(self) -> str:
        """The PodMonitor and the PrometheusRule."""
        return self.stateful_set

    @property
    def dashboard(self) -> str:
        """The ConfigMap with the Grafana dashboard."""
        return f"{self.stateful_set}-dashboard"

    @property
    def network_policy(self) -> str:
        """The NetworkPolicy."""
        return self.stateful_set

    def external_service(self, ordinal: int) -> str:
        """The Service that leads to one server from outside."""
        return f"{self.pod(ordinal)}-external"

    def pod(self, ordinal: int) -> str:
        """The pod with the given ordinal, counted from 0."""
        return f"{self.stateful_set}-{ordinal}"

    def ordinal(self, pod: str) -> int | None:
        """The ordinal of the pod of this name, or None for a name that is not ours."""
        prefix, _, ordinal = pod.rpartition("-")
        known = prefix == self.stateful_set and ordinal.isascii() and ordinal.isdigit()
        return int(ordinal) if known else None

    def claim(self, ordinal: int) -> str:
        """The PersistentVolumeClaim of the pod with the given ordinal."""
        return f"{DATA_CLAIM}-{self.pod(ordinal)}"

    def owns_claim(self, claim: str) -> bool:
        """Whether a PersistentVolumeClaim of this name belongs to one of the servers."""
        prefix = f"{DATA_CLAIM}-"
        return claim.startswith(prefix) and self.ordinal(claim.removeprefix(prefix)) is not None

    @property
    def labels(self) -> dict[str, str]:
        """Labels of every child; also the selector of the pods."""
        return {
            "app.kubernetes.io/name": "rocketmq-nameserver",
            "app.kubernetes.io/instance": self.cluster,
            "app.kubernetes.io/component": "nameserver",
            MANAGED_BY_LABEL: MANAGER,
            CLUSTER_LABEL: self.cluster,
        }

    @property
    def selector(self) -> str:
        """The labels of the pods as text, for ``status.selector``."""
        return ",".join(f"{key}={value}" for key, value in sorted(self.labels.items()))

    def pod_address(self, ordinal: int, port: int) -> str:
        """``host:port`` of one server; without a cluster domain, which the search path adds."""
        return f"{self.pod(ordinal)}.{self.dns_lookup(port)}"

    def namesrv_addr(self, replicas: int, port: int) -> str:
        """Every server, as ``namesrvAddr`` of brokers and clients wants it."""
        return ";".join(self.pod_address(ordinal, port) for ordinal in range(replicas))

    def dns_lookup(self, port: int) -> str:
        """One name for all servers, for brokers that look up its addresses."""
        return f"{self.headless_service}.{self.namespace}.svc:{port}"

    def domain_url(self, domain: str | None) -> str:
        """Where clients find the list of servers (Java: ``MixAll.getWSAddr``)."""
        host = domain or f"{self.client_service}.{self.namespace}.svc"
        return f"http://{host if ':' in host else f'{host}:{ADDRESS_SERVER_PORT}'}/rocketmq/nsaddr"

    def client_address(self, port: int) -> str:
        """The ready servers behind one address."""
        return f"{self.client_service}.{self.namespace}.svc:{port}"
