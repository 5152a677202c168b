"""Making an object of somebody else the operator's own, as JSON patches (RFC 6902).

A server-side apply alone would keep what others put in: a Service would go on to select the
pods of both. So the object is made as it is wanted first, and what is in it is then counted as
applied, as ``kubectl apply --server-side`` does for objects that were not.
"""

from typing import Any, Final

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import MANAGER

Patch = list[dict[str, Any]]

_KEPT: Final = frozenset({"apiVersion", "kind", "metadata", "status"})


def contents(desired: Object, live: Object) -> Patch:
    """Makes ``live`` what is ``desired``, unless it changed meanwhile."""
    surplus = live.keys() - desired.keys() - _KEPT
    members = {f"/{name}": desired[name] for name in desired.keys() - _KEPT}
    described = ("labels", "annotations", "ownerReferences")
    members |= {f"/metadata/{name}": desired["metadata"].get(name) for name in described}
    return [
        _unchanged(live),
        *({"op": "remove", "path": f"/{name}"} for name in sorted(surplus)),
        *({"op": "add", "path": path, "value": members[path]} for path in sorted(members)),
    ]


def ownership(live: Object) -> Patch:
    """Counts what was written by :func:`contents` as applied, and nothing as anybody else's."""
    entries = live["metadata"].get("managedFields", ())
    kept = [entry for entry in entries if entry.get("subresource")]
    own = [
        {**entry, "operation": "Apply"}
        for entry in entries
        if entry["manager"] == MANAGER and entry not in kept
    ]
    path = "/metadata/managedFields"
    return [_unchanged(live), {"op": "replace", "path": path, "value": [*own, *kept]}]


def _unchanged(live: Object) -> dict[str, Any]:
    version = live["metadata"]["resourceVersion"]
    return {"op": "test", "path": "/metadata/resourceVersion", "value": version}
