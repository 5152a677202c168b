"""Kubernetes objects as plain dicts, and questions that several modules ask about them."""

from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str]


def key_of(item: Object) -> Key:
    """(namespace, name); the namespace of cluster-wide objects is empty."""
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def uid_of(item: Object) -> str:
    """The identity that a recreated object of the same name does not share."""
    uid: str = item["metadata"]["uid"]
    return uid


def is_terminating(item: Object) -> bool:
    """Whether its deletion was asked for."""
    return "deletionTimestamp" in item["metadata"]


def is_finished(pod: Object) -> bool:
    """Whether its containers ended for good."""
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def condition(item: Object, kind: str) -> Object | None:
    """The condition of that type in its status."""
    found = item.get("status", {}).get("conditions") or ()
    return next((each for each in found if each["type"] == kind), None)


def is_ready(pod: Object) -> bool:
    """Whether its Ready condition is true."""
    return (condition(pod, "Ready") or {}).get("status") == "True"


def timestamp(moment: datetime) -> str:
    """As the API writes times: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
