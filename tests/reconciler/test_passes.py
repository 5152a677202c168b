"""Passes over one cluster in the middle of a roll: what is remembered from one to the next."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rocketmq_operator.reconciler import kinds, reconcile
from rocketmq_operator.reconciler.kinds import Key, Kind
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.reconcile import OperatorSettings, Reconciler
from rocketmq_operator.reconciler.reports import Report, Target
from rocketmq_operator.reconciler.sync import STARTED_WITH, Held
from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.views import BrokerId, ServerView, Sighting

Object = dict[str, Any]
KEY = Key("mq", "prod")
START = datetime(2026, 1, 1, tzinfo=UTC)
FULL = ServerView({BrokerId("c1", "broker-a", 0): Sighting("10.1.0.1:10911")})
EMPTY = ServerView({})
STATUS = {
    "StatefulSet": {"observedGeneration": 1, "updateRevision": "new"},
    "PodDisruptionBudget": {"observedGeneration": 1, "disruptionsAllowed": 1},
}
"""Of children, as their controllers would write it."""


class Clock(datetime):
    """What the reconciler takes for the time."""

    current = START

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        del tz
        return cls.current


class Api:
    """Takes everything and remembers what was deleted."""

    def __init__(self, cluster: Object) -> None:
        self.deleted: list[str] = []
        self._cluster = cluster
        self._version = 100

    async def get(self, kind: Kind, namespace: str, name: str) -> None:
        return None

    async def apply(self, kind: Kind, obj: Object) -> Object:
        return self._stored(obj)

    async def patch_status(self, kind: Kind, namespace: str, name: str, patch: Object) -> Object:
        return self._stored({**self._cluster, "status": patch["status"]})

    async def delete(self, kind: Kind, obj: Object) -> None:
        self.deleted.append(obj["metadata"]["name"])

    def _stored(self, obj: Object) -> Object:
        self._version += 1
        metadata = {"uid": "u", "generation": 1, **obj["metadata"]}
        metadata["resourceVersion"] = str(self._version)
        return {"status": STATUS.get(obj["kind"], {}), **obj, "metadata": metadata}


class Poller:
    """Servers that show what the test says."""

    def __init__(self) -> None:
        self.views: Mapping[int, ServerView | None] = {}

    def ensure(self, key: Key, targets: list[Target], orders: Any) -> None:
        self._targets = {target.pod: target for target in targets}

    def reports(self, key: Key) -> dict[str, Report]:
        held = Held(dict(STARTED_WITH), {})
        views = {f"prod-nameserver-{n}": view for n, view in self.views.items()}
        return {
            pod: Report(target, views[pod], held if views[pod] else None)
            for pod, target in self._targets.items()
        }

    async def still_answer(self, key: Key, without: str) -> bool:
        return True


class Recorder:
    """Remembers the Events."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, str]] = []

    async def emit(self, about: Object, reason: str, message: str, *, warning: bool) -> None:
        if warning:
            self.warnings.append((reason, message))


class Roll:
    """Three servers, the last of which was just replaced."""

    def __init__(self, **rollout: Any) -> None:
        cluster = body(rollout=rollout)
        self.api, self.poller, self.recorder = Api(cluster), Poller(), Recorder()
        self.store = Store()
        self.store.put(kinds.CLUSTER, cluster)
        for ordinal, revision in enumerate(("old", "old", "new")):
            self.store.put(kinds.POD, pod(ordinal, revision))
        self.begin()

    def begin(self) -> None:
        """Start an operator, which knows nothing but what the API tells."""
        settings = OperatorSettings("image:1", "rocketmq-system")
        given = (self.api, self.store, self.poller, self.recorder, settings)
        self._reconciler = Reconciler(*given)  # type: ignore[arg-type]

    async def look(self, *views: ServerView | None, after: float = 0) -> Object:
        """The status after a pass, so many seconds after the start."""
        Clock.current = START + timedelta(seconds=after)
        self.poller.views = dict(enumerate(views))
        await self._reconciler.reconcile(KEY)
        found = self.store.cluster(KEY)
        assert found is not None
        status: Object = found["status"]
        return status


def body(**spec: Any) -> Object:
    metadata = {"namespace": "mq", "name": "prod", "uid": "u", "generation": 1}
    return {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerCluster",
        "metadata": {**metadata, "resourceVersion": "10"},
        "spec": {"replicas": 3, **spec},
        "status": {"observedGeneration": 1, "phase": "Running"},
    }


def pod(ordinal: int, revision: str) -> Object:
    since = to_text(START - timedelta(hours=1))
    labels = {"namesrv.dev/cluster": "prod", "controller-revision-hash": revision}
    running = {"name": "nameserver", "state": {"running": {"startedAt": since}}}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
    return {
        "metadata": {
            "namespace": "mq",
            "name": f"prod-nameserver-{ordinal}",
            "uid": f"p{ordinal}",
            "resourceVersion": "11",
            "labels": labels,
        },
        "spec": {"containers": [{"name": "nameserver"}]},
        "status": {
            "podIP": f"10.0.0.{ordinal}",
            "conditions": [ready],
            "containerStatuses": [running],
        },
    }


def stalled(status: Object) -> list[str]:
    return [each["reason"] for each in status["conditions"] if each["type"] == "Stalled"]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "datetime", Clock)


async def test_an_operator_that_starts_in_a_roll_waits_for_every_server() -> None:
    roll = Roll()
    status = await roll.look(None, None, EMPTY)
    assert status["rollout"]["blockedBy"] == "ViewsNotConverged"
    await roll.look(FULL, None, EMPTY)
    await roll.look(FULL, FULL, EMPTY)
    assert roll.api.deleted == []
    await roll.look(FULL, FULL, FULL)
    assert roll.api.deleted == ["prod-nameserver-1"]


async def test_a_server_that_stays_behind_stops_the_roll_once_its_time_is_over() -> None:
    roll = Roll()
    await roll.look(FULL, FULL, EMPTY)
    assert stalled(await roll.look(FULL, FULL, EMPTY, after=179)) == []
    assert stalled(await roll.look(FULL, FULL, EMPTY, after=180)) == ["RolloutTimedOut"]
    roll.begin()
    assert stalled(await roll.look(FULL, FULL, EMPTY, after=181)) == []
    assert roll.api.deleted == []


async def test_going_on_without_a_server_is_told_by_a_warning() -> None:
    roll = Roll(onTimeout="Continue", viewTimeoutSeconds=20)
    await roll.look(FULL, FULL, EMPTY)
    assert (roll.api.deleted, roll.recorder.warnings) == ([], [])
    await roll.look(FULL, FULL, EMPTY, after=20)
    assert roll.api.deleted == ["prod-nameserver-1"]
    ((reason, message),) = roll.recorder.warnings
    assert reason == "RolloutTimedOut"
    assert "although prod-nameserver-2 does not show broker broker-a" in message
