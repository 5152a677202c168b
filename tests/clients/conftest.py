"""Our NameServer, and Java's beside it, with a real broker; each module has its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from harness import java
from harness.loopback import claimed_range
from harness.processes import start
from harness.sides import Sides
from harness.wait import until

PROGRAM: Final = Path(sys.executable).with_name("rocketmq-nameserver")


@pytest.fixture(scope="module")
def namesrv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Our server with a Java broker that knows no other."""
    directory = tmp_path_factory.mktemp("namesrv")
    with _our_server(directory) as ours, java.Broker(directory / "broker", ours):
        yield ours


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Our server and Java's, which the tests of one module share."""
    directory = tmp_path_factory.mktemp("pair")
    with _our_server(directory) as ours, java.NameServer(directory / "java") as theirs:
        # Without its timer a broker fails to delete a topic.
        properties = {"timerWheelEnable": "true"}
        with java.Broker(
            directory / "broker", f"{ours};{theirs.address}", properties=properties
        ) as broker:
            yield Sides(ours, theirs.address, broker)


@contextmanager
def _our_server(directory: Path) -> Iterator[str]:
    data = directory / "ours"
    data.mkdir()
    with claimed_range() as prefix:
        address = f"{prefix}.0.9:9876"
        command = [PROGRAM, "--listen", address, "--data-dir", data]
        child = start(command, log=directory / "ours.log")
        try:
            until(lambda: java.answers(address), timeout=20, what="our server to answer")
            yield address
        finally:
            child.stop()
