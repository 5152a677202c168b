"""Which tests run on a kind of cluster, and what is said of the others."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

HARNESS: Final = Path(__file__).parents[1]
TESTS: Final = """
import pytest

@pytest.fixture
def kubernetes():
    return None

def test_elsewhere(): ...

def test_anywhere(kubernetes): ...

@pytest.mark.needs("services")
def test_traffic(kubernetes): ...

@pytest.mark.needs("services", "images")
@pytest.mark.parametrize("number", [1, 2])
def test_pulled_traffic(kubernetes, number): ...
"""


def run(directory: Path, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run these tests with the plugin, each fixture being what the tests make of it."""
    (directory / "test_it.py").write_text(tests)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "harness.selection", "--strict-markers", *options],
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(HARNESS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_the_kind_lacks_is_left_out_and_counted(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS)
    assert "2 passed, 3 deselected" in done.stdout
    summary = (
        "cluster kind embedded: 1 tests; 2 more need images and services, "
        "1 more need services (make e2e, by root, runs all)"
    )
    assert summary in done.stdout


def test_a_run_without_cluster_tests_says_nothing_of_clusters(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS, "-k", "elsewhere")
    assert "1 passed" in done.stdout
    assert "cluster kind" not in done.stdout


def test_an_unknown_capability_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS.replace('"images"', '"magic"'))
    assert done.returncode != 0
    assert "'magic' is not a valid Capability; there are services, images, nodes" in done.stderr
