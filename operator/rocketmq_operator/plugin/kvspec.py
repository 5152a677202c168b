"""KV entries in the form of a NameServerCluster's spec."""

from collections.abc import Mapping
from typing import Any

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.spec import ORDER_TOPICS


def changed(spec: Object, namespace: str, key: str, value: str) -> tuple[str, Object]:
    """The field to change, and the merge patch of the spec that sets one entry.

    A list cannot be merged, so that ``kvConfig`` is in the patch as a whole.
    """
    if namespace == ORDER_TOPICS:
        return "spec.orderTopics", {"orderTopics": {key: value}}
    items = [dict(item) for item in spec.get("kvConfig", ())]
    for item in items:
        if item["kvNamespace"] == namespace:
            item["entries"] = {**item.get("entries", {}), key: value}
            break
    else:
        items.append({"kvNamespace": namespace, "entries": {key: value}})
    return "spec.kvConfig", {"kvConfig": items}


def tables(spec: Object) -> dict[str, dict[str, str]]:
    """The entries that stand in a spec, those of ordered topics among them."""
    found = {item["kvNamespace"]: item.get("entries", {}) for item in spec.get("kvConfig", ())}
    order = spec.get("orderTopics")
    return {**found, **({ORDER_TOPICS: order} if order else {})}


def exported(held: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What a spec says that asks for exactly these tables."""
    found: dict[str, Any] = {
        "kvConfig": [
            {"kvNamespace": name, "entries": dict(sorted(table.items()))}
            for name, table in sorted(held.items())
            if name != ORDER_TOPICS
        ]
    }
    if ORDER_TOPICS in held:
        found["orderTopics"] = dict(sorted(held[ORDER_TOPICS].items()))
    return found
