"""What a NameServerKVConfig tells: people by its words, tools by its conditions."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from harness import kstatus_program
from rocketmq_operator.reconciler import delegation, kvconfig, kvstatus
from rocketmq_operator.reconciler.kinds import KV_CONFIG, Key
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.resources.inventory import Inventory, Written
from rocketmq_operator.reconciler.spec import parse
from rocketmq_operator.reconciler.sync import Drift, KvKey, Wanted

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
IN_SYNC = Drift((), (), (), {})
DIFFERS = Drift((), (), (KvKey("app", "k"),), {})
OTHERS_DIFFER = Drift((), (), (KvKey("app", "other"), KvKey("else", "k")), {})


def body(name: str = "a", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": KV_CONFIG.api_version,
        "kind": KV_CONFIG.name,
        "metadata": {
            "name": name,
            "namespace": "mq",
            "generation": 2,
            "creationTimestamp": f"2026-01-01T00:00:{ord(name):02}Z",
        },
        "spec": {
            "clusterRef": {"name": "prod"},
            "kvNamespace": "app",
            "entries": {"k": "1"},
            **spec,
        },
    }


def observed(drifts: list[Drift], now: datetime = NOW, **spec: Any) -> Observed:
    """Servers of which each differs so."""
    metadata = {"name": "prod", "namespace": "mq", "uid": "u", "generation": 1}
    cluster = parse({"metadata": metadata, "spec": {"replicas": 3, **spec}}, "image")
    pods = [{"metadata": {"name": f"prod-nameserver-{n}"}} for n in range(3)]
    found = {f"prod-nameserver-{n}": drift for n, drift in enumerate(drifts)}
    return Observed(cluster, now, pods=pods, drifts=found)


def told(one: dict[str, Any], seen: Observed, *others: dict[str, Any]) -> dict[str, Any]:
    configs = [kvconfig.read(each) for each in (one, *others)]
    division = delegation.divide(seen.cluster, configs, Written(), {})
    (share,) = [s for s in division.shares if s.config.key.name == one["metadata"]["name"]]
    wanted = Wanted(kv=division.delegated.kv, kv_reported=division.delegated.reported)
    given = division.delegated
    noted = Written(Inventory(delegated=dict(given.owners)), given.kv)
    return kvstatus.build(share, replace(seen, wanted=wanted), noted, one)


def ready(status: dict[str, Any]) -> tuple[str, str]:
    (found,) = [c for c in status["conditions"] if c["type"] == "Ready"]
    return found["status"], found["reason"]


def types(status: dict[str, Any]) -> list[str]:
    return [condition["type"] for condition in status["conditions"]]


@pytest.mark.parametrize(
    ("drifts", "spec", "synced", "expected"),
    [
        ([IN_SYNC] * 3, {}, "3/3", ("True", "Synced")),
        ([OTHERS_DIFFER] * 3, {}, "3/3", ("True", "Synced")),
        ([IN_SYNC, DIFFERS, IN_SYNC], {}, "2/3", ("False", "Syncing")),
        ([IN_SYNC, DIFFERS, IN_SYNC], {"paused": True}, "2/3", ("False", "ClusterPaused")),
        ([IN_SYNC, IN_SYNC], {}, "2/3", ("False", "ServersNotAnswering")),
        ([], {"suspend": True}, "0/0", ("True", "ClusterSuspended")),
    ],
)
def test_it_is_ready_when_every_server_holds_its_entries(
    drifts: list[Drift], spec: dict[str, Any], synced: str, expected: tuple[str, str]
) -> None:
    status = told(body(), observed(drifts, **spec))
    assert (status["synced"], ready(status)) == (synced, expected)


def test_a_difference_that_is_only_reported_is_not_work_under_way() -> None:
    status = told(body(drift="Report"), observed([DIFFERS] * 3))
    assert ready(status) == ("False", "Drifted")
    assert "Reconciling" not in types(status)


def test_whoever_loses_a_key_is_stalled_and_whoever_has_it_is_ready() -> None:
    seen = observed([IN_SYNC] * 3)
    owner, loser = told(body("a"), seen, body("b")), told(body("b"), seen, body("a"))
    assert (ready(owner), types(owner)) == (("True", "Synced"), ["Ready", "Conflict"])
    assert ready(loser) == ("False", "KeyConflict")
    assert types(loser) == ["Ready", "Stalled", "Conflict"]
    assert owner["conflicts"] == loser["conflicts"]
    assert loser["conflicts"] == [
        {
            "key": "k",
            "owner": "NameServerKVConfig mq/a",
            "refused": ["NameServerKVConfig mq/b"],
        }
    ]


def test_the_time_of_the_sync_moves_with_the_entries_alone() -> None:
    one = body()
    first = one["status"] = told(one, observed([IN_SYNC] * 3))
    assert told(one, observed([IN_SYNC] * 3, LATER)) == first
    one["spec"]["entries"] = {"k": "2"}
    assert "lastSyncTime" not in told(one, observed([DIFFERS] * 3, LATER))
    assert told(one, observed([IN_SYNC] * 3, LATER))["lastSyncTime"] == "2026-01-02T00:00:00Z"


def test_without_a_cluster_what_was_known_stays() -> None:
    one = body()
    one["status"] = told(one, observed([IN_SYNC] * 3))
    trouble = Trouble("ClusterNotFound", "there is none")
    status = kvstatus.without_cluster(Key("mq", "prod"), trouble, one, LATER)
    assert ready(status) == ("False", "ClusterNotFound")
    assert (status["cluster"], status["keys"]) == ("mq/prod", 1)


def test_the_library_of_helm_and_flux_agrees() -> None:
    seen = observed([IN_SYNC] * 3)
    judged = {
        "Current": told(body("a"), seen, body("b")),
        "Failed": told(body("b"), seen, body("a")),
        "InProgress": told(body(), observed([DIFFERS] * 3)),
    }
    objects = [{**body(), "status": status} for status in judged.values()]
    assert [one.status for one in kstatus_program.verdicts(objects)] == list(judged)
