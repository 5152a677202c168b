"""A spec that cannot be followed: what is told, and from which cluster the rest is judged."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler import conditions, pods, status
from rocketmq_operator.reconciler.conditions import Condition
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.spec import Cluster


def why(error: SpecError) -> Trouble:
    """Why nothing goes on."""
    if error.reason.startswith("KVTooLarge"):
        return Trouble("KVTooLarge", str(error))
    return Trouble("InvalidSpec", str(error))


def as_before(body: Object, followed: Cluster) -> Cluster:
    """The cluster as it was last followed, under the generation of the ``body`` that is not.

    Whoever pauses it in a spec that is wrong elsewhere means it.
    """
    paused = (body.get("spec") or {}).get("paused") is True
    spec = msgspec.structs.replace(followed.spec, paused=paused)
    generation = body["metadata"].get("generation", 0)
    return msgspec.structs.replace(followed, spec=spec, generation=generation)


def outline(body: Object, trouble: Trouble, members: Sequence[Object], now: datetime) -> Object:
    """The status of a cluster that this process never followed: what its pods, ``members``, say.

    The rest stays as it was told.
    """
    previous, generation = body.get("status", {}), body["metadata"].get("generation", 0)
    ready, wanted = sum(map(pods.ready, members)), (body.get("spec") or {}).get("replicas", 3)
    reason = "ServersReady" if ready else "NoServerReady"
    found = [
        Condition("Ready", False, *trouble),
        Condition("Stalled", True, *trouble),
        Condition("Available", ready > 0, reason, f"{ready} of {wanted} servers are ready"),
    ]
    before = previous.get("conditions", ())
    rows = {row["name"]: row for row in previous.get("nameServers", ())}
    current = {
        **previous,
        "observedGeneration": generation,
        "phase": "Degraded" if ready else "Failed",
        "message": trouble.message,
        "replicas": len(members),
        "readyReplicas": ready,
        "ready": f"{ready}/{wanted}",
        "nameServers": [_row(pod, rows.get(pods.name(pod), {}), now) for pod in members],
        "conditions": conditions.to_status(found, before, generation, now),
    }
    return status.filled(current)


def _row(pod: Object, known: Object, now: datetime) -> Object:
    row = {**known, "name": pods.name(pod), "ready": pods.ready(pod)}
    if not row["ready"]:
        row["state"] = status.server_state(pod, None, now)
    elif not known.get("ready"):
        row.pop("state", None)  # nobody has asked the server since
    return row
