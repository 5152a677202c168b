"""A NameServerCluster as read from the API: every default resolved, every limit kept.

The CRD's schema refuses most mistakes before they come here. What it cannot see raises SpecError.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.kinds import Key, Object
from rocketmq_operator.reconciler.names import Names
from rocketmq_operator.reconciler.sync import Policy, Prune

ORDER_TOPICS: Final = "ORDER_TOPIC_CONFIG"
"""The one KV namespace that RocketMQ itself reads."""

MAX_KV_BYTES: Final = 900_000
"""The wanted KV entries as JSON; a ConfigMap holds 1 MiB, and the inventory needs its part."""

DEFAULT_RESOURCES: Final[Mapping[str, Mapping[str, str]]] = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"memory": "512Mi"},
}

PodPart = dict[str, Any]
"""A part of a pod in Kubernetes's own form, passed through."""

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[int, Meta(ge=0)]


class LogLevel(StrEnum):
    """``spec.logLevel``."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


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


class PodMetadata(Part, frozen=True):
    """``spec.pod.metadata``."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Pod(Part, frozen=True):
    """``spec.pod``."""

    metadata: PodMetadata = PodMetadata()
    affinity: PodPart | None = None
    node_selector: dict[str, str] = {}
    tolerations: list[PodPart] = []
    topology_spread_constraints: list[PodPart] | None = None
    env: list[PodPart] = []
    security_context: PodPart = {}
    container_security_context: PodPart = {}
    priority_class_name: str | None = None
    service_account_name: str | None = None
    termination_grace_period_seconds: Seconds = 30


class KvNamespace(Part, frozen=True):
    """One item of ``spec.kvConfig``."""

    kv_namespace: str
    entries: dict[str, str] = {}


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


class LocalSecret(Part, frozen=True):
    """One item of ``spec.imagePullSecrets``."""

    name: str


class ClusterSpec(Part, frozen=True):
    """``spec`` with its defaults; ``image`` is the operator's default where the spec names none."""

    replicas: Annotated[int, Meta(ge=1, le=9)] = 3
    suspend: bool = False
    paused: bool = False
    image: str = ""
    image_pull_policy: str | None = None
    image_pull_secrets: list[LocalSecret] = []
    log_level: LogLevel = LogLevel.INFO
    ports: Ports = Ports()
    resources: PodPart | None = None
    storage: Storage | None = None
    pod: Pod = Pod()
    namesrv_config: dict[str, str] = {}
    kv_config: list[KvNamespace] = []
    order_topics: dict[str, str] = {}
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
        """Wanted KV entries by KV namespace, those of ordered topics among them."""
        tables = {item.kv_namespace: item.entries for item in self.kv_config}
        if self.order_topics:
            tables[ORDER_TOPICS] = self.order_topics
        return tables


class Cluster(Struct, frozen=True):
    """One NameServerCluster: who it is and what it wants."""

    key: Key
    uid: str
    generation: int
    spec: ClusterSpec

    @property
    def names(self) -> Names:
        """What its children are called."""
        return Names(self.key.namespace, self.key.name)


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
    return Cluster(key, metadata["uid"], metadata.get("generation", 0), spec)


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
