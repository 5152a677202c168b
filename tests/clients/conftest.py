"""Our NameServer, and Java's beside it, with a real broker; each module has its own."""

from collections.abc import Iterator

import pytest

from harness import java
from harness.nameserver import NameServer
from harness.sides import Sides


@pytest.fixture(scope="module")
def namesrv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Our server with a Java broker that knows no other."""
    directory = tmp_path_factory.mktemp("namesrv")
    with NameServer(directory / "ours") as ours, java.Broker(directory / "broker", ours.address):
        yield ours.address


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Our server and Java's, which the tests of one module share."""
    directory = tmp_path_factory.mktemp("pair")
    with NameServer(directory / "ours") as ours, java.NameServer(directory / "java") as theirs:
        # Without its timer a broker fails to delete a topic.
        properties = {"timerWheelEnable": "true"}
        with java.Broker(
            directory / "broker", f"{ours.address};{theirs.address}", properties=properties
        ) as broker:
            yield Sides(ours.address, theirs.address, broker)
