"""No lookup finds an empty server, however fast all of them are restarted."""

import signal
from typing import Final

import pytest

from harness.product import Make
from harness.restarts import MESSAGES, Scale, report, restarted

SCALE: Final = Scale(("broker-a",), topics=20)


@pytest.mark.timeout(600)
def test_no_lookup_finds_an_empty_server_while_all_are_killed_in_turn(make: Make) -> None:
    # Others that fail met a server that is down: a new Java client asks no second one then.
    found = restarted(make(replicas=3), SCALE, signal.SIGKILL)
    print(report("SIGKILL", found))
    assert (found.lookups.no_route, found.sent.failed) == (0, 0), found.lookups.last_error
    assert found.consumed.distinct == MESSAGES
