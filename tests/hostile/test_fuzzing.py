"""Random and mutated frames: no crash, no hang, bounded memory, others served as before."""

from collections.abc import Callable

from harness import fuzz
from harness.nameserver import NameServer

MAX_GROWTH = 256 * 2**20


def test_nonsense_harms_nobody(
    serve: Callable[..., NameServer], figure: Callable[[str], None]
) -> None:
    server = serve()
    report = fuzz.run(server.address, server.pid, frames=40_000, seed=20)
    figure(str(report))
    assert report.frames >= 40_000
    assert report.canary > 0
    assert report.memory_peak - report.memory_before < MAX_GROWTH
