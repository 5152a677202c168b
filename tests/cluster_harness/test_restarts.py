"""What happens when containers end."""

import signal
import time

from harness.node.backoff import Backoff
from harness.wait import until
from harness.workspace import Workspace


def test_restart_delays_grow_as_a_kubelets() -> None:
    delays = Backoff()
    assert [delays.restart_delay(1) for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_long_good_run_starts_the_delays_over() -> None:
    delays = Backoff()
    for _ in range(5):
        delays.restart_delay(1)
    assert [delays.restart_delay(ran) for ran in (600, 1)] == [0, 10]


def test_a_crash_loop_is_reported_and_slowed_down(workspace: Workspace) -> None:
    workspace.apply(workspace.pod("crash", "sh", "-c", "echo out; exit 7"))
    status = workspace.wait_waiting("crash", "CrashLoopBackOff")
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 7
    assert "back-off 10s restarting failed container=main" in status["state"]["waiting"]["message"]
    assert workspace.get("pods", "crash")["status"]["phase"] == "Running"


def test_a_killed_container_comes_back_in_the_same_pod(workspace: Workspace) -> None:
    workspace.apply(workspace.pod("victim", "sleep", "100"))
    workspace.wait_ready("victim")
    before = workspace.get("pods", "victim")
    workspace.cluster.kill(workspace.namespace, "victim", "main", signal.SIGKILL)
    until(lambda: workspace.container("victim")["restartCount"] == 1, timeout=10, what="a restart")
    workspace.wait_ready("victim")
    after = workspace.get("pods", "victim")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["podIP"] == before["status"]["podIP"]
    assert workspace.container("victim")["lastState"]["terminated"]["exitCode"] == 137


def test_an_unknown_image_is_reported_and_recovers_when_the_pod_is_fixed(
    workspace: Workspace,
) -> None:
    workspace.apply(workspace.pod("typo", "sleep", "100", image="rocketmq-operator:nope"))
    status = workspace.wait_waiting("typo", "ImagePullBackOff")
    assert (
        'Back-off pulling image "rocketmq-operator:nope"' in status["state"]["waiting"]["message"]
    )
    assert workspace.get("pods", "typo")["status"]["phase"] == "Pending"
    workspace.kubectl("set", "image", "pod/typo", "main=rocketmq-operator:0.1.0")
    workspace.wait_ready("typo")


def test_an_image_that_appears_later_is_found(workspace: Workspace) -> None:
    workspace.apply(workspace.pod("early", "sleep", "100", image="rocketmq-operator:next"))
    workspace.wait_waiting("early", "ErrImagePull")
    workspace.cluster.images.add("rocketmq-operator:next")
    workspace.wait_ready("early")
    workspace.cluster.images.remove("rocketmq-operator:next")


def test_a_program_can_end_in_its_own_time(workspace: Workspace) -> None:
    script = "trap 'echo bye; sleep 1; exit 0' TERM; while :; do sleep 0.1; done"
    pod = workspace.pod("polite", "sh", "-c", script, terminationGracePeriodSeconds=20)
    workspace.apply(pod)
    workspace.wait_ready("polite")
    started = time.monotonic()
    workspace.kubectl("delete", "pod", "polite")
    assert 1 <= time.monotonic() - started < 10
    assert "bye" in workspace.cluster.logs(workspace.namespace, "polite", "main")


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace_period(
    workspace: Workspace,
) -> None:
    pod = workspace.pod("stubborn", "sleep", "100", terminationGracePeriodSeconds=2)
    workspace.apply(pod)
    workspace.wait_ready("stubborn")
    started = time.monotonic()
    workspace.kubectl("delete", "pod", "stubborn")
    assert 2 <= time.monotonic() - started < 8


def test_a_forced_deletion_kills_at_once(workspace: Workspace) -> None:
    workspace.apply(workspace.pod("gone", "sleep", "100", terminationGracePeriodSeconds=60))
    workspace.wait_ready("gone")
    workspace.kubectl("delete", "pod", "gone", "--grace-period=0", "--force")
    workspace.apply(workspace.pod("gone", "sleep", "100"))
    workspace.wait_ready("gone")
