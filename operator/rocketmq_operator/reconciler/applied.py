"""What applying a manifest makes of the spec of an object that is there already. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

from rocketmq_operator.reconciler.kinds import Object

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def applier(live: Object) -> str:
    """The field manager that has the spec by server-side apply, the latest; "" if none has."""
    found = [
        (str(entry.get("time", "")), str(entry["manager"]))
        for entry in live["metadata"].get("managedFields", ())
        if entry["operation"] == "Apply"
        and not entry.get("subresource")
        and "f:spec" in entry.get("fieldsV1", {})
    ]
    return max(found, default=("", ""))[1]


def applied(live: Object, manifest: Object) -> Object:
    """The spec after client-side apply.

    Fields that the manifest applied last had and this one has not go; fields of others stay
    (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/).
    """
    text = live["metadata"].get("annotations", {}).get(LAST_APPLIED, "{}")
    last = json.loads(text).get("spec") or {}
    return _merged(live.get("spec") or {}, manifest.get("spec") or {}, last)


def _merged(
    live: Mapping[str, Any], new: Mapping[str, Any], last: Mapping[str, Any]
) -> dict[str, Any]:
    merged = {key: value for key, value in live.items() if key in new or key not in last}
    for key, value in new.items():
        there = merged.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            before = last.get(key)
            merged[key] = _merged(there, value, before if isinstance(before, dict) else {})
        else:
            merged[key] = value
    return merged
