"""`make demo`: from `kubectl apply` to messages, a broker that is missed at once, and back."""

import os

from harness.cluster import Cluster
from harness.demo import OFFLINE_WITHIN, Demo

BESIDE_OTHERS = 3 * OFFLINE_WITHIN
"""Where other tests run at the same time."""


def test_every_step_of_the_demo_is_seen(kubernetes: Cluster) -> None:
    shared = "PYTEST_XDIST_WORKER" in os.environ
    Demo(kubernetes, offline_within=BESIDE_OTHERS if shared else OFFLINE_WITHIN).run()
