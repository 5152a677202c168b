"""Java broker pairs on our NameServers and Java's."""

from collections.abc import Iterator

import pytest

from harness.pairs import Pairs


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    pairs = Pairs(tmp_path_factory.mktemp("pairs"))
    try:
        pairs.start()
        yield pairs
    finally:
        pairs.close()


@pytest.fixture
def pairs(running: Pairs) -> Pairs:
    """The pairs, whole: every server shows all of them, whatever happened before."""
    running.mend()
    running.wait_whole()
    return running
