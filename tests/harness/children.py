"""What the operator makes of the spec of a cluster, without a cluster."""

from typing import Any

from rocketmq_operator.reconciler import resources
from rocketmq_operator.reconciler.resources import Circumstances
from rocketmq_operator.reconciler.spec import Cluster, parse

Object = dict[str, Any]


def cluster(**spec: Any) -> Cluster:
    """A cluster of this spec, with what Argo CD adds to its metadata."""
    metadata = {
        "name": "prod",
        "namespace": "mq",
        "uid": "u-1",
        "generation": 1,
        "labels": {"argocd.argoproj.io/instance": "app"},
        "annotations": {"argocd.argoproj.io/tracking-id": "app:x"},
    }
    return parse({"metadata": metadata, "spec": spec}, "rocketmq-operator:0.1.0")


def children(claim_size: str | None = None, **spec: Any) -> dict[str, Object]:
    """What the operator makes of a spec, by kind and name."""
    objects = resources.desired(cluster(**spec), Circumstances(claim_size=claim_size))
    return {f"{o['kind']}/{o['metadata']['name']}": o for o in objects}


def stateful_set(**spec: Any) -> Object:
    """The StatefulSet that it makes."""
    return children(**spec)["StatefulSet/prod-nameserver"]


def pod(**spec: Any) -> Object:
    """The template of its pods."""
    template: Object = stateful_set(**spec)["spec"]["template"]
    return template


def container(**spec: Any) -> Object:
    """The server's container."""
    only: Object = pod(**spec)["spec"]["containers"][0]
    return only
