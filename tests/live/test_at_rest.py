"""At rest the operator writes nothing but its Lease, by the API server's own account."""

import time
from typing import Final

from harness.audit import Write, writes
from harness.cluster import Cluster
from harness.product import SYSTEM, Make

REST: Final = 60.0
"""Seconds."""
SETTLED: Final = 5.0
"""Seconds without a write after which nothing of the start is expected any more."""
OPERATOR: Final = f"system:serviceaccount:{SYSTEM}:"
LEASES: Final = "leases"


def test_nothing_is_written_for_a_minute(kubernetes: Cluster, namespace: str, make: Make) -> None:
    make(replicas=3, kvConfig=[{"kvNamespace": "app", "entries": {"a": "1"}}])
    make(replicas=1)
    before = _settled(kubernetes, namespace)
    assert any(each.resource == "nameserverclusters/status" for each in before)
    time.sleep(REST)  # the time itself is what is measured
    assert _written(kubernetes, namespace)[len(before) :] == []


def _written(kubernetes: Cluster, namespace: str) -> list[Write]:
    """By anyone in the namespace, and by the operator beside the namespaces of its clusters."""

    def counts(write: Write) -> bool:
        shared = write.user.startswith(OPERATOR) and write.namespace in {"", SYSTEM}
        return write.namespace == namespace or (shared and write.resource != LEASES)

    return list(filter(counts, writes(kubernetes.audit_log())))


def _settled(kubernetes: Cluster, namespace: str) -> list[Write]:
    """What was written until nothing more was."""
    deadline = time.monotonic() + REST
    last = _written(kubernetes, namespace)
    while time.monotonic() < deadline:
        time.sleep(SETTLED)
        now = _written(kubernetes, namespace)
        if now == last:
            return now
        last = now
    raise AssertionError(f"writes never came to rest: {last[-10:]}")
