"""The Service that leads clients to any ready server; brokers must not use it."""

from typing import Any

from rocketmq_operator.reconciler.kinds import SERVICE, Object
from rocketmq_operator.reconciler.names import ADDRESS_SERVER_PORT, HTTP_PORT, REMOTING_PORT
from rocketmq_operator.reconciler.resources.headless_service import service_port
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import Cluster, Service


def build(cluster: Cluster) -> Object:
    """The Service for clients."""
    service = cluster.spec.service
    port = service_port(REMOTING_PORT, cluster.spec.ports.remoting)
    if service.node_port is not None:
        port["nodePort"] = service.node_port
    return {
        **child(cluster, SERVICE, cluster.names.client_service, service.metadata),
        "spec": {
            "type": service.type,
            "selector": cluster.names.labels,
            "ports": [port, *_address_server(cluster)],
            **_optional(service),
        },
    }


def _address_server(cluster: Cluster) -> list[Object]:
    if not cluster.spec.address_server.enabled:
        return []
    return [service_port(HTTP_PORT, ADDRESS_SERVER_PORT)]


def _optional(service: Service) -> Object:
    parts: dict[str, Any] = {
        "externalTrafficPolicy": service.external_traffic_policy,
        "internalTrafficPolicy": service.internal_traffic_policy,
        "loadBalancerClass": service.load_balancer_class,
        "loadBalancerSourceRanges": service.load_balancer_source_ranges or None,
        "allocateLoadBalancerNodePorts": service.allocate_load_balancer_node_ports,
        "ipFamilyPolicy": service.ip_family_policy,
        "ipFamilies": service.ip_families or None,
    }
    return {key: part for key, part in parts.items() if part is not None}
