"""What changed between two statuses that is worth an Event."""

from collections.abc import Iterator
from typing import NamedTuple

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.views import State

MAX_BROKER_EVENTS = 16
"""Brokers named in one go; a whole site that goes away is one line in status, not 500 Events."""


class Transition(NamedTuple):
    """An Event to write; ``reason`` is one of a fixed list."""

    reason: str
    message: str
    warning: bool


def transitions(before: Object, after: Object) -> list[Transition]:
    """The Events that tell the step from one status to the next."""
    brokers = list(_brokers(before, after))[:MAX_BROKER_EVENTS]
    return [*_conditions(before, after), *_contested(before, after), *brokers]


def _conditions(before: Object, after: Object) -> Iterator[Transition]:
    earlier = {item["type"]: item for item in before.get("conditions", ())}
    for condition in after.get("conditions", ()):
        name, status = condition["type"], condition["status"]
        if not _moved(earlier.get(name, {}), condition):
            continue
        text = condition["message"]
        if name == "Ready" and status == "True":
            yield Transition("Ready", text, warning=False)
        elif name in {"Stalled", "Conflict"}:
            yield Transition(condition["reason"], text, warning=True)
        elif name == "ViewsConverged" and condition["reason"] == "Diverged":
            yield Transition("ViewsDiverged", text, warning=True)


def _moved(before: Object, after: Object) -> bool:
    """Whether the status is another; of what waits for a person, the reason as well."""
    members = ("status", "reason") if after["type"] == "Stalled" else ("status",)
    return any(before.get(member) != after[member] for member in members)


def _contested(before: Object, after: Object) -> Iterator[Transition]:
    """Of a NameServerCluster: the keys that others began to ask for."""
    earlier, later = (s.get("kvDelegation", {}).get("conflicts", ()) for s in (before, after))
    for item in [item for item in later if item not in earlier]:
        text = (
            f"KV key {item['key']} of {item['kvNamespace']} has the value of {item['owner']}, not "
            f"that of {', '.join(item['refused'])}"
        )
        yield Transition("KeysContested", text, warning=True)


def _brokers(before: Object, after: Object) -> Iterator[Transition]:
    earlier = {_broker(item): item["state"] for item in before.get("brokers", ())}
    for item in after.get("brokers", ()):
        was, state = earlier.get(_broker(item)), item["state"]
        who = f"broker {item['name']} (id {item['id']}) of {item['cluster']} at {item['address']}"
        if state == State.OFFLINE and was not in (None, State.OFFLINE):
            yield Transition("BrokerOffline", f"{who} is offline", warning=True)
        elif state == State.ONLINE and was in (None, State.OFFLINE):
            yield Transition("BrokerOnline", f"{who} is online", warning=False)


def _broker(item: Object) -> tuple[str, str, int]:
    return item["cluster"], item["name"], item["id"]
