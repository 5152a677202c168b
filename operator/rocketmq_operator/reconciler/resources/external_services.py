"""A Service for each server, for brokers and clients outside, and what address that gives it."""

from collections.abc import Mapping
from typing import Any, Final

from rocketmq_operator.reconciler.kinds import SERVICE, Object
from rocketmq_operator.reconciler.names import REMOTING_PORT
from rocketmq_operator.reconciler.resources.headless_service import service_port
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import AddedMetadata, Cluster, External

POD_NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"
"""On every pod of a StatefulSet, by Kubernetes itself."""


def build(cluster: Cluster) -> list[Object]:
    """The Services, by ordinal; none unless ``spec.external`` asks for them."""
    external = cluster.spec.external
    if external is None:
        return []
    return [_service(cluster, external, ordinal) for ordinal in range(cluster.spec.replicas)]


def addresses(
    cluster: Cluster, services: Mapping[str, Object], pods: Mapping[str, Object]
) -> list[str]:
    """``host:port`` of each server that has an address outside, from live objects by name."""
    external, names = cluster.spec.external, cluster.names
    if external is None:
        return []
    found = [
        _address(
            cluster,
            external,
            ordinal,
            services.get(names.external_service(ordinal), {}),
            pods.get(names.pod(ordinal), {}),
        )
        for ordinal in range(cluster.spec.replicas)
    ]
    return [address for address in found if address]


def _service(cluster: Cluster, external: External, ordinal: int) -> Object:
    names, given = cluster.names, external.endpoint(ordinal)
    port = service_port(REMOTING_PORT, cluster.spec.ports.remoting)
    if given.node_port is not None:
        port["nodePort"] = given.node_port
    metadata = external.metadata
    added = AddedMetadata(metadata.labels, {**metadata.annotations, **given.annotations})
    return {
        **child(cluster, SERVICE, names.external_service(ordinal), added),
        "spec": {
            "type": external.type,
            # Brokers must reach a server before anybody can call it ready.
            "publishNotReadyAddresses": True,
            "selector": {**names.labels, POD_NAME_LABEL: names.pod(ordinal)},
            "ports": [port],
            **_optional(external),
        },
    }


def _optional(external: External) -> Object:
    parts: dict[str, Any] = {
        "externalTrafficPolicy": external.external_traffic_policy,
        "loadBalancerClass": external.load_balancer_class,
        "loadBalancerSourceRanges": external.load_balancer_source_ranges,
    }
    return {key: part for key, part in parts.items() if part}


def _address(
    cluster: Cluster, external: External, ordinal: int, service: Object, pod: Object
) -> str:
    given = external.endpoint(ordinal)
    if external.type == "LoadBalancer":
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        host = given.host or ingress[0].get("hostname") or ingress[0].get("ip")
        port: int | None = given.port or cluster.spec.ports.remoting
    else:
        host = given.host or pod.get("status", {}).get("hostIP")
        port = given.port or _node_port(service)
    return f"{host}:{port}" if host and port else ""


def _node_port(service: Object) -> int | None:
    ports = service.get("spec", {}).get("ports") or [{}]
    number: int | None = ports[0].get("nodePort")
    return number
