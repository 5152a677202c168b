"""Startup, readiness and liveness probes."""

import pytest

from harness.node.probes import Tally, parse_probe, port_number
from harness.wait import until
from harness.workspace import Workspace

MOUNT = {"name": "state", "mountPath": "/state"}
VOLUME = {"name": "state", "emptyDir": {}}


@pytest.mark.parametrize(
    ("answers", "verdicts"),
    [
        ("+", [None]),
        ("++", [None, True]),
        ("--", [None, None]),
        ("---", [None, None, False]),
        ("--+--", [None, None, None, None, None]),
        ("+++-", [None, True, True, None]),
    ],
)
def test_thresholds_count_answers_in_a_row(answers: str, verdicts: list[bool | None]) -> None:
    probe = parse_probe({"successThreshold": 2, "failureThreshold": 3})
    assert probe is not None
    tally = Tally(probe)
    assert [tally.add(answer == "+") for answer in answers] == verdicts


def test_ports_have_names() -> None:
    container = {"name": "c", "ports": [{"name": "http", "containerPort": 80}]}
    assert [port_number(container, port) for port in ("http", 81, "82")] == [80, 81, 82]
    with pytest.raises(ValueError, match="no port named 'https'"):
        port_number(container, "https")


def test_readiness_comes_and_goes_without_a_restart(workspace: Workspace) -> None:
    probe = {
        "exec": {"command": ["test", "-f", "/state/ready"]},
        "periodSeconds": 1,
        "failureThreshold": 1,
    }
    script = "sleep 2; touch /state/ready; sleep 3; rm /state/ready; exec sleep 100"
    workspace.apply(
        workspace.pod(
            "moody",
            *("sh", "-c", script),
            readinessProbe=probe,
            volumes=[VOLUME],
            volumeMounts=[MOUNT],
        )
    )
    workspace.wait_phase("moody", "Running")
    assert workspace.container("moody")["ready"] is False
    workspace.wait_ready("moody")
    workspace.kubectl("wait", "--for=condition=Ready=false", "--timeout=15s", "pod/moody")
    assert workspace.container("moody")["restartCount"] == 0


def test_a_container_that_is_not_live_is_restarted(workspace: Workspace) -> None:
    probe = {"tcpSocket": {"port": 9}, "periodSeconds": 1, "failureThreshold": 2}
    command = ("sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done")
    workspace.apply(workspace.pod("stuck", *command, livenessProbe=probe))
    until(lambda: workspace.container("stuck").get("restartCount"), timeout=15, what="a restart")
    last = workspace.container("stuck")["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (5, "Error")


def test_other_probes_wait_for_the_startup_probe(workspace: Workspace) -> None:
    startup = {
        "exec": {"command": ["test", "-f", "/state/up"]},
        "periodSeconds": 1,
        "failureThreshold": 30,
    }
    pod = workspace.pod(
        "slow",
        *("sh", "-c", "sleep 3; touch /state/up; exec sleep 100"),
        startupProbe=startup,
        livenessProbe=startup | {"failureThreshold": 1},
        volumes=[VOLUME],
        volumeMounts=[MOUNT],
    )
    workspace.apply(pod)
    workspace.wait_phase("slow", "Running")
    assert workspace.container("slow")["started"] is False
    workspace.wait_ready("slow")
    assert workspace.container("slow")["restartCount"] == 0
