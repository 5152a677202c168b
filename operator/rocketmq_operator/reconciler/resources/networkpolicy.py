"""Who may connect to the servers.

Brokers and clients may be anywhere, so the remoting port is open unless the spec says more. The
HTTP port is for the operator, the servers themselves and those that the spec lets in, or for
everybody while it serves the list of servers and the spec names nobody.
"""

from typing import Final

from rocketmq_operator.reconciler.kinds import NETWORK_POLICY, Object
from rocketmq_operator.reconciler.names import HTTP_PORT, REMOTING_PORT
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import Cluster, PodPart

OPERATOR: Final = {
    "app.kubernetes.io/name": "rocketmq-operator",
    "app.kubernetes.io/component": "operator",
}
"""Labels of the operator's pods."""


def build(cluster: Cluster, operator_namespace: str) -> Object | None:
    """The policy, or None where it is switched off.

    ``operator_namespace`` is where the operator runs.
    """
    spec, policy = cluster.spec, cluster.spec.network_policy
    selector = {"matchLabels": cluster.names.labels}
    everybody = spec.address_server.enabled and not policy.http_from
    if not policy.managed:
        return None
    operator: PodPart = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": operator_namespace}},
        "podSelector": {"matchLabels": OPERATOR},
    }
    http = [operator, {"podSelector": selector}, *policy.http_from]
    return {
        **child(cluster, NETWORK_POLICY, cluster.names.network_policy),
        "spec": {
            "podSelector": selector,
            "policyTypes": ["Ingress"],
            "ingress": [
                _rule(REMOTING_PORT, _remoting(policy.remoting_from, operator)),
                _rule(HTTP_PORT, [] if everybody else http),
            ],
        },
    }


def _remoting(given: list[PodPart] | None, operator: PodPart) -> list[PodPart]:
    """The operator must get in with those who are named; everybody else where nobody is."""
    return [operator, *given] if given else []


def _rule(port: str, peers: list[PodPart]) -> Object:
    rule: Object = {"ports": [{"port": port, "protocol": "TCP"}]}
    return rule | ({"from": peers} if peers else {})
