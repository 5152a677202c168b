"""All servers restarted in turn, ours and Java's, with 1,000 topics on two pairs of brokers."""

import signal
from typing import Any, Final

import pytest

from harness.cluster import Cluster
from harness.product import Make
from harness.restarts import MESSAGES, Restarted, Scale, report, restarted

SCALE: Final = Scale(("broker-a", "broker-b"), topics=1000)
ROLL_SECONDS: Final = 15.0
JAVA: Final = {"requests": {"cpu": "20m"}, "limits": {"memory": "512Mi"}}
SIGNALS: Final = (signal.SIGTERM, signal.SIGKILL)

pytestmark = pytest.mark.timeout(900)


def run(make: Make, what: str, number: signal.Signals, **spec: Any) -> Restarted:
    found = restarted(make(replicas=3, **spec), SCALE, number)
    print(f"\n{report(f'{what}, {number.name}', found)}")
    return found


@pytest.mark.parametrize("number", SIGNALS)
def test_our_servers_are_never_empty(make: Make, number: signal.Signals) -> None:
    found = run(make, "ours", number)
    assert (found.lookups.no_route, found.sent.failed) == (0, 0), found.lookups.last_error
    assert found.consumed.distinct == MESSAGES
    assert found.seconds < ROLL_SECONDS


@pytest.mark.parametrize("number", SIGNALS)
def test_javas_servers_are(make: Make, kubernetes: Cluster, number: signal.Signals) -> None:
    java = {"flavor": "Java", "image": kubernetes.java_image(), "resources": JAVA}
    assert run(make, "Java's", number, **java).lookups.no_route > 0
