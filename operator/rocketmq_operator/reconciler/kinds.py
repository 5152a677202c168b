"""The kinds of objects the operator deals with, and where the API serves them."""

from typing import Any, Final, NamedTuple

Object = dict[str, Any]
"""A Kubernetes object as decoded JSON."""


class Kind(NamedTuple):
    """One resource of the Kubernetes API.

    ``group`` is empty for the core group; ``plural`` is the name used in URLs and RBAC.
    """

    group: str
    version: str
    name: str
    plural: str

    @property
    def api_version(self) -> str:
        """``v1`` or ``group/version``, as in an object's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, sub: str = "") -> str:
        """URL path of a collection, an object, or an object's subresource."""
        prefix = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [prefix]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, sub) if part]
        return "/".join(parts)


class Key(NamedTuple):
    """Names one NameServerCluster."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


CLUSTER: Final = Kind("namesrv.dev", "v1alpha1", "NameServerCluster", "nameserverclusters")
KV_CONFIG: Final = Kind("namesrv.dev", "v1alpha1", "NameServerKVConfig", "nameserverkvconfigs")
STATEFUL_SET: Final = Kind("apps", "v1", "StatefulSet", "statefulsets")
SERVICE: Final = Kind("", "v1", "Service", "services")
CONFIG_MAP: Final = Kind("", "v1", "ConfigMap", "configmaps")
SERVICE_ACCOUNT: Final = Kind("", "v1", "ServiceAccount", "serviceaccounts")
DISRUPTION_BUDGET: Final = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
VOLUME_CLAIM: Final = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
NETWORK_POLICY: Final = Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")
CERTIFICATE: Final = Kind("cert-manager.io", "v1", "Certificate", "certificates")
POD_MONITOR: Final = Kind("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors")
PROMETHEUS_RULE: Final = Kind("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules")
SECRET: Final = Kind("", "v1", "Secret", "secrets")
POD: Final = Kind("", "v1", "Pod", "pods")
NAMESPACE: Final = Kind("", "v1", "Namespace", "namespaces")
LEASE: Final = Kind("coordination.k8s.io", "v1", "Lease", "leases")
EVENT: Final = Kind("", "v1", "Event", "events")

CHILDREN: Final = (
    STATEFUL_SET,
    SERVICE,
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    DISRUPTION_BUDGET,
    NETWORK_POLICY,
    CERTIFICATE,
    POD_MONITOR,
    PROMETHEUS_RULE,
)
"""What the operator creates for a NameServerCluster."""

WRITTEN: Final = (CLUSTER, KV_CONFIG)
"""What people write for the operator to follow."""

OPTIONAL: Final = frozenset({KV_CONFIG, CERTIFICATE, POD_MONITOR, PROMETHEUS_RULE})
"""Those that a cluster may have no API for."""

WATCHED: Final = (*WRITTEN, *CHILDREN, POD)


def of(obj: Object) -> Kind:
    """The kind of ``obj``; ``KeyError`` names one that the operator does not handle."""
    return _BY_NAME[obj["apiVersion"], obj["kind"]]


_BY_NAME: Final = {(kind.api_version, kind.name): kind for kind in (*WATCHED, LEASE, EVENT)}
