"""What is made of the containers of a pod."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.timestamps import to_text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SERVER = "nameserver"
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
RUNNING = {"running": {"startedAt": to_text(NOW)}}


def ago(**time: float) -> str:
    return to_text(NOW - timedelta(**time))


def ended(code: int = 1, *, ran: float = 5, minutes: float = 0) -> dict[str, Any]:
    """The end of a container, so many minutes ago, after it ran for ``ran`` seconds."""
    times = {"startedAt": ago(minutes=minutes, seconds=ran), "finishedAt": ago(minutes=minutes)}
    return {"terminated": {"exitCode": code, **times}}


def container(name: str = SERVER, restarts: int = 0, **states: Any) -> dict[str, Any]:
    return {"name": name, "image": f"{name}:1", "restartCount": restarts, **states}


def pod(*containers: dict[str, Any], initial: Any = (), ready: bool = False) -> dict[str, Any]:
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": to_text(NOW)}
    return {
        "metadata": {"name": "prod-nameserver-0", "namespace": "mq"},
        "spec": {"nodeName": "node-1"},
        "status": {
            "conditions": [condition],
            "containerStatuses": list(containers),
            "initContainerStatuses": list(initial),
        },
    }


def reason(found: dict[str, Any]) -> str:
    trouble = pods.first_trouble([found], NOW)
    return trouble.reason if trouble else ""


def told(found: dict[str, Any]) -> str:
    trouble = pods.first_trouble([found], NOW)
    assert isinstance(trouble, Trouble)
    return trouble.message


@pytest.mark.parametrize("code", [0, 1])
def test_a_container_that_the_kubelet_holds_back_keeps_ending(code: int) -> None:
    assert reason(pod(container(restarts=1, state=BACK_OFF, lastState=ended(code)))) == "CrashLoop"


@pytest.mark.parametrize(
    ("restarts", "last", "crashes"),
    [
        (2, ended(), True),
        (2, ended(0), True),
        (2, ended(minutes=9), True),
        (2, ended(minutes=10), False),
        (1, ended(), False),
        (9, ended(ran=600), False),
        (9, {"terminated": {"exitCode": 137}}, False),
    ],
    ids=[
        "twice",
        "ended by its probes",
        "still in doubt",
        "forgiven",
        "once",
        "well before",
        "nobody knows when",
    ],
)
def test_a_container_that_runs_again_keeps_ending_if_it_did_so_lately_and_again(
    restarts: int, last: dict[str, Any], *, crashes: bool
) -> None:
    found = pod(container(restarts=restarts, state=RUNNING, lastState=last))
    assert reason(found) == ("CrashLoop" if crashes else "")


def test_a_restart_of_long_ago_is_not_why_a_server_is_not_ready() -> None:
    killed = ended(137, minutes=60 * 24 * 90)
    assert reason(pod(container(restarts=1, state=RUNNING, lastState=killed))) == ""


def test_a_server_that_is_ready_again_is_in_no_trouble() -> None:
    found = pod(container(restarts=2, state=RUNNING, lastState=ended()), ready=True)
    assert reason(found) == ""
    assert pods.next_change([found], NOW) is None


def test_it_is_known_when_the_last_end_counts_no_more() -> None:
    found = pod(container(restarts=2, state=RUNNING, lastState=ended(minutes=9)))
    assert pods.next_change([found], NOW) == 60.0


def test_an_init_container_that_is_done_has_not_crashed() -> None:
    steps = [container("files", restarts=2, state={**ended(0)}, lastState=ended(1))]
    assert reason(pod(container(state=RUNNING), initial=steps)) == ""


def test_the_log_that_is_named_is_that_of_the_container() -> None:
    crashing = container("proxy", restarts=3, state=BACK_OFF, lastState=ended(3))
    assert told(pod(container(state=RUNNING), crashing)) == (
        "pod prod-nameserver-0, container proxy keeps ending with exit code 3; "
        "see kubectl -n mq logs -p prod-nameserver-0 -c proxy"
    )


NOT_PULLED = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}


@pytest.mark.parametrize(
    ("found", "field"),
    [
        (pod(container(**NOT_PULLED)), "spec.image"),
        (pod(container(), container("proxy", **NOT_PULLED)), "spec.pod.sidecars[proxy].image"),
        (
            pod(container(), initial=[container("files", **NOT_PULLED)]),
            "spec.pod.initContainers[files].image",
        ),
    ],
    ids=["server", "sidecar", "init container"],
)
def test_an_image_that_cannot_be_pulled_is_told_with_its_field(
    found: dict[str, Any], field: str
) -> None:
    assert told(found).endswith(f"cannot be pulled; correct {field}, or spec.imagePullSecrets")
