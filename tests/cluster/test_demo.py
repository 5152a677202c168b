"""`make demo`, where Services and DNS servers carry its traffic."""

import pytest

from harness.cluster import Cluster
from harness.demo import Demo


@pytest.mark.alone  # it measures time
@pytest.mark.needs("services")
def test_every_step_of_the_demo_is_seen(kubernetes: Cluster) -> None:
    Demo(kubernetes).run()
