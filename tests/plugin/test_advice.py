"""What a person is told to do next."""

import ast
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rocketmq_operator.plugin.advice import BY_BLOCKER, BY_REASON, NO_STATUS, NOT_SEEN, advice
from rocketmq_operator.reconciler import health, rollout

Made = Callable[..., dict[str, Any]]

SOURCES = [
    path.read_text()
    for path in Path(health.__file__).parent.rglob("*.py")
    if not path.name.startswith(("kv", "delegat"))
]
OF_KV_CONFIGS = {"ClusterNotFound", "ClusterNotFollowed"}
FINE = {"AllServersReady", "ServersReady", "Converged", "Synced", "BrokersThere", "Suspended"}
TOLD_BY_ANOTHER_CONDITION = {"ViewsDiverged"}
PLACE = {"Trouble": 0, "Condition": 2}
"""Of the reason among the arguments."""


def reasons(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        name = (
            node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        )
        if isinstance(node, ast.Call) and name in PLACE and len(node.args) > PLACE[name]:
            reason = node.args[PLACE[name]]
            if isinstance(reason, ast.Constant):
                yield str(reason.value)


REASONS = {reason for source in SOURCES for reason in reasons(source)} - OF_KV_CONFIGS
UNDER_WAY = {
    "ApplyingChildren",
    "RollingUpdate",
    "Scaling",
    "ServersNotReady",
    "ServersNotAnswering",
    "Syncing",
}


@pytest.mark.parametrize("reason", sorted((REASONS | UNDER_WAY) - FINE - TOLD_BY_ANOTHER_CONDITION))
def test_every_reason_of_the_operator_has_an_advice(reason: str) -> None:
    assert reason in BY_REASON


def test_reasons_were_found_in_the_code() -> None:
    assert {"ImagePullFailed", "CrashLoop", "NodeUnreachable", "VolumeNotGrown"} <= REASONS


def test_no_advice_is_for_a_blocker_that_there_is_not() -> None:
    assert BY_BLOCKER.keys() <= {each.value for each in rollout.Blocker}


def test_all_is_well(make: Made, now: datetime) -> None:
    assert advice(make(), now) == []


def test_what_stalls_comes_first_and_nothing_comes_twice(make: Made, now: datetime) -> None:
    nsc = make(
        conditions=[
            {"type": "Ready", "status": "False", "reason": "ImagePullFailed"},
            {"type": "ViewsConverged", "status": "False", "reason": "Diverged"},
            {"type": "Stalled", "status": "True", "reason": "ImagePullFailed"},
        ]
    )
    told = advice(nsc, now)
    assert told[0] == BY_REASON["ImagePullFailed"]
    assert len(told) == 2
    assert "kubectl nsc views prod" in told[1]


@pytest.mark.parametrize(
    ("condition", "command"),
    [
        ("ConfigSynced", "kubectl nsc config diff prod -n mq"),
        ("KVSynced", "kubectl nsc kv diff -c prod -n mq"),
    ],
)
def test_drift_is_shown_by_the_command_that_sees_it(
    make: Made, now: datetime, condition: str, command: str
) -> None:
    (told,) = advice(
        make(conditions=[{"type": condition, "status": "False", "reason": "Drifted"}]), now
    )
    assert command in told


def test_the_broker_in_trouble_is_named(make: Made, now: datetime) -> None:
    bad = {"type": "ViewsConverged", "status": "False", "reason": "Diverged"}
    (told,) = advice(make(conditions=[bad]), now)
    assert "kubectl nsc doctor BROKER_ADDRESS -c prod -n mq" in told
    listed = [{"address": "a:10911", "state": "Diverged"}]
    (told,) = advice(make(conditions=[bad], brokers=listed), now)
    assert "kubectl nsc doctor a:10911 -c prod -n mq" in told


def test_paused_is_told_although_nothing_is_wrong(make: Made, now: datetime) -> None:
    nsc = make(conditions=[{"type": "Paused", "status": "True", "reason": "PausedBySpec"}])
    assert advice(nsc, now) == ["nothing is changed until: kubectl nsc resume prod -n mq"]


def test_a_suspended_cluster_needs_no_other_advice(make: Made, now: datetime) -> None:
    bad = {"type": "Available", "status": "False", "reason": "NoServerReady"}
    (told,) = advice(make({"suspend": True}, conditions=[bad]), now)
    assert """kubectl -n mq patch nsc prod --type=merge -p '{"spec":{"suspend":false}}'""" in told


def test_a_rollout_that_waits_for_hands_says_so(make: Made, now: datetime) -> None:
    nsc = make(rollout={"state": "Waiting", "blockedBy": "OnDelete"})
    assert advice(nsc, now) == [BY_BLOCKER["OnDelete"]]


def test_an_operator_that_says_nothing_is_looked_for(make: Made, now: datetime) -> None:
    nsc = make()
    del nsc["status"]
    assert advice(nsc, now) == [NO_STATUS]


@pytest.mark.parametrize(("seconds", "told"), [(10, []), (60, [NOT_SEEN])])
def test_an_operator_gets_a_moment_to_look(
    make: Made, now: datetime, seconds: int, told: list[str]
) -> None:
    nsc = make(observedGeneration=2)
    changed = (now - timedelta(seconds=seconds)).isoformat()
    nsc["metadata"]["managedFields"] = [
        {"time": changed},
        {"time": now.isoformat(), "subresource": "status"},
    ]
    assert advice(nsc, now) == told
