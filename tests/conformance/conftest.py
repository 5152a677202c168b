"""Fixtures: the Java NameServer and ours as a pair; and what the suite says at its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.pair import TALLY, Pair, Servers, listed, start_servers, unmet

HERE = Path(__file__).parent
_seen: set[Path] = set()
_narrowed: list[str] = []


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both servers with default settings, for one file. A file that needs others overrides it."""
    with start_servers(tmp_path_factory.mktemp("pair")) as started:
        yield started


@pytest.fixture
def pair(servers: Servers) -> Iterator[Pair]:
    """Both servers, with no connection open yet."""
    with servers.pair() as made:
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See which files of this directory take part."""
    _seen.update(item.path for item in items if item.path.parent == HERE)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """See that some tests were left out."""
    _narrowed.extend(item.nodeid for item in items if item.path.parent == HERE)


def _missing(session: pytest.Session) -> list[str]:
    """Listed differences that a whole and successful run did not meet."""
    whole = _seen == set(HERE.glob("test_*.py")) and not _narrowed
    return unmet(listed()) if whole and not session.testsfailed else []


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if a listed difference was met by no test."""
    if _missing(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was compared."""
    missing = unmet(listed())
    state = f"not met: {', '.join(missing)}" if missing else "all still there"
    terminalreporter.write_line(
        f"conformance: {TALLY.frames} frames, {TALLY.steps} generated steps, "
        f"{len(listed())} listed differences, {state}"
    )
