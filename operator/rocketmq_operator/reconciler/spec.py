"""A NameServerCluster as read from the API: every default resolved, every limit kept.

The CRD's schema refuses most mistakes before they come here. What it cannot see raises SpecError.
"""

import json
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.delegated import Delegated
from rocketmq_operator.reconciler.kinds import Key, Object
from rocketmq_operator.reconciler.names import Names
from rocketmq_operator.reconciler.sync import Policy, Prune

ORDER_TOPICS: Final = "ORDER_TOPIC_CONFIG"
"""The one KV namespace that RocketMQ itself reads."""

MAX_KV_BYTES: Final = 900_000
"""The wanted KV entries as JSON; a ConfigMap holds 1 MiB, and the inventory needs its part."""

PodPart = dict[str, Any]
"""A part of a pod in Kubernetes's own form, passed through."""

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[int, Meta(ge=0)]


class Flavor(StrEnum):
    """``spec.flavor``: which NameServer runs."""

    NATIVE = "Native"
    JAVA = "Java"


class LogLevel(StrEnum):
    """``spec.logLevel``."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ImageUpdatePolicy(StrEnum):
    """``spec.imageUpdatePolicy``: what a new default image of the operator means."""

    PINNED = "Pinned"
    FOLLOW_OPERATOR = "FollowOperator"


class Mirror(StrEnum):
    """``spec.brokers.mirror``: how much of the brokers is shown in status."""

    FULL = "Full"
    SUMMARY = "Summary"
    DISABLED = "Disabled"


class Strategy(StrEnum):
    """``spec.rollout.strategy``: who deletes pods of an older revision."""

    GATED = "Gated"
    ON_DELETE = "OnDelete"


class OnTimeout(StrEnum):
    """``spec.rollout.onTimeout``: what follows when a server does not catch up in time."""

    PAUSE = "Pause"
    CONTINUE = "Continue"


class OnRestartRequired(StrEnum):
    """``spec.rollout.onRestartRequired``: what follows for properties read at the start only."""

    REPORT = "Report"
    RESTART = "Restart"


class Part(Struct, frozen=True, rename="camel"):
    """A part of the spec; unknown fields, of a newer CRD, are left out."""


class Ports(Part, frozen=True):
    """``spec.ports``."""

    remoting: Port = 9876
    http: Port = 8080


class Storage(Part, frozen=True):
    """``spec.storage``: a volume for each server."""

    size: str | int
    storage_class_name: str | None = None
    access_mode: str = "ReadWriteOnce"
    when_deleted: str = "Retain"
    when_scaled: str = "Delete"


class AddedMetadata(Part, frozen=True):
    """``spec.pod.metadata`` and the like."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class ProbeTiming(Part, frozen=True):
    """``spec.pod.startupProbe`` and the like: a field left out keeps the operator's default."""

    initial_delay_seconds: Seconds | None = None
    period_seconds: Seconds | None = None
    timeout_seconds: Seconds | None = None
    failure_threshold: Seconds | None = None
    success_threshold: Seconds | None = None


class Pod(Part, frozen=True):
    """``spec.pod``."""

    metadata: AddedMetadata = AddedMetadata()
    affinity: PodPart | None = None
    node_selector: dict[str, str] = {}
    tolerations: list[PodPart] = []
    topology_spread_constraints: list[PodPart] | None = None
    priority_class_name: str | None = None
    runtime_class_name: str | None = None
    scheduler_name: str | None = None
    service_account_name: str | None = None
    security_context: PodPart = {}
    container_security_context: PodPart = {}
    env: list[PodPart] = []
    env_from: list[PodPart] = []
    volumes: list[PodPart] = []
    volume_mounts: list[PodPart] = []
    init_containers: list[PodPart] = []
    sidecars: list[PodPart] = []
    host_network: bool = False
    dns_policy: str | None = None
    dns_config: PodPart | None = None
    host_aliases: list[PodPart] = []
    startup_probe: ProbeTiming = ProbeTiming()
    readiness_probe: ProbeTiming = ProbeTiming()
    liveness_probe: ProbeTiming = ProbeTiming()
    termination_grace_period_seconds: Seconds = 30


class Service(Part, frozen=True):
    """``spec.service``; what is not given is left to Kubernetes."""

    metadata: AddedMetadata = AddedMetadata()
    type: str = "ClusterIP"
    node_port: Port | None = None
    external_traffic_policy: str | None = None
    internal_traffic_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_source_ranges: list[str] = []
    allocate_load_balancer_node_ports: bool | None = None
    ip_family_policy: str | None = None
    ip_families: list[str] = []


class ExternalEndpoint(Part, frozen=True):
    """One item of ``spec.external.endpoints``: what is special about one server."""

    ordinal: Annotated[int, Meta(ge=0)]
    host: str | None = None
    port: Port | None = None
    node_port: Port | None = None
    annotations: dict[str, str] = {}


class External(Part, frozen=True):
    """``spec.external``: a Service for each server."""

    type: str
    metadata: AddedMetadata = AddedMetadata()
    external_traffic_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_source_ranges: list[str] = []
    endpoints: list[ExternalEndpoint] = []

    def endpoint(self, ordinal: int) -> ExternalEndpoint:
        """What is said of the server with this ordinal."""
        given = (endpoint for endpoint in self.endpoints if endpoint.ordinal == ordinal)
        return next(given, ExternalEndpoint(ordinal))


class AddressServer(Part, frozen=True):
    """``spec.addressServer``."""

    enabled: bool = False
    domain: str | None = None


class TlsMode(StrEnum):
    """``spec.tls.mode``: which connections the remoting port takes."""

    DISABLED = "Disabled"
    PERMISSIVE = "Permissive"
    ENFORCING = "Enforcing"


class ClientAuth(StrEnum):
    """``spec.tls.clientAuth``: whether clients must show a certificate."""

    NONE = "None"
    OPTIONAL = "Optional"
    REQUIRE = "Require"


class CertManager(Part, frozen=True):
    """``spec.tls.certManager``; ``issuer_ref`` is in cert-manager's own form."""

    issuer_ref: dict[str, str]
    duration: str | None = None
    renew_before: str | None = None
    dns_names: list[str] = []
    ip_addresses: list[str] = []


class Tls(Part, frozen=True):
    """``spec.tls``."""

    mode: TlsMode = TlsMode.DISABLED
    secret_name: str | None = None
    cert_manager: CertManager | None = None
    client_auth: ClientAuth = ClientAuth.NONE
    client_ca_secret_name: str | None = field(name="clientCASecretName", default=None)


class PodMonitor(Part, frozen=True):
    """``spec.monitoring.podMonitor``."""

    enabled: bool = False
    labels: dict[str, str] = {}
    interval: str | None = None


class PrometheusRule(Part, frozen=True):
    """``spec.monitoring.prometheusRule``."""

    enabled: bool = False
    labels: dict[str, str] = {}


class GrafanaDashboard(Part, frozen=True):
    """``spec.monitoring.grafanaDashboard``."""

    enabled: bool = False
    labels: dict[str, str] = {}


class Monitoring(Part, frozen=True):
    """``spec.monitoring``."""

    pod_monitor: PodMonitor = PodMonitor()
    prometheus_rule: PrometheusRule = PrometheusRule()
    grafana_dashboard: GrafanaDashboard = GrafanaDashboard()


class NetworkPolicy(Part, frozen=True):
    """``spec.networkPolicy``; peers are in Kubernetes's own form, None lets everybody in."""

    managed: bool = True
    remoting_from: list[PodPart] | None = None
    http_from: list[PodPart] = []


class HeadlessService(Part, frozen=True):
    """``spec.headlessService``."""

    metadata: AddedMetadata = AddedMetadata()


class KvNamespace(Part, frozen=True):
    """One item of ``spec.kvConfig``."""

    kv_namespace: str
    entries: dict[str, str] = {}


class DelegationFrom(StrEnum):
    """``spec.kvDelegation.from``: where NameServerKVConfigs may be."""

    NONE = "None"
    SAME = "Same"
    SELECTOR = "Selector"
    ALL = "All"


class KvDelegation(Part, frozen=True):
    """``spec.kvDelegation``; the selector is in Kubernetes's own form."""

    from_: DelegationFrom = field(name="from", default=DelegationFrom.SAME)
    namespace_selector: PodPart = {}
    reserved_namespaces: list[str] = []


class Drift(Part, frozen=True):
    """``spec.drift``."""

    namesrv_config: Policy = Policy.CORRECT
    kv_config: Policy = Policy.CORRECT
    kv_prune: Prune = Prune.OWNED
    interval_seconds: Annotated[int, Meta(ge=1)] = 60


class ExpectedCluster(Part, frozen=True):
    """One item of ``spec.brokers.expectedClusters``."""

    name: str
    min_broker_names: Annotated[int, Meta(ge=0)] = 0
    min_masters: Annotated[int, Meta(ge=0)] = 0


class Brokers(Part, frozen=True):
    """``spec.brokers``."""

    mirror: Mirror = Mirror.FULL
    max_entries: Annotated[int, Meta(ge=0, le=500)] = 200
    probe_interval_seconds: Annotated[int, Meta(ge=1)] = 10
    stale_after_seconds: Seconds = 45
    forget_after_seconds: Seconds = 3600
    expected_clusters: list[ExpectedCluster] = []


class DisruptionBudget(Part, frozen=True):
    """``spec.podDisruptionBudget``."""

    enabled: bool = True
    max_unavailable: int | str | None = None
    min_available: int | str | None = None


class Rollout(Part, frozen=True):
    """``spec.rollout``."""

    strategy: Strategy = Strategy.GATED
    min_ready_seconds: Seconds = 5
    view_timeout_seconds: Seconds = 180
    on_timeout: OnTimeout = OnTimeout.PAUSE
    repair_broken_pods: bool = True
    on_restart_required: OnRestartRequired = OnRestartRequired.REPORT


class LocalSecret(Part, frozen=True):
    """One item of ``spec.imagePullSecrets``."""

    name: str


class ClusterSpec(Part, frozen=True):
    """``spec`` with its defaults; ``image`` is the operator's default where the spec names none."""

    replicas: Annotated[int, Meta(ge=1, le=9)] = 3
    suspend: bool = False
    paused: bool = False
    flavor: Flavor = Flavor.NATIVE
    image: str = ""
    image_pull_policy: str | None = None
    image_pull_secrets: list[LocalSecret] = []
    image_update_policy: ImageUpdatePolicy = ImageUpdatePolicy.PINNED
    log_level: LogLevel = LogLevel.INFO
    ports: Ports = Ports()
    resources: PodPart | None = None
    storage: Storage | None = None
    pod: Pod = Pod()
    service: Service = Service()
    headless_service: HeadlessService = HeadlessService()
    external: External | None = None
    address_server: AddressServer = AddressServer()
    tls: Tls = Tls()
    monitoring: Monitoring = Monitoring()
    network_policy: NetworkPolicy = NetworkPolicy()
    namesrv_config: dict[str, str] = {}
    kv_config: list[KvNamespace] = []
    order_topics: dict[str, str] = {}
    kv_delegation: KvDelegation = KvDelegation()
    drift: Drift = Drift()
    brokers: Brokers = Brokers()
    disruption_budget: DisruptionBudget = field(
        name="podDisruptionBudget", default_factory=DisruptionBudget
    )
    rollout: Rollout = Rollout()

    @property
    def servers(self) -> int:
        """How many servers shall run now."""
        return 0 if self.suspend else self.replicas

    @property
    def kv(self) -> dict[str, dict[str, str]]:
        """KV entries that stand here, by KV namespace, those of ordered topics among them."""
        tables = {item.kv_namespace: item.entries for item in self.kv_config}
        if self.order_topics:
            tables[ORDER_TOPICS] = self.order_topics
        return tables


class Cluster(Struct, frozen=True):
    """One NameServerCluster: who it is and what it wants.

    ``default_image`` is the image it has, or would have, without ``spec.image``; ``delegated`` is
    what its servers hold for others.
    """

    key: Key
    uid: str
    generation: int
    spec: ClusterSpec
    default_image: str
    delegated: Delegated = Delegated()

    @property
    def names(self) -> Names:
        """What its children are called."""
        return Names(self.key.namespace, self.key.name)

    @property
    def kv(self) -> dict[str, dict[str, str]]:
        """All wanted KV entries, by KV namespace."""
        own, others = self.spec.kv, self.delegated.kv
        names = {**own, **others}
        return {name: {**others.get(name, {}), **own.get(name, {})} for name in names}

    @property
    def tls_secret(self) -> str | None:
        """The Secret with the servers' certificate, or None where they do not speak TLS."""
        tls = self.spec.tls
        if tls.mode is TlsMode.DISABLED:
            return None
        return self.names.certificate if tls.cert_manager else tls.secret_name

    @property
    def client_ca_secret(self) -> str | None:
        """The Secret with the authorities that sign clients, or None where nobody is asked."""
        tls = self.spec.tls
        asked = tls.mode is not TlsMode.DISABLED and tls.client_auth is not ClientAuth.NONE
        return tls.client_ca_secret_name if asked else None


def parse(body: Object, default_image: str) -> Cluster:
    """Read a NameServerCluster.

    Raises SpecError for a field of a wrong type or out of its range, and with a reason that
    starts with ``KVTooLarge`` if the KV entries do not fit a ConfigMap.
    """
    metadata = body["metadata"]
    spec = _convert(body.get("spec") or {})
    if not spec.image:
        spec = msgspec.structs.replace(spec, image=default_image)
    _check_size(spec)
    key = Key(metadata["namespace"], metadata["name"])
    return Cluster(key, metadata["uid"], metadata.get("generation", 0), spec, default_image)


def _convert(spec: object) -> ClusterSpec:
    try:
        return msgspec.convert(spec, ClusterSpec)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise SpecError(f"spec{path.rstrip('`')}", reason) from error


def _check_size(spec: ClusterSpec) -> None:
    size = len(json.dumps(spec.kv, ensure_ascii=False).encode())
    if size > MAX_KV_BYTES:
        raise SpecError(
            "spec.kvConfig",
            f"KVTooLarge: the entries, with orderTopics, take {size} bytes as JSON and at most "
            f"{MAX_KV_BYTES} fit; remove some or give another NameServerCluster a part of them",
        )
