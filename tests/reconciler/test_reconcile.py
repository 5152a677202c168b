"""What a pass does, and tells, while something is away or refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from harness.passes import KEY, Passes
from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.kinds import (
    CHILDREN,
    CLUSTER,
    CONFIG_MAP,
    KV_CONFIG,
    NAMESPACE,
    NETWORK_POLICY,
    POD,
    POD_MONITOR,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
    of,
)
from rocketmq_operator.reconciler.kube import children, kvconfigs
from rocketmq_operator.reconciler.kube.progress import ASK_AGAIN
from rocketmq_operator.reconciler.kvconfig import FINALIZER
from rocketmq_operator.reconciler.resources import seed_configmap
from rocketmq_operator.reconciler.sync import KvTables
from rocketmq_operator.reconciler.timestamps import to_text

SEED = f"{KEY.name}-nameserver-seed"
APP = [{"kvNamespace": "app", "entries": {"a": "1"}}]
STORED = {"replicas": 3, "storage": {"size": "1Gi"}}
OUTSIDE = {"key": "outside", "operator": "DoesNotExist"}
READY = (True, True, True)
DOWN = (False, False, False)
TLS = {"mode": "Enforcing", "secretName": "certificate"}
LONG = [{"kvNamespace": f"n{n}", "entries": {"k": "v" * 90_000}} for n in range(12)]
WRONG = {"replicas": 3, "podDisruptionBudget": {"maxUnavailable": []}}
REJECTED = [({"replicas": 3, "kvConfig": LONG}, "KVTooLarge"), (WRONG, "InvalidSpec")]

pytestmark = pytest.mark.usefixtures("_status_at_once")


async def dropped() -> Passes:
    """A cluster of three that held a key, and whose spec does not have it any more."""
    passes = Passes(**STORED, kvConfig=APP)
    passes.pods(True, True, True)
    passes.hold(0, 1, 2, app={"a": "1"})
    await passes.reconcile(2)
    passes.change(**STORED)
    return passes


async def test_a_key_that_no_server_holds_any_more_is_struck_off() -> None:
    passes = await dropped()
    await passes.reconcile()
    assert passes.pending == {"app": {"a"}}
    passes.hold(0, 1, 2, app={})
    await passes.reconcile()
    assert passes.pending == {}


@pytest.mark.parametrize("deleted", ["", "2026-01-01T00:00:00Z"])
async def test_a_key_is_remembered_for_a_server_that_is_away(deleted: str) -> None:
    passes = await dropped()
    if deleted:
        passes.pod(2, ready=False, deletionTimestamp=deleted)
    else:
        passes.no_pod(2)
    passes.hold(0, 1, app={})
    await passes.reconcile(2)
    assert passes.pending == {"app": {"a"}}
    passes.pod(2)
    await passes.reconcile()
    assert passes.pending == {"app": {"a"}}
    passes.hold(2, app={})
    await passes.reconcile()
    assert passes.pending == {}


async def test_a_key_that_servers_may_be_getting_just_now_is_remembered() -> None:
    passes = Passes(**STORED)
    passes.pods(*READY)
    passes.hold(0, 1, 2)
    await passes.reconcile(2)
    passes.servers.busy = True
    passes.change(**STORED, kvConfig=APP)
    await passes.reconcile()
    passes.change(**STORED)
    await passes.reconcile()
    assert passes.pending == {"app": {"a"}}
    passes.servers.busy = False
    await passes.reconcile()
    assert passes.pending == {}


async def running(**spec: Any) -> Passes:
    """A cluster of three whose servers are ready."""
    passes = Passes(replicas=3, **spec)
    passes.pods(*READY)
    passes.hold(0, 1, 2)
    await passes.reconcile(2)
    assert passes.status["ready"] == "3/3"
    return passes


@pytest.mark.parametrize("kind", [SERVICE, NETWORK_POLICY, CONFIG_MAP, POD_MONITOR])
async def test_a_child_that_cannot_be_written_keeps_nothing_else(kind: Kind) -> None:
    passes = Passes(replicas=3, monitoring={"podMonitor": {"enabled": True}})
    passes.api.refuse("PATCH", kind, 500)
    assert (await passes.reconcile()).failing
    assert passes.get(STATEFUL_SET, "prod-nameserver") is not None
    assert passes.conditions["Reconciling"] == ("True", "ApplyingChildren")
    assert kind.plural in passes.status["message"]


async def test_what_pods_do_is_told_while_a_child_cannot_be_written() -> None:
    passes = await running()
    passes.api.refuse("PATCH", NETWORK_POLICY, 500)
    passes.change(replicas=3, networkPolicy={"httpFrom": [{"podSelector": {}}]})
    passes.pods(*DOWN)
    assert (await passes.reconcile(2)).failing
    assert passes.status["ready"] == "0/3"
    assert passes.status["observedGeneration"] == passes.cluster["metadata"]["generation"]
    assert passes.conditions["Available"] == ("False", "NoServerReady")
    assert passes.conditions["Ready"] == ("False", "ApplyingChildren")
    assert passes.events.count("ApplyFailed") == 1
    passes.api.relent()
    passes.pods(*READY)
    await passes.reconcile()
    assert passes.conditions["Ready"] == ("True", "AllServersReady")


async def test_what_time_alone_changes_is_looked_at_in_time_while_a_child_cannot_be_written() -> (
    None
):
    passes = await running()
    passes.api.refuse("PATCH", NETWORK_POLICY, 500)
    passes.change(replicas=3, networkPolicy={"httpFrom": [{"podSelector": {}}]})
    passes.pod(2, ready=False, deletionTimestamp=to_text(datetime.now(UTC)))
    progress = await passes.reconcile()
    assert progress.failing
    assert progress.again is not None
    assert progress.again <= pods.OVERDUE.total_seconds()


async def test_a_slow_api_server_leaves_the_rest_for_the_next_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passes = Passes(replicas=3)
    with monkeypatch.context() as slow:
        slow.setattr(children, "WRITING", -1.0)
        assert (await passes.reconcile()).again == 0
    assert passes.conditions["Reconciling"] == ("True", "ApplyingChildren")
    await passes.reconcile()
    assert passes.get(STATEFUL_SET, "prod-nameserver") is not None


async def test_a_refused_child_is_for_a_person_and_keeps_nothing_else() -> None:
    passes = Passes(replicas=3)
    passes.api.refuse("PATCH", SERVICE, 403)
    await passes.reconcile()
    assert passes.conditions["Stalled"] == ("True", "ApplyRefused")
    assert passes.get(STATEFUL_SET, "prod-nameserver") is not None


async def test_nothing_is_written_to_servers_before_the_seed_notes_it() -> None:
    passes = await running()
    assert passes.servers.orders.writable
    passes.api.refuse("PATCH", CONFIG_MAP, 500)
    passes.change(replicas=3, kvConfig=APP)
    assert (await passes.reconcile()).failing
    assert not passes.servers.orders.writable
    passes.api.relent()
    await passes.reconcile()
    assert passes.servers.orders.writable


@pytest.mark.parametrize(("status", "reason"), [(403, "TLSSecretNotRead"), (500, "")])
async def test_a_secret_that_cannot_be_read_keeps_nothing_else(status: int, reason: str) -> None:
    passes = Passes(replicas=3, tls=TLS)
    passes.pods(*DOWN)
    passes.api.refuse("GET", SECRET, status)
    assert (await passes.reconcile()).failing == (status == 500)
    assert passes.status["ready"] == "0/3"
    assert passes.conditions.get("Stalled", ("", ""))[1] == reason


async def test_a_pod_that_may_not_be_deleted_is_told() -> None:
    passes = await running()
    passes.pod(2, ready=False, labels={"namesrv.dev/cluster": "prod"})
    passes.api.refuse("DELETE", POD, 403)
    await passes.reconcile()
    assert passes.conditions["Stalled"] == ("True", "ApplyRefused")
    assert passes.status["ready"] == "2/3"


@pytest.mark.parametrize(("spec", "reason"), REJECTED)
@pytest.mark.parametrize("restarted", [False, True])
async def test_what_pods_do_is_told_of_a_rejected_spec(
    spec: dict[str, Any], reason: str, restarted: bool
) -> None:
    passes = await running()
    if restarted:
        passes.restart()
    passes.change(**spec)
    await passes.reconcile()
    assert passes.conditions["Available"] == ("True", "ServersReady")
    assert passes.status["phase"] == "Degraded"
    passes.pods(*DOWN)
    await passes.reconcile()
    assert passes.status["ready"] == "0/3"
    assert passes.status["phase"] == "Failed"
    assert passes.conditions["Available"] == ("False", "NoServerReady")
    assert passes.conditions["Stalled"] == ("True", reason)
    assert [row["ready"] for row in passes.status["nameServers"]] == [False, False, False]
    assert passes.events.count(reason) == 1


async def test_a_server_that_came_back_is_not_told_as_it_was_before_a_rejected_spec() -> None:
    passes = await running()
    passes.pods(*DOWN)
    passes.servers.kv.clear()
    await passes.reconcile()
    assert {row["state"] for row in passes.status["nameServers"]} == {"Pending"}
    passes.restart()
    passes.change(**WRONG)
    passes.pods(*READY)
    await passes.reconcile()
    assert {row.get("state") for row in passes.status["nameServers"]} == {None}


async def test_sessions_move_to_new_pods_while_a_spec_is_rejected() -> None:
    passes = await running()
    passes.change(**WRONG)
    passes.pod(0, uid="another")
    await passes.reconcile()
    assert passes.servers.targets[0].uid == "another"


async def test_a_pause_is_heard_in_a_spec_that_is_wrong_elsewhere() -> None:
    passes = await running()
    passes.change(**WRONG, paused=True)
    await passes.reconcile()
    assert passes.status["phase"] == "Paused"
    assert not passes.servers.orders.writable


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_deleted_object_hears_that_its_cluster_is_rejected(restarted: bool) -> None:
    passes = await running()
    passes.kv_config("team", {"a": "1"})
    await passes.reconcile(2)
    if restarted:
        passes.restart()
    passes.change(**WRONG)
    passes.kv_config("team", {"a": "1"}, deletionTimestamp="2026-01-01T00:00:00Z")
    await passes.reconcile()
    status = passes.get(KV_CONFIG, "team")["status"]
    assert status["conditions"][0]["reason"] == "ClusterNotFollowed"
    assert "remove the finalizer" in status["conditions"][0]["message"]
    passes.change(replicas=3)
    await passes.reconcile(2)
    assert passes.get(KV_CONFIG, "team") is None


async def test_a_deleted_object_hears_that_its_end_cannot_be_noted() -> None:
    passes = await running()
    passes.kv_config("team", {"a": "1"})
    await passes.reconcile(2)
    passes.api.refuse("PATCH", CONFIG_MAP, 403)
    passes.kv_config("team", {"a": "1"}, deletionTimestamp="2026-01-01T00:00:00Z")
    await passes.reconcile()
    status = passes.get(KV_CONFIG, "team")["status"]
    assert status["conditions"][0]["reason"] == "ClusterNotFollowed"
    assert "configmaps are refused" in status["conditions"][0]["message"]


async def test_keys_of_an_object_that_cannot_be_held_wait_and_nothing_else_does() -> None:
    passes = Passes(replicas=3, kvConfig=APP)
    passes.kv_config("stuck", {"a": "1"})
    passes.kv_config("team", {"a": "2", "b": "2"})
    passes.api.guard("stuck")
    progress = await passes.reconcile()
    assert seeded(passes) == {"app": {"a": "1"}, "team": {"a": "2", "b": "2"}}
    assert (progress.failure, progress.again) == (None, ASK_AGAIN)
    assert "Stalled" not in passes.conditions
    stuck, team = passes.get(KV_CONFIG, "stuck"), passes.get(KV_CONFIG, "team")
    assert stuck is not None
    assert stuck["status"]["conditions"][0]["reason"] == "NotHeld"
    assert "a policy wants labels" in stuck["status"]["conditions"][0]["message"]
    assert team is not None
    assert team["metadata"]["finalizers"] == [FINALIZER]
    passes.api.relent()
    await passes.reconcile()
    assert seeded(passes)["team"] == {"a": "1", "b": "2"}


async def test_an_object_that_is_let_go_is_no_conflict_while_another_cannot_be_held() -> None:
    passes = Passes(replicas=3)
    passes.kv_config("kept", {"a": "1"}, finalizers=[FINALIZER])
    kept = passes.get(KV_CONFIG, "kept")
    assert kept is not None
    kept["spec"]["deletionPolicy"] = "Retain"
    passes.kv_config("stuck", {"b": "1"})
    passes.api.guard("stuck")
    await passes.reconcile()
    assert seeded(passes) == {"team": {"a": "1"}}


async def test_a_webhook_that_hangs_on_objects_leaves_time_for_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kvconfigs, "HOLDING", -1.0)
    passes = Passes(replicas=3, kvConfig=APP)
    passes.kv_config("team", {"a": "1"})
    assert (await passes.reconcile()).again == ASK_AGAIN
    team = passes.get(KV_CONFIG, "team")
    assert team is not None
    assert "finalizers" not in team["metadata"]
    assert team["status"]["conditions"][0]["reason"] == "NotHeld"
    assert seeded(passes) == {"app": {"a": "1"}}


@pytest.mark.parametrize("paused", [True, False])
async def test_entries_wait_in_the_seed_of_a_suspended_cluster_only_once_they_are_there(
    paused: bool,
) -> None:
    passes = Passes(replicas=3, suspend=True)
    await passes.reconcile(2)
    passes.change(replicas=3, suspend=True, paused=paused)
    passes.kv_config("team", {"a": "1"})
    passes.api.refuse("PATCH", CONFIG_MAP, 403)
    await passes.reconcile()
    assert seeded(passes) == {}
    assert ready(passes, "team") == ("False", "ClusterPaused" if paused else "Syncing")
    passes.api.relent()
    passes.change(replicas=3, suspend=True)
    await passes.reconcile()
    assert ready(passes, "team") == ("True", "ClusterSuspended")


def ready(passes: Passes, config: str) -> tuple[str, str]:
    """Status and reason of Ready of a NameServerKVConfig."""
    found = passes.get(KV_CONFIG, config)
    assert found is not None
    condition = found["status"]["conditions"][0]
    return condition["status"], condition["reason"]


def seeded(passes: Passes) -> KvTables:
    """The entries in the seed."""
    return seed_configmap.read(passes.get(CONFIG_MAP, SEED)).kv


@pytest.mark.parametrize("status", [500, 403])
async def test_labels_that_cannot_be_read_keep_nothing_else(status: int) -> None:
    rules = {"from": "Selector", "namespaceSelector": {"matchExpressions": [OUTSIDE]}}
    passes = await running(kvDelegation=rules)
    passes.api.put(NAMESPACE, {"kind": "Namespace", "metadata": {"name": KEY.namespace}})
    passes.kv_config("team", {"a": "1"})
    passes.api.refuse("GET", NAMESPACE, status)
    passes.pods(*DOWN)
    progress = await passes.reconcile()
    assert (progress.failure, progress.again) == (None, ASK_AGAIN)
    assert passes.status["ready"] == "0/3"
    team = passes.get(KV_CONFIG, "team")
    assert team is not None
    assert team["status"]["conditions"][0]["reason"] == "NamespaceNotRead"
    assert seeded(passes) == {}


async def test_labels_that_were_read_hold_while_they_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kvconfigs, "LABELS_AGE", 0.0)
    rules = {"from": "Selector", "namespaceSelector": {"matchExpressions": [OUTSIDE]}}
    passes = await running(kvDelegation=rules)
    passes.api.put(NAMESPACE, {"kind": "Namespace", "metadata": {"name": KEY.namespace}})
    passes.kv_config("team", {"a": "1"})
    await passes.reconcile()
    passes.api.refuse("GET", NAMESPACE, 500)
    passes.kv_config("team", {"a": "2"})
    await passes.reconcile()
    assert seeded(passes) == {"team": {"a": "2"}}


async def test_a_deleted_object_whose_keys_are_noted_outlasts_no_rejected_cluster() -> None:
    passes = await running()
    passes.kv_config("team", {"a": "1"})
    passes.hold(0, 1, 2, team={"a": "1"})
    await passes.reconcile(2)
    passes.kv_config("team", {"a": "1"}, deletionTimestamp=to_text(datetime.now(UTC)))
    await passes.reconcile()
    assert passes.get(KV_CONFIG, "team") is not None
    passes.change(**WRONG)
    passes.kv_config("team", {"a": "1"}, deletionTimestamp="2026-01-01T00:00:00Z")
    await passes.reconcile()
    assert passes.get(KV_CONFIG, "team") is None


@pytest.mark.parametrize("spec", [{"replicas": 3, "suspend": True}, WRONG])
async def test_a_status_that_cannot_be_written_keeps_no_deleted_object(
    spec: dict[str, Any],
) -> None:
    passes = await running()
    leaving = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER]}
    passes.kv_config("team", {"a": "1"}, **leaving)
    passes.restart()
    passes.change(**spec)
    passes.api.refuse("PATCH", CLUSTER, 500)
    assert (await passes.reconcile()).failure is not None
    assert passes.get(KV_CONFIG, "team") is None


async def test_former_children_whose_end_no_watch_told_of_are_made_anew() -> None:
    passes = Passes(replicas=3)
    await passes.reconcile()
    made = [obj for kind in CHILDREN for obj in passes.api.all_of(kind)]
    for obj in made:
        del passes.api.objects[of(obj).path(KEY.namespace, obj["metadata"]["name"])]
    renewed = {**passes.cluster["metadata"], "uid": "another"}
    passes.store.put(CLUSTER, passes.api.put(CLUSTER, {**passes.cluster, "metadata": renewed}))
    progress = await passes.reconciler.reconcile(KEY)
    assert progress.again == 0
    await passes.reconciler.reconcile(KEY)
    assert {of(obj) for kind in CHILDREN for obj in passes.api.all_of(kind)} == set(map(of, made))


async def test_a_pinned_image_stays_though_the_labels_were_taken_off() -> None:
    passes = await running()
    passes.restart(image="rocketmq-operator:0.2.0")
    passes.unlabel(STATEFUL_SET, "prod-nameserver")
    await passes.reconcile()
    assert passes.status["image"] == "rocketmq-operator:0.1.0"
    live = passes.get(STATEFUL_SET, "prod-nameserver")
    assert live["metadata"]["labels"]["namesrv.dev/cluster"] == "prod"
    (container,) = live["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "rocketmq-operator:0.1.0"
