"""What people and tools read: conditions, phase, columns, and when a status is worth a write."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness import kstatus_program
from rocketmq_operator.reconciler import pods, status
from rocketmq_operator.reconciler.observed import Observed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.reports import Report, Target
from rocketmq_operator.reconciler.rollout import Blocker, RolloutState, Step
from rocketmq_operator.reconciler.spec import parse
from rocketmq_operator.reconciler.sync import Drift, Held, KvKey, Policy, Wanted
from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.views import BrokerId, Limits, ServerView, Sighting, mirror

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(45, 3600)
A = BrokerId("c1", "broker-a", 0)
SEEN = Sighting("10.0.0.1:10911", topics=3, data_version="0/1000/1")
IN_SYNC = Drift((), (), (), {})


def cluster(**spec: Any) -> Any:
    metadata = {"name": "prod", "namespace": "ns", "uid": "u1", "generation": 4}
    return parse({"metadata": metadata, "spec": spec}, "image:1")


def pod(ordinal: int, *, ready: bool = True, **state: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": to_text(NOW)}
    container = {"name": "nameserver", "image": "image:1", **state}
    if ready:
        container["state"] = {"running": {"startedAt": to_text(NOW)}}
    return {
        "metadata": {
            "name": f"prod-nameserver-{ordinal}",
            "namespace": "ns",
            "labels": {"controller-revision-hash": "r1"},
        },
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "podIP": f"10.1.0.{ordinal}",
            "conditions": [condition],
            "containerStatuses": [container],
        },
    }


def report(ordinal: int, *brokers: BrokerId) -> Report:
    target = Target(f"prod-nameserver-{ordinal}", "u", f"10.1.0.{ordinal}", 9876, 8080, NOW)
    view = ServerView(dict.fromkeys(brokers, SEEN), topics=3)
    return Report(target, view, Held({}, {}), "0.1.0")


def observed(
    pods: Sequence[dict[str, Any]] | None = None,
    views: Mapping[int, Sequence[BrokerId]] | None = None,
    **spec: Any,
) -> Observed:
    """Three ready servers that all show one broker and are in sync, unless told otherwise."""
    found = list(map(pod, range(3))) if pods is None else list(pods)
    shown = {n: [A] for n in range(len(found))} if views is None else views
    reports = {f"prod-nameserver-{n}": report(n, *brokers) for n, brokers in shown.items()}
    answered = {name: r.view for name, r in reports.items() if r.view}
    return Observed(
        cluster(**spec),
        NOW,
        {"status": {"updateRevision": "r1"}},
        found,
        reports,
        dict.fromkeys(reports, IN_SYNC),
        mirror=mirror((), answered, LIMITS, NOW),
    )


def conditions(seen: Observed, before: str = "Running") -> dict[str, tuple[str, str]]:
    found = status.build(seen, {"phase": before})["conditions"]
    return {item["type"]: (item["status"], item["reason"]) for item in found}


def test_all_is_well() -> None:
    found = status.build(observed(), {})
    columns = ("ready", "phase", "brokersOnline", "views", "config", "version")
    assert [found[name] for name in columns] == [
        *("3/3", "Running", "1/1", "Converged", "Synced", "0.1.0")
    ]
    assert conditions(observed()) == {
        "Ready": ("True", "AllServersReady"),
        "Available": ("True", "ServersReady"),
        "ViewsConverged": ("True", "Converged"),
        "ConfigSynced": ("True", "Synced"),
        "KVSynced": ("True", "Synced"),
    }


def test_the_addresses_are_there_to_paste() -> None:
    addresses = status.build(observed(replicas=2), {})["addresses"]
    headless = "prod-nameserver-headless.ns.svc:9876"
    assert addresses == {
        "namesrvAddr": f"prod-nameserver-0.{headless};prod-nameserver-1.{headless}",
        "dnsLookup": headless,
        "client": "prod-nameserver.ns.svc:9876",
    }


def test_servers_that_are_coming_up_reconcile() -> None:
    found = conditions(observed([pod(0), pod(1, ready=False), pod(2, ready=False)], {0: []}))
    assert found["Ready"] == ("False", "ServersNotReady")
    assert found["Reconciling"] == ("True", "ServersNotReady")
    assert "Stalled" not in found


@pytest.mark.parametrize(
    ("before", "phase"), [("Pending", "Creating"), ("Running", "Degraded"), ("Scaling", "Scaling")]
)
def test_the_phase_tells_a_start_from_a_loss(before: str, phase: str) -> None:
    seen = observed([pod(0), pod(1), pod(2, ready=False)])
    assert status.build(seen, {"phase": before})["phase"] == phase


def test_trouble_stalls_and_is_told_in_the_message() -> None:
    seen = replace(observed(), trouble=Trouble("ImagePullFailed", "image 'x' cannot be pulled"))
    found = status.build(seen, {})
    assert conditions(seen)["Stalled"] == ("True", "ImagePullFailed")
    assert conditions(seen)["Ready"] == ("False", "ImagePullFailed")
    assert "Reconciling" not in conditions(seen)
    assert (found["phase"], found["message"]) == ("Degraded", "image 'x' cannot be pulled")


def test_a_rollout_that_waits_says_for_what() -> None:
    step = Step(RolloutState.WAITING, None, (Blocker.VIEWS_NOT_CONVERGED,), "words", "prod-0")
    found = status.build(replace(observed(), step=step), {"phase": "Running"})
    assert found["phase"] == "Updating"
    assert found["rollout"] == {
        "state": "Waiting",
        "pod": "prod-0",
        "blockedBy": "ViewsNotConverged",
        "message": "words",
        "since": to_text(NOW),
    }


def test_views_that_differ_for_a_moment_do_not_take_readiness_away() -> None:
    found = conditions(observed(views={0: [A], 1: [A], 2: []}))
    assert found["ViewsConverged"] == ("False", "Converging")
    assert found["Ready"][0] == "True"


def test_with_no_server_answering_views_are_unknown_and_not_lost() -> None:
    found = status.build(observed(views={}), {"phase": "Running"})
    assert found["views"] == "Unknown"
    assert conditions(observed(views={}))["ViewsConverged"] == ("Unknown", "NoServerAnswers")
    assert conditions(observed(views={}))["Ready"] == ("False", "ServersNotAnswering")


def test_keys_that_servers_do_not_know_are_named() -> None:
    seen = observed()
    drifts = {name: replace(IN_SYNC, unknown=("noSuchKey",)) for name in seen.drifts}
    found = status.build(replace(seen, drifts=drifts), {})
    assert found["config"] == "UnknownKeys"
    assert found["namesrvConfig"]["unknownKeys"] == ["noSuchKey"]


def test_a_key_that_waits_for_a_restart_leaves_the_cluster_ready() -> None:
    seen = observed()
    reports = {n: replace(r, restart_required=("k",)) for n, r in seen.reports.items()}
    found = conditions(replace(seen, reports=reports))
    assert found["ConfigSynced"] == ("False", "RestartRequired")
    assert found["Ready"][0] == "True"


def test_paused_is_told() -> None:
    assert conditions(observed(paused=True))["Paused"] == ("True", "PausedBySpec")


def test_suspended_is_as_wanted() -> None:
    seen = observed([], {}, suspend=True)
    found = status.build(seen, {"phase": "Running"})
    assert (found["phase"], found["ready"]) == ("Suspended", "0/0")
    assert conditions(seen)["Ready"] == ("True", "Suspended")


@pytest.mark.parametrize(
    ("found", "also", "reason"),
    [
        ({"trouble": Trouble("ApplyRefused", "a quota")}, "Stalled", "ApplyRefused"),
        ({"pending": "a child is in the way"}, "Reconciling", "ApplyingChildren"),
    ],
)
def test_suspended_is_not_ready_while_anything_else_is_to_be_done(
    found: dict[str, Any], also: str, reason: str
) -> None:
    told = conditions(replace(observed([], {}, suspend=True), **found))
    assert (told["Ready"], told[also]) == (("False", reason), ("True", reason))


def test_a_text_about_many_brokers_is_cut_in_words() -> None:
    brokers = [BrokerId("c1", f"broker-{n:04}", 0) for n in range(700)]
    views = {"prod-nameserver-0": report(0, *brokers).view, "prod-nameserver-1": report(1).view}
    shown = {pod: view for pod, view in views.items() if view}
    first = mirror((), shown, LIMITS, NOW)
    later = mirror(first.entries, shown, LIMITS, NOW + timedelta(seconds=45))
    found = status.build(replace(observed(), mirror=later), {})
    texts = [found["message"], *(each["message"] for each in found["conditions"])]
    assert found["message"].startswith("broker-0000 (id 0) is missing from prod-nameserver-1; ")
    assert found["message"].endswith("; and 684 more")
    assert max(map(len, texts)) < 1024


def test_a_text_of_the_api_server_is_cut_in_words() -> None:
    seen = replace(observed(), trouble=Trouble("ApplyRefused", "x" * 40_000))
    found = status.build(seen, {})
    stalled = next(each for each in found["conditions"] if each["type"] == "Stalled")
    assert found["message"] == stalled["message"]
    assert len(found["message"]) <= 4096
    assert found["message"].endswith("x ... and 35944 more characters")


def test_keys_that_differ_are_named_as_far_as_there_is_room() -> None:
    seen = observed(drift={"kvConfig": "Report"})
    keys = tuple(KvKey("app", f"{n:03}" + "k" * 250) for n in range(300))
    drifts = dict.fromkeys(seen.drifts, replace(IN_SYNC, kv=keys))
    wanted = Wanted(kv_policy=Policy.REPORT)
    text = status.build(replace(seen, drifts=drifts, wanted=wanted), {})["message"]
    assert text.startswith("prod-nameserver-0: app/000k")
    assert "k, and 299 more; prod-nameserver-1: app/000k" in text
    assert len(text) < 1200


def test_expected_brokers_that_are_not_there_are_told() -> None:
    expected = [{"name": "c1", "minBrokerNames": 2}]
    seen = observed(brokers={"expectedClusters": expected})
    assert conditions(seen)["BrokersAvailable"] == ("False", "BrokersMissing")
    assert conditions(seen)["Ready"][0] == "True"


WAITING = {"waiting": {"reason": "ImagePullBackOff"}}
CRASHED = {
    "restartCount": 1,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 2}},
}


@pytest.mark.parametrize(
    ("state", "shown"), [({"state": WAITING}, "ImagePullFailed"), (CRASHED, "CrashLoop")]
)
def test_each_server_shows_its_own_trouble(state: dict[str, Any], shown: str) -> None:
    found = status.build(observed([pod(0, ready=False, **state)], {}), {})
    assert found["nameServers"][0]["state"] == shown


def test_transition_times_move_with_the_status_only() -> None:
    first = status.build(observed(), {})
    later = replace(observed(), now=NOW + timedelta(seconds=9))
    assert status.build(later, first)["conditions"] == first["conditions"]


def test_nothing_is_written_while_only_the_last_sighting_moves() -> None:
    first = status.build(observed(), {})
    later = observed()
    entries = [replace(e, last_seen=NOW + timedelta(seconds=9)) for e in later.mirror.entries]
    later = replace(later, mirror=replace(later.mirror, entries=tuple(entries)))
    assert status.patch(first, status.build(later, first)) is None


def test_a_patch_removes_what_is_no_longer_true() -> None:
    before = {"phase": "Updating", "rollout": {"state": "Waiting", "pod": "p"}, "version": "1"}
    after = {"phase": "Running", "rollout": {"state": "Idle"}}
    assert status.patch(before, after) == {
        "phase": "Running",
        "rollout": {"state": "Idle", "pod": None},
        "version": None,
    }


def test_the_list_of_brokers_is_bounded_and_says_so() -> None:
    brokers = [BrokerId("c1", f"b{n:03}", 0) for n in range(5)]
    found = status.build(observed(views={0: brokers}, brokers={"maxEntries": 2}), {})
    assert len(found["brokers"]) == 2
    summary = found["brokerSummary"]
    assert (summary["known"], summary["listed"], summary["truncated"]) == (5, 2, True)


def test_entries_that_somebody_spoiled_are_left_out() -> None:
    good = status.build(observed(), {})["brokers"][0]
    assert len(status.entries({"brokers": [{"name": "x"}, good]})) == 1


ROLLING = Step(RolloutState.ROLLING, pod(2), (), "3 of 3 pods left to replace", "prod-nameserver-2")


def test_a_rollout_tells_the_fields_behind_it_until_it_is_over() -> None:
    begun = status.build(replace(observed(), step=ROLLING, reasons=["spec.containers"]), {})
    assert begun["rollout"]["reasons"] == ["spec.containers"]
    later = status.build(replace(observed(), step=ROLLING), begun)
    assert later["rollout"]["reasons"] == ["spec.containers"]
    assert "reasons" not in status.build(observed(), later)["rollout"]


UNREADY = [pod(0), pod(1), pod(2, ready=False)]
TROUBLE = Trouble("ImagePullFailed", "image:2 cannot be pulled")
JUDGED = {
    "all is well": (observed(), "Current"),
    "suspended": (observed([], suspend=True), "Current"),
    "suspended in vain": (replace(observed([], suspend=True), trouble=TROUBLE), "Failed"),
    "being suspended": (replace(observed([], suspend=True), pending="a child"), "InProgress"),
    "paused": (observed(paused=True), "Current"),
    "a server is not ready": (observed(UNREADY), "InProgress"),
    "a rollout is under way": (replace(observed(), step=ROLLING), "InProgress"),
    "a person is waited for": (replace(observed(), trouble=TROUBLE), "Failed"),
    "no pod is there yet": (observed([]), "InProgress"),
}


def judged(seen: Observed, **metadata: Any) -> dict[str, Any]:
    """The object as the API serves it."""
    return {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerCluster",
        "metadata": {"name": "prod", "namespace": "ns", "generation": 4, **metadata},
        "status": status.build(seen, {}),
    }


def test_helm_and_flux_understand_the_status() -> None:
    found = kstatus_program.verdicts([judged(seen) for seen, _ in JUDGED.values()])
    wanted = {name: verdict for name, (_, verdict) in JUDGED.items()}
    assert dict(zip(JUDGED, (verdict.status for verdict in found), strict=True)) == wanted


def test_helm_and_flux_wait_for_a_spec_that_was_not_seen_yet_and_for_what_is_deleted() -> None:
    later = judged(observed(), generation=5)
    going = judged(observed(), deletionTimestamp=to_text(NOW))
    assert [verdict.status for verdict in kstatus_program.verdicts([later, going])] == [
        "InProgress",
        "Terminating",
    ]


@pytest.mark.parametrize(("seconds", "reason"), [(14, None), (15, "Unschedulable")])
def test_a_pod_that_no_node_takes_is_a_matter_for_a_person_after_a_while(
    seconds: int, reason: str | None
) -> None:
    waiting = pod(2, ready=False)
    waiting["status"]["conditions"].append(
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/3 nodes are available",
            "lastTransitionTime": to_text(NOW - timedelta(seconds=seconds)),
        }
    )
    found = pods.first_trouble([pod(0), waiting], NOW)
    assert (found and found.reason) == reason
    assert pods.next_change([pod(0), waiting], NOW) == (None if reason else 1.0)


LOST = {"node-1 does not answer", "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"}


def on_node(found: dict[str, Any], **metadata: str) -> dict[str, Any]:
    return {**found, "spec": {"nodeName": "node-1"}, "metadata": {**found["metadata"], **metadata}}


@pytest.mark.parametrize(
    ("containers_ready", "reason", "lost"),
    [("True", None, True), ("True", "ReadinessGatesNotReady", False), ("False", None, False)],
)
def test_a_server_that_only_its_node_controller_calls_unready_is_on_a_lost_node(
    containers_ready: str, reason: str | None, lost: bool
) -> None:
    found = on_node(pod(1, ready=False))
    (judged,) = (c for c in found["status"]["conditions"] if c["type"] == "Ready")
    judged["reason"] = reason
    found["status"]["conditions"].append({"type": "ContainersReady", "status": containers_ready})
    trouble = pods.first_trouble([pod(0), found], NOW)
    assert (trouble is not None and trouble.reason == "NodeUnreachable") == lost
    assert all(words in trouble.message for words in LOST) if trouble else not lost


@pytest.mark.parametrize(("seconds", "left"), [(29, 1.0), (30, None)])
def test_a_server_whose_end_nobody_confirms_is_on_a_lost_node(
    seconds: int, left: float | None
) -> None:
    leaving = on_node(pod(1), deletionTimestamp=to_text(NOW - timedelta(seconds=seconds)))
    trouble = pods.first_trouble([pod(0), leaving], NOW)
    assert (trouble is None) == (left is not None)
    assert pods.next_change([pod(0), leaving], NOW) == left
