"""What was written to a cluster, and by whom, as its API server's audit log tells."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

READS: Final = ("get", "list", "watch")
COMPLETE: Final = "ResponseComplete"
POLICY: Final = yaml.safe_dump(
    {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "None", "verbs": list(READS)}, {"level": "Metadata"}],
    }
)
"""Who, what and when of each write, without its content."""


@dataclass(frozen=True)
class Write:
    """One request that was not a read, whatever came of it."""

    user: str
    verb: str
    resource: str
    """With its subresource, as in `pods/status`."""
    namespace: str
    """Empty for what has none."""
    name: str
    code: int
    """Of HTTP."""
    at: str
    """When it was received, RFC 3339 with microseconds."""
    agent: str
    """What the program calls itself."""


def writes(log: str) -> Iterator[Write]:
    """Those in an audit log of the policy above, in its order."""
    for line in log.splitlines():
        event = json.loads(line)
        if event["stage"] == COMPLETE and "objectRef" in event:
            yield _write(event, event["objectRef"])


def _write(event: dict[str, Any], target: dict[str, str]) -> Write:
    parts = (target["resource"], target.get("subresource"))
    return Write(
        user=event["user"]["username"],
        verb=event["verb"],
        resource="/".join(filter(None, parts)),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=event["responseStatus"]["code"],
        at=event["requestReceivedTimestamp"],
        agent=event.get("userAgent", ""),
    )
