"""The servers' volumes after the StatefulSet was made: its claim template can never change."""

from collections.abc import Iterable

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.resources import quantity
from rocketmq_operator.reconciler.spec import Cluster


def template_size(stateful_set: Object | None) -> str | None:
    """The size in the claim template of a live StatefulSet, if it has one."""
    templates = (stateful_set or {}).get("spec", {}).get("volumeClaimTemplates", ())
    return next((_requested(template) for template in templates), None)


def to_grow(cluster: Cluster, live: Iterable[Object]) -> dict[str, str]:
    """Names of the live claims that are smaller than wanted, with the size to ask for."""
    storage = cluster.spec.storage
    if storage is None:
        return {}
    wanted = quantity.from_spec("spec.storage.size", storage.size)
    return {
        claim["metadata"]["name"]: wanted
        for claim in live
        if cluster.names.owns_claim(claim["metadata"]["name"])
        and quantity.value(_requested(claim)) < quantity.value(wanted)
    }


def bound(claim: Object) -> bool:
    """Whether a claim has its volume; before, the API server lets it ask for no other size."""
    return bool(claim.get("status", {}).get("phase") == "Bound")


def larger(cluster: Cluster, live: Iterable[Object]) -> tuple[str, ...]:
    """Words on live claims that have more than is wanted: no volume can be made smaller."""
    storage = cluster.spec.storage
    if storage is None:
        return ()
    return tuple(
        f"volume {claim['metadata']['name']} keeps its {_requested(claim)}, more than the "
        f"{storage.size} of spec.storage.size, as volumes never shrink"
        for claim in live
        if cluster.names.owns_claim(claim["metadata"]["name"])
        and quantity.value(_requested(claim)) > quantity.value(storage.size)
    )


def _requested(claim: Object) -> str:
    return str(claim["spec"]["resources"]["requests"]["storage"])
