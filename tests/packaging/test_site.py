"""The documentation as a site, and as GitHub shows it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness import docsite
from harness.cluster import Cluster
from rocketmq_operator import __version__

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("charts/*/README.md"))]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"?(?:https?:)?//[^\">]*")
CODE = re.compile(r"`[^`\n]*`")
PLACE = re.compile(r"(?<=\]\()(?![a-z]+:)([^)#\s]*)(#[^)\s]*)?(?=\))")
OURS = "apiVersion: namesrv.dev/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    target = tmp_path_factory.mktemp("site")
    words = (sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", target)
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stdout + done.stderr
    return target


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    loaded = {found for page in pages for found in LOADED.findall(page.read_text())}
    assert loaded == set()


def test_files_that_pages_link_to_are_on_the_site(site: Path) -> None:
    sample = Path("manifests/samples/broker.yaml")
    assert (site / sample).read_text() == (ROOT / sample).read_text()
    assert 'href="manifests/samples/broker.yaml"' in (site / "brokers.html").read_text()


@pytest.mark.parametrize(
    ("page", "link", "there"),
    [
        ("install.md", "image.md#name-it", "image.md#name-it"),
        ("install.md", "../charts/a/README.md", "charts/a/README.md"),
        ("runbooks/a.md", "../../manifests/b.yaml", "../manifests/b.yaml"),
        ("charts/a/README.md", "../../docs/install.md", "../../install.md"),
        ("charts/a/README.md", "../../README.md", "../../index.md"),
        ("install.md", "https://example.com/../a", "https://example.com/../a"),
        ("install.md", "#here", "#here"),
    ],
)
def test_a_link_from_file_to_file_becomes_one_of_the_site(page: str, link: str, there: str) -> None:
    assert docsite.as_on_site(f"[a]({link})", page) == f"[a]({there})"


def test_what_looks_like_a_link_in_code_is_none() -> None:
    text = "`[a](../b)`\n\n```\n[a](../b)\n```\n"
    assert docsite.as_on_site(text, "install.md") == text


def test_a_bar_in_code_in_a_table_is_shown_without_a_backslash(site: Path) -> None:
    assert (
        "<code>^([0-9]+(\\.[0-9]+)?(s|m|h))+$</code>" in (site / "reference/api.html").read_text()
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_on_github(page: Path) -> None:
    assert list(dead_links(page)) == []


def dead_links(page: Path) -> Iterator[str]:
    for path, anchor in PLACE.findall(CODE.sub("", FENCE.sub("", page.read_text()))):
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield path
        elif anchor and anchor.removeprefix("#") not in anchors(target):
            yield f"{path}{anchor}"


def anchors(page: Path) -> set[str]:
    """Those of headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("page", "sample"),
    [
        ("tls.md", "tls.yaml"),
        ("external-access.md", "external.yaml"),
        ("external-access.md", "external-nodeport.yaml"),
    ],
)
def test_an_example_of_a_page_is_a_sample(page: str, sample: str) -> None:
    text = (ROOT / "manifests/samples" / sample).read_text()
    assert f"```yaml\n{text}```" in (ROOT / "docs" / page).read_text()


@pytest.mark.usefixtures("crd")
def test_the_api_server_takes_whole_objects_on_pages(kubernetes: Cluster) -> None:
    blocks = [block for page in PAGES for _, block in FENCE.findall(page.read_text())]
    found = [yaml.safe_load(block) for block in blocks if f"\n{OURS}" in f"\n{block}"]
    assert len(found) >= 4
    for manifest in found:
        manifest["metadata"].pop("namespace", None)  # which need not be there
        words = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")
        assert kubernetes.kubectl(*words, input=yaml.safe_dump(manifest)).stderr == ""


def test_commands_of_the_quick_start_have_no_comments_and_the_version_of_the_product() -> None:
    text = (ROOT / "docs/quickstart.md").read_text()
    commands = [
        line for kind, block in FENCE.findall(text) if kind == "sh" for line in block.splitlines()
    ]
    assert f"kind load docker-image --name rocketmq rocketmq-operator:{__version__}" in commands
    assert [line for line in commands if "#" in line or not line.strip()] == []
