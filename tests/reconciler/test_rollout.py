"""The gate of a rolling restart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rocketmq_operator.reconciler import rollout
from rocketmq_operator.reconciler.rollout import Blocker, Gate, RolloutState, Server, Step
from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.views import BrokerId, ServerView, Sighting

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, B = BrokerId("c1", "broker-a", 0), BrokerId("c1", "broker-b", 0)
SEEN = Sighting("10.0.0.1:10911", topics=3, data_version="0/1000/10")


def showing(**described: Any) -> ServerView:
    """A view of one broker, described otherwise."""
    return ServerView({A: replace(SEEN, **described)})


FULL = showing()
WITH_B = ServerView({A: SEEN, B: SEEN})
ONLY_B = ServerView({B: SEEN})
EMPTY = ServerView({})
JAVA = ServerView({A: Sighting("10.0.0.1:10911")})
"""As a server shows a broker that tells neither topics nor data versions."""


def stateful_set(replicas: int = 3, observed: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": observed, "updateRevision": "new"},
    }


def server(
    ordinal: int,
    revision: str = "old",
    *,
    up: float | None = 60,
    view: ServerView | None = FULL,
    in_sync: bool = True,
    leaving: bool = False,
) -> Server:
    """A server whose pod has been ready for ``up`` seconds, or is not ready (None)."""
    metadata: dict[str, Any] = {
        "name": f"x-nameserver-{ordinal}",
        "uid": f"{ordinal}-{revision}",
        "labels": {"controller-revision-hash": revision},
    }
    if leaving:
        metadata["deletionTimestamp"] = to_text(NOW)
    since = to_text(NOW - timedelta(seconds=up or 0))
    ready = {"type": "Ready", "status": str(up is not None), "lastTransitionTime": since}
    return Server({"metadata": metadata, "status": {"conditions": [ready]}}, view, in_sync)


def plan(
    *servers: Server, behind: float | None = None, gate: Gate | None = None, **of_set: int
) -> Step:
    """The next step, where all servers that are behind have been so for ``behind`` seconds."""
    since = {} if behind is None else {s.uid: NOW - timedelta(seconds=behind) for s in servers}
    of_set = {"replicas": len(servers), **of_set}
    return rollout.plan(gate or Gate(), stateful_set(**of_set), servers, since, NOW)


def step(*servers: Server, **given: Any) -> tuple[str | None, Any]:
    """The pod to delete, and what blocks."""
    found = plan(*servers, **given)
    chosen = found.delete["metadata"]["name"] if found.delete else None
    return chosen, found.blocked_by


def test_nothing_is_done_when_all_pods_are_current() -> None:
    found = plan(*[server(n, "new") for n in range(3)])
    assert found.state is RolloutState.IDLE


def test_the_highest_ordinal_goes_first() -> None:
    assert step(*map(server, range(3))) == ("x-nameserver-2", ())


def test_who_has_long_not_answered_goes_first_as_nobody_else_may_stop_meanwhile() -> None:
    servers = server(0), server(1, view=None), server(2)
    assert step(*servers, behind=179) == (None, (Blocker.VIEWS_NOT_CONVERGED,))
    assert step(*servers, behind=180) == ("x-nameserver-1", ())


def test_the_next_goes_when_the_restarted_one_shows_what_the_others_show() -> None:
    assert step(server(0), server(1), server(2, "new")) == ("x-nameserver-1", ())


BLOCKED = [
    (Blocker.SERVER_NOT_READY, server(2, "new", up=None)),
    (Blocker.MIN_READY_SECONDS, server(2, "new", up=4)),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=EMPTY)),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=None)),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=showing(topics=2))),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=showing(data_version="0/1000/9"))),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=showing(provisional=True))),
    (Blocker.CONFIG_NOT_SYNCED, server(2, "new", in_sync=False)),
    (Blocker.OTHER_POD_UNREADY, server(2, "new", leaving=True)),
]


@pytest.mark.parametrize(("blocker", "restarted"), BLOCKED)
def test_the_next_waits_for_the_restarted_one(blocker: Blocker, restarted: Server) -> None:
    assert step(server(0), server(1), restarted) == (None, (blocker,))


def test_a_pod_that_does_not_exist_yet_is_waited_for() -> None:
    assert step(server(0), server(1), replicas=3) == (None, (Blocker.OTHER_POD_UNREADY,))


def test_an_unready_pod_of_an_older_revision_is_replaced_at_once() -> None:
    broken = server(0, "bad", up=None)
    assert step(broken, server(1), server(2)) == ("x-nameserver-0", ())


def test_servers_whose_nodes_are_silent_are_not_all_ended_once_these_are_back() -> None:
    servers = [server(ordinal, up=None) for ordinal in range(3)]
    for each in servers:
        each.pod["status"]["conditions"].append({"type": "ContainersReady", "status": "True"})
    assert step(*servers) == (None, (Blocker.OTHER_POD_UNREADY,))


def test_a_broken_pod_is_left_alone_where_the_user_says_so() -> None:
    broken = server(0, "bad", up=None)
    chosen, blocked = step(broken, server(1), server(2), gate=Gate(repair_broken=False))
    assert (chosen, blocked) == (None, (Blocker.OTHER_POD_UNREADY,))


def test_a_template_that_the_stateful_set_controller_has_not_seen_is_waited_for() -> None:
    assert step(server(0), observed=1) == (None, (Blocker.STATEFUL_SET_NOT_OBSERVED,))


def test_on_delete_leaves_the_pods_to_the_user() -> None:
    assert step(server(0), gate=Gate(on_delete=True)) == (None, (Blocker.ON_DELETE,))


def test_paused_replaces_nothing() -> None:
    assert step(server(0, up=None), gate=Gate(paused=True)) == (None, (Blocker.PAUSED,))


def test_a_server_that_never_catches_up_stops_the_rollout() -> None:
    found = plan(server(0), server(1), server(2, "new", view=EMPTY), behind=180)
    assert (found.timed_out, found.delete, found.blocked_by) == (
        *(True, None),
        (Blocker.VIEWS_NOT_CONVERGED,),
    )
    assert found.message == (
        "x-nameserver-2 does not show broker broker-a (id 0) of c1 yet, after 180 s of waiting"
    )


def test_a_server_that_never_catches_up_is_passed_over_where_the_user_says_so() -> None:
    servers = server(0), server(1), server(2, "new", view=EMPTY)
    gate = Gate(continue_on_timeout=True)
    assert step(*servers, gate=gate, behind=179) == (None, (Blocker.VIEWS_NOT_CONVERGED,))
    found = plan(*servers, gate=gate, behind=180)
    assert found.delete == servers[1].pod
    assert found.passed_over.startswith("x-nameserver-2 does not show broker broker-a")


def test_nobody_is_spoken_of_as_passed_over_who_was_not() -> None:
    found = plan(server(0), server(1), server(2, "new"), gate=Gate(continue_on_timeout=True))
    assert (found.delete is not None, found.passed_over) == (True, "")


@pytest.mark.parametrize("gate", [Gate(), Gate(continue_on_timeout=True)])
def test_patience_begins_when_a_server_falls_behind_and_not_when_it_became_ready(
    gate: Gate,
) -> None:
    untouched = [server(n, view=WITH_B) for n in range(2)]
    converged = server(2, "new", up=3600)
    found = plan(*untouched, converged, gate=gate)
    assert (found.timed_out, found.delete, found.recheck) == (False, None, 180)
    later = NOW + timedelta(seconds=170)
    found = rollout.plan(gate, stateful_set(), [*untouched, converged], found.behind, later)
    assert (found.timed_out, found.delete, found.recheck) == (False, None, 10)
    caught_up = server(2, "new", up=3600, view=WITH_B)
    assert plan(*untouched, caught_up, behind=170).behind == {}


def test_the_next_look_is_due_when_the_first_of_all_has_had_its_time() -> None:
    servers = server(0), silent(1), silent(2)
    since = {"1-old": NOW - timedelta(seconds=30), "2-old": NOW - timedelta(seconds=20)}
    assert rollout.plan(Gate(), stateful_set(), servers, since, NOW).recheck == 150


def test_patience_goes_on_over_a_change_of_the_template() -> None:
    servers = server(0), server(1), server(2, "new", view=EMPTY)
    begun = plan(*servers).behind
    unseen = rollout.plan(Gate(), stateful_set(observed=1), servers, begun, NOW)
    assert (unseen.behind, set(begun)) == (begun, {"2-new"})


def silent(ordinal: int, revision: str = "old") -> Server:
    return server(ordinal, revision, view=None, in_sync=False)


def test_an_operator_that_has_just_started_waits_until_the_untouched_servers_answer() -> None:
    restarted = server(2, "new", view=EMPTY)
    assert step(silent(0), silent(1), restarted) == (None, (Blocker.VIEWS_NOT_CONVERGED,))
    assert step(server(0), silent(1), restarted) == (None, (Blocker.VIEWS_NOT_CONVERGED,))
    assert step(server(0), server(1), restarted) == (None, (Blocker.VIEWS_NOT_CONVERGED,))
    assert step(server(0), server(1), server(2, "new")) == ("x-nameserver-1", ())


def test_servers_that_never_answer_stop_the_rollout_or_are_passed_over() -> None:
    servers = silent(0), silent(1), silent(2)
    found = plan(*servers, behind=180)
    assert found.timed_out
    assert "does not answer the operator, after 180 s" in found.message
    assert step(*servers, behind=180, gate=Gate(continue_on_timeout=True))[0] == "x-nameserver-2"


def test_a_server_that_does_not_answer_is_not_replaced_while_another_one_is_behind() -> None:
    servers = server(0), silent(1), server(2, "new", view=EMPTY)
    since = {"1-old": NOW - timedelta(hours=1)}
    found = rollout.plan(Gate(), stateful_set(), servers, since, NOW)
    assert (found.delete, found.pod) == (None, "x-nameserver-2")


ROLL_CHANGED_ON_THE_WAY = {
    "one of three is empty": [server(0), server(1, "mid", view=EMPTY), server(2, "mid")],
    "one of two is back from a drain": [server(0), server(1, up=1, view=EMPTY)],
    "one has brokers by hearsay": [server(0), server(1, view=showing(provisional=True))],
    "one has brokers as they were": [server(0), server(1, view=showing(data_version="0/1000/9"))],
    "one is empty, one lacks a broker": [
        server(0, view=WITH_B),
        server(1, view=EMPTY),
        server(2, view=FULL),
    ],
}


@pytest.mark.parametrize("servers", ROLL_CHANGED_ON_THE_WAY.values(), ids=ROLL_CHANGED_ON_THE_WAY)
def test_who_lacks_most_goes_first_whatever_the_revision(servers: list[Server]) -> None:
    assert step(*servers) == ("x-nameserver-1", ())


def test_nobody_goes_who_shows_what_an_older_server_lacks() -> None:
    servers = server(0, view=ONLY_B), server(1, view=FULL)
    assert step(*servers) == (None, (Blocker.VIEWS_NOT_CONVERGED,))
    assert plan(*servers, behind=180).timed_out


def test_a_server_of_an_older_revision_must_have_been_ready_for_a_while_too() -> None:
    assert step(server(0, up=1), server(1)) == (None, (Blocker.MIN_READY_SECONDS,))


def test_a_bad_change_that_is_put_back_heals_although_others_disagree_for_good() -> None:
    others = server(0, "new", view=WITH_B), server(1, "new")
    assert step(*others, server(2, "bad", view=EMPTY)) == ("x-nameserver-2", ())


def test_servers_that_cannot_hold_the_wanted_configuration_can_be_replaced() -> None:
    assert step(*[server(n, in_sync=False) for n in range(3)]) == ("x-nameserver-2", ())


def test_servers_that_tell_no_topics_are_compared_by_brokers() -> None:
    assert step(server(0, view=JAVA), server(1), server(2, "new")) == ("x-nameserver-1", ())
    assert step(server(0), server(1), server(2, "new", view=JAVA)) == ("x-nameserver-1", ())
    behind = server(0, view=JAVA), server(1, view=JAVA), server(2, "new", view=EMPTY)
    assert step(*behind) == (None, (Blocker.VIEWS_NOT_CONVERGED,))


def test_without_brokers_and_after_the_last_one_died_servers_are_replaced_all_the_same() -> None:
    untouched = [server(n, view=EMPTY) for n in range(2)]
    assert step(*untouched, server(2, "new", view=EMPTY)) == ("x-nameserver-1", ())


def test_a_single_server_is_replaced_without_comparison() -> None:
    assert step(server(0)) == ("x-nameserver-0", ())
    assert step(silent(0)) == ("x-nameserver-0", ())


def budget(allowed: int, *, observed: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": "x-nameserver", "generation": 1},
        "status": {"observedGeneration": observed, "disruptionsAllowed": allowed},
    }


@pytest.mark.parametrize("closed", [budget(0), budget(1, observed=0)], ids=["spent", "not seen"])
def test_the_disruption_budget_is_respected(closed: dict[str, Any]) -> None:
    servers = [*map(server, range(3))]
    assert step(*servers, gate=Gate(budget=closed)) == (None, (Blocker.DISRUPTION_BUDGET,))
    assert step(*servers, gate=Gate(budget=budget(1))) == ("x-nameserver-2", ())


def test_the_disruption_budget_does_not_keep_a_broken_server() -> None:
    broken = server(0, up=None)
    chosen, _ = step(broken, server(1), server(2), gate=Gate(budget=budget(0)))
    assert chosen == "x-nameserver-0"
