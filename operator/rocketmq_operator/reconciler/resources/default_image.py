"""The image of a cluster whose spec names none: under ``Pinned`` the one it began with."""

from typing import Final

from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.spec import ImageUpdatePolicy

ANNOTATION: Final = "namesrv.dev/default-image"
"""On the StatefulSet, so that it outlives an upgrade of the operator and a ``spec.image``."""


def resolve(body: Object, stateful_set: Object | None, operator_image: str) -> str:
    """The default image of the NameServerCluster ``body``.

    ``operator_image`` is the default of the running operator, ``stateful_set`` the live one.
    """
    spec = body.get("spec") or {}
    follows = spec.get("imageUpdatePolicy") == ImageUpdatePolicy.FOLLOW_OPERATOR
    if stateful_set is None or follows:
        return operator_image
    pinned = stateful_set["metadata"].get("annotations", {}).get(ANNOTATION)
    if pinned:
        return str(pinned)
    return operator_image if spec.get("image") else _running(stateful_set) or operator_image


def _running(stateful_set: Object) -> str:
    return str(pods.server(stateful_set["spec"]["template"]["spec"]).get("image", ""))
