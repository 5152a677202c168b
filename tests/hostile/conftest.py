"""A server of ours for each test, and the figures that the tests print at the end."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.nameserver import NameServer

_figures: list[str] = []


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., NameServer]]:
    """Start our server with properties; it is ended with the test, and must not have failed."""
    started: list[NameServer] = []

    def start(**properties: str | int) -> NameServer:
        server = NameServer(tmp_path / f"server-{len(started)}", properties=properties)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.require_running()
        server.kill()
        log = server.log.read_text(errors="replace")
        assert "Traceback" not in log, log[log.index("Traceback") - 300 :][:3000]


@pytest.fixture
def figure() -> Callable[[str], None]:
    """Tell a figure that the run's summary shows."""
    return _figures.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures."""
    for line in _figures:
        terminalreporter.write_line(f"hostile peers: {line}")
