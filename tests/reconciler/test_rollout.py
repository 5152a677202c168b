"""The gate of a rolling restart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rocketmq_operator.reconciler.rollout import Blocker, Gate, RolloutState, Server, plan
from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.views import BrokerId, ServerView, Sighting

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A = BrokerId("c1", "broker-a", 0)


def versioned(version: str) -> ServerView:
    return ServerView({A: Sighting("10.0.0.1:10911", topics=3, data_version=version)})


FULL = versioned("0/1000/10")
EMPTY = ServerView({})


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
        "labels": {"controller-revision-hash": revision},
    }
    if leaving:
        metadata["deletionTimestamp"] = to_text(NOW)
    since = to_text(NOW - timedelta(seconds=up or 0))
    ready = {"type": "Ready", "status": str(up is not None), "lastTransitionTime": since}
    return Server({"metadata": metadata, "status": {"conditions": [ready]}}, view, in_sync)


def step(*servers: Server, gate: Gate | None = None, **of_set: int) -> tuple[str | None, Any]:
    """The pod to delete, and what blocks."""
    found = plan(gate or Gate(), stateful_set(**of_set), servers, NOW)
    chosen = found.delete["metadata"]["name"] if found.delete else None
    return chosen, found.blocked_by


def test_nothing_is_done_when_all_pods_are_current() -> None:
    found = plan(Gate(), stateful_set(), [server(n, "new") for n in range(3)], NOW)
    assert found.state is RolloutState.IDLE


def test_the_highest_ordinal_goes_first() -> None:
    assert step(*map(server, range(3))) == ("x-nameserver-2", ())


def test_who_does_not_answer_goes_first_as_nobody_else_may_stop_meanwhile() -> None:
    deleted, _ = step(server(0), server(1, view=None), server(2))
    assert deleted == "x-nameserver-1"


def test_the_next_goes_when_the_restarted_one_shows_what_the_others_show() -> None:
    assert step(server(0), server(1), server(2, "new")) == ("x-nameserver-1", ())


BLOCKED = [
    (Blocker.SERVER_NOT_READY, server(2, "new", up=None)),
    (Blocker.MIN_READY_SECONDS, server(2, "new", up=4)),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=EMPTY)),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=None)),
    (
        Blocker.VIEWS_NOT_CONVERGED,
        server(2, "new", view=ServerView({A: Sighting("10.0.0.1:10911", topics=2)})),
    ),
    (Blocker.VIEWS_NOT_CONVERGED, server(2, "new", view=versioned("0/1000/9"))),
    (
        Blocker.VIEWS_NOT_CONVERGED,
        server(
            2, "new", view=ServerView({A: Sighting("10.0.0.1:10911", topics=3, provisional=True)})
        ),
    ),
    (Blocker.CONFIG_NOT_SYNCED, server(2, "new", in_sync=False)),
    (Blocker.OTHER_POD_UNREADY, server(2, "new", leaving=True)),
]


@pytest.mark.parametrize(("blocker", "restarted"), BLOCKED)
def test_the_next_waits_for_the_restarted_one(blocker: Blocker, restarted: Server) -> None:
    assert step(server(0), server(1), restarted) == (None, (blocker,))


def test_a_pod_that_does_not_exist_yet_is_waited_for() -> None:
    assert step(server(0), server(1)) == (None, (Blocker.OTHER_POD_UNREADY,))


def test_an_unready_pod_of_an_older_revision_is_replaced_at_once() -> None:
    broken = server(0, "bad", up=None)
    assert step(broken, server(1), server(2)) == ("x-nameserver-0", ())


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
    behind = server(2, "new", up=180, view=EMPTY)
    found = plan(Gate(), stateful_set(), [server(0), server(1), behind], NOW)
    assert found.timed_out
    assert found.delete is None


def test_a_server_that_never_catches_up_is_passed_over_where_the_user_says_so() -> None:
    behind = server(2, "new", up=180, view=EMPTY)
    gate = Gate(continue_on_timeout=True)
    assert step(server(0), server(1), behind, gate=gate) == ("x-nameserver-1", ())


def test_a_broker_that_died_during_the_rollout_does_not_block_it() -> None:
    untouched = [server(0, view=EMPTY), server(1, view=EMPTY)]
    assert step(*untouched, server(2, "new", view=EMPTY)) == ("x-nameserver-1", ())


def test_a_single_server_is_replaced_without_comparison() -> None:
    assert step(server(0), replicas=1) == ("x-nameserver-0", ())


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
