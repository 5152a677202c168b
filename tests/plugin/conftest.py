"""A NameServerCluster as the operator leaves it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

Made = Callable[..., dict[str, Any]]

SERVER = {
    "ready": True,
    "state": "Serving",
    "startTime": "2026-11-26T18:00:00Z",
    "configInSync": True,
    "kvInSync": True,
    "brokers": 2,
}
READY = {"type": "Ready", "status": "True", "reason": "AllServersReady", "message": "fine"}
SINCE = {"lastTransitionTime": "2026-11-26T18:00:00Z"}


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 26, 18, 30, tzinfo=UTC)


@pytest.fixture
def make() -> Made:
    def one(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
        conditions = [{**SINCE, **each} for each in status.pop("conditions", [READY])]
        return {
            "metadata": {
                "name": "prod",
                "namespace": "mq",
                "generation": 3,
                "resourceVersion": "7",
                "creationTimestamp": "2026-11-26T17:00:00Z",
            },
            "spec": spec or {},
            "status": {
                "observedGeneration": 3,
                "phase": "Running",
                "message": "2 servers are ready",
                "ready": "2/2",
                "readyReplicas": 2,
                "brokersOnline": "1/1",
                "views": "Converged",
                "config": "Synced",
                "version": "0.1.0",
                "rollout": {"state": "Idle"},
                "addresses": {"namesrvAddr": "a:9876;b:9876"},
                "nameServers": [
                    {"name": f"prod-nameserver-{number}", **SERVER} for number in range(2)
                ],
                "conditions": conditions,
                **status,
            },
        }

    return one
