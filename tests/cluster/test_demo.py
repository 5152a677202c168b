"""`make demo`: from `kubectl apply` to messages, a broker that is missed at once, and back."""

import pytest

from harness.cluster import Cluster
from harness.demo import Demo


@pytest.mark.alone  # it measures time
def test_every_step_of_the_demo_is_seen(kubernetes: Cluster) -> None:
    Demo(kubernetes).run()
