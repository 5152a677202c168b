"""The layout that other tools rely on."""

import operator
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_source_root_is_not_a_package() -> None:
    assert not (ROOT / "operator/__init__.py").exists()
    assert [path.name for path in (ROOT / "operator").glob("*.py")] == []


def test_nothing_stands_in_the_way_of_the_standard_library() -> None:
    assert not (ROOT / "tests/operator").exists()
    assert operator.add(2, 3) == 5


def test_the_samples_of_the_readme_exist() -> None:
    paths = re.findall(r"manifests/samples/[\w.-]+\w", (ROOT / "README.md").read_text())
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
