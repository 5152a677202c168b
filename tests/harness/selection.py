"""A pytest plugin: which kind of cluster the tests get, and which tests it cannot run.

`--cluster` names the kind. A test marked `needs("services")` is left out where the kind lacks that
capability, and the summary says so; it is never skipped in silence.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import pytest

from harness import phases
from harness.cluster import Capability
from harness.kinds import DEFAULT_KIND, KINDS, cluster_class

OPTION: Final = "--cluster"
MARK: Final = "needs"
ALONE: Final = "alone"
PROPERTY: Final = "cluster"
FIXTURES: Final = frozenset({"kubernetes", "product"})
"""A test that uses one of them, or needs a capability, is a cluster test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--cluster`."""
    parser.addoption(
        OPTION,
        choices=tuple(KINDS),
        default=DEFAULT_KIND,
        help="kind of the cluster that tests run in (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and what selects and counts."""
    names = ", ".join(Capability)
    config.addinivalue_line("markers", f"{MARK}(*capabilities): of the cluster, out of {names}")
    config.addinivalue_line("markers", f"{ALONE}: disturbs other tests, or is disturbed by them")
    config.pluginmanager.register(_Selection(config), "cluster-selection")


class _Selection:
    """Leaves out what the chosen kind cannot run, and counts."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._kind: str = config.getoption(OPTION)
        self._ran = 0
        self._left: Counter[str] = Counter()

    @pytest.hookimpl(trylast=True)  # what -k and -m deselect is not ours to count
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Deselect tests with needs that are not met. Raises UsageError for an unknown need."""
        tests = [item for item in items if FIXTURES.intersection(_fixtures(item)) or _needs(item)]
        capabilities = cluster_class(self._kind).capabilities if tests else frozenset()
        unmet = {item: lacking for item in tests if (lacking := _needs(item) - capabilities)}
        self._left.update(" and ".join(sorted(lacking)) for lacking in unmet.values())
        for item in tests:
            item.user_properties.append((PROPERTY, self._kind))
        if unmet:
            self._config.hook.pytest_deselected(items=list(unmet))
            items[:] = [item for item in items if item not in unmet]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the cluster tests that are run, here or by a worker of pytest-xdist."""
        mine = any(name == PROPERTY for name, _ in report.user_properties)
        self._ran += mine and report.when == "setup"

    def pytest_sessionfinish(self) -> None:
        """Tell the process that started this worker, if it is one, what was left out."""
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[PROPERTY] = dict(self._left)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker left out; all of them collected the same tests."""
        self._left = Counter(getattr(node, "workeroutput", {}).get(PROPERTY, self._left))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many cluster tests ran, how many were left to other kinds, and the time split."""
        if self._ran or self._left:
            line = f"cluster kind {self._kind}: {self._ran} tests{self._rest()}"
            terminalreporter.write_line(line)
        if spent := phases.split():
            terminalreporter.write_line(f"time beside the tests: {spent}")

    def _rest(self) -> str:
        counts = [f"{count} more need {names}" for names, count in sorted(self._left.items())]
        return f"; {', '.join(counts)} (make e2e, by root, runs all)" if counts else ""


def _fixtures(item: pytest.Item) -> Iterable[str]:
    names: Iterable[str] = getattr(item, "fixturenames", ())
    return names


def _needs(item: pytest.Item) -> frozenset[Capability]:
    names = [name for mark in item.iter_markers(MARK) for name in mark.args]
    try:
        return frozenset(map(Capability, names))
    except ValueError as error:
        known = ", ".join(Capability)
        raise pytest.UsageError(f"{item.nodeid}: {error}; there are {known}") from None
