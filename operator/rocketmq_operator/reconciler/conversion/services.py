"""Services that lead to NameServers, and the budgets of their pods."""

from collections.abc import Iterable
from typing import Any, Final

from rocketmq_operator.reconciler.conversion.fields import Fields, filled
from rocketmq_operator.reconciler.conversion.origin import Origin, Surroundings, selects
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import Names

POD_NAME: Final = "statefulset.kubernetes.io/pod-name"
OUTSIDE: Final = ("LoadBalancer", "NodePort")
SAME: Final = ("externalTrafficPolicy", "loadBalancerClass", "loadBalancerSourceRanges")
TOOLS: Final = ("kubectl.kubernetes.io/", "meta.helm.sh/", "argocd.argoproj.io/")
"""Prefixes of annotations of who keeps an object."""
UNSAID: Final[Object] = {
    "sessionAffinity": "None",
    "internalTrafficPolicy": "Cluster",
    "externalTrafficPolicy": "Cluster",
    "ipFamilyPolicy": "SingleStack",
    "allocateLoadBalancerNodePorts": True,
    "publishNotReadyAddresses": True,
}
WITHOUT_WORD: Final = frozenset(
    {"selector", "ports", "clusterIP", "clusterIPs", "ipFamilies", "healthCheckNodePort"}
)
ADVICE: Final = {
    "externalIPs": "use spec.service.type LoadBalancer, or spec.external",
    "loadBalancerIP": "use an annotation of the load balancer, in spec.service.metadata",
}
NO_FIELD: Final = "spec.service has no such field"
USE: Final = "the new name is {}; see docs/migration.md for those who use the old one"
ONE_ONLY: Final = "a NameServerCluster has one Service for clients; keep this one by yourself"
HELD: Final = "the old Service holds it; set spec.{} when that is gone"
TAKEN: Final = (
    "the operator would make a Service of this name: give the NameServerCluster another name"
)


def wanted(origin: Origin, around: Surroundings, name: str) -> Object:
    """``service`` and ``external`` of the spec of cluster ``name``."""
    names = Names(origin.namespace or "default", name)
    for_all, for_one = [], []
    for service in around.services:
        selector = (service.get("spec") or {}).get("selector") or {}
        if POD_NAME in selector and selector[POD_NAME].startswith(f"{origin.name}-"):
            for_one.append(service)
        elif selects({"matchLabels": selector}, origin.labels):
            for_all.append(service)
        if service["metadata"]["name"] in (names.client_service, names.headless_service):
            origin.remarks.say("Service", service["metadata"]["name"], TAKEN)
    return filled(service=_service(for_all, names, origin), external=_external(for_one, origin))


def budget(origin: Origin, around: Surroundings) -> Object:
    """``podDisruptionBudget`` of the spec."""
    for one in around.budgets:
        spec = one.get("spec") or {}
        if selects(spec.get("selector") or {}, origin.labels):
            found = filled(
                maxUnavailable=spec.get("maxUnavailable"), minAvailable=spec.get("minAvailable")
            )
            return {} if found == {"maxUnavailable": 1} else found
    return {}


def _service(given: list[Object], names: Names, origin: Origin) -> Object:
    """The Service for clients: the one that leads furthest out."""
    ordered = sorted(given, key=lambda one: _rank(one["spec"]))
    found: Object = {}
    seen = False
    for one in ordered:
        name = one["metadata"]["name"]
        headless = one["spec"].get("clusterIP") == "None"
        new = names.headless_service if headless else names.client_service
        if not headless and seen and one["spec"].get("type") in OUTSIDE:
            origin.remarks.left("Service", name, ONE_ONLY)
            continue
        origin.remarks.say("Service", name, USE.format(new))
        if not headless and not seen:
            found, seen = _settings(one, origin, "service.nodePort"), True
    return found


def _rank(spec: Object) -> int:
    kind = spec.get("type")
    return OUTSIDE.index(kind) if kind in OUTSIDE else len(OUTSIDE)


def _external(given: list[Object], origin: Origin) -> Object:
    """A Service for each server, after the first that leads outside."""
    outside = [one for one in given if one["spec"].get("type") in OUTSIDE]
    for one in outside[1:]:
        for port in _node_ports(one["spec"]):
            origin.remarks.left(_at(one, "nodePort"), port, HELD.format("external.endpoints"))
    return _settings(outside[0], origin, "external.endpoints") if outside else {}


def _settings(service: Object, origin: Origin, node_port: str) -> Object:
    spec = Fields(f"Service {service['metadata']['name']}: spec", service["spec"])
    kind = spec.take("type")
    found = filled(
        type=kind if kind in OUTSIDE else None,
        metadata=filled(annotations=_annotations(service)),
        **{field: _unusual(spec, field) for field in SAME},
    )
    for port in _node_ports(service["spec"]) if kind in OUTSIDE else ():
        origin.remarks.left(_at(service, "nodePort"), port, HELD.format(node_port))
    for field, path, value in spec.rest(UNSAID):
        if field not in WITHOUT_WORD:
            origin.remarks.left(path, value, ADVICE.get(field, NO_FIELD))
    return found


def _annotations(service: Object) -> dict[str, str]:
    given = service["metadata"].get("annotations") or {}
    return {key: str(value) for key, value in given.items() if not key.startswith(TOOLS)}


def _unusual(spec: Fields, field: str) -> Any:
    value = spec.take(field)
    return None if value == UNSAID.get(field) else value


def _node_ports(spec: Object) -> Iterable[int]:
    return [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]


def _at(service: Object, field: str) -> str:
    return f"Service {service['metadata']['name']}: spec.ports.{field}"
