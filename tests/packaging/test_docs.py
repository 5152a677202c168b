"""What the documents list is what the code has."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import reasons
from rocketmq_operator.protocol import tlssettings
from rocketmq_operator.protocol.configuration import PROPERTIES, Effect, Property
from rocketmq_operator.reconciler import clustermetrics
from rocketmq_operator.reconciler.metrics import REGISTRY
from rocketmq_operator.reconciler.rollout import Blocker

ROOT = Path(__file__).parents[2]
OPERATOR = (ROOT / "docs/operator.md").read_text()
CONDITIONS = (ROOT / "docs/conditions.md").read_text()
DOCUMENT = (ROOT / "docs/nameserver.md").read_text()
EFFECTS = {
    Effect.LIVE: "at once",
    Effect.RESTART: "restart",
    Effect.FIXED: "start only",
    Effect.IGNORED: "no meaning here",
}


def row(each: Property) -> str:
    default = f"`{each.default}`" if each.default else ""
    return f"| `{each.name}` | {each.kind.value} | {default} | {EFFECTS[each.effect]} |"


def test_the_table_of_properties_is_that_of_the_code() -> None:
    assert "\n".join(row(each) for each in PROPERTIES.values() if each.listed) in DOCUMENT


@pytest.mark.parametrize("name", [name for name, row in PROPERTIES.items() if not row.listed])
def test_every_other_property_is_named(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("name", sorted(name for name in tlssettings.NAMES if "server" in name))
def test_every_tls_property_of_a_server_is_named(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


def test_the_page_of_conditions_has_every_word_of_the_code_and_no_other() -> None:
    known = reasons.known()
    first = [line.split(" | ")[0] for line in CONDITIONS.splitlines() if line.startswith("| `")]
    words = {word for cell in first for word in re.findall(r"`(\w+)`", cell)}
    assert words == {*known.conditions, *known.events, *Blocker, *phases()}


def test_every_type_of_condition_has_a_heading_or_a_row() -> None:
    for name in reasons.known().types:
        assert re.search(rf"^### .*\b{name}\b|\| {name} \|", CONDITIONS, re.MULTILINE), name


def phases() -> set[str]:
    """As the description of the field lists them, and the one before anything was made."""
    crd = yaml.safe_load((ROOT / "crds/nameserverclusters.namesrv.dev.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    words = schema["properties"]["status"]["properties"]["phase"]["description"]
    return {"Pending", *re.findall(r"[A-Z]\w+", words.partition(": ")[2])}


@pytest.mark.parametrize("kind", ["nameserverclusters", "nameserverkvconfigs"])
def test_the_api_reference_describes_every_field_and_what_is_refused(kind: str) -> None:
    page = (ROOT / "docs/reference/api.md").read_text().replace("\\|", "|")
    crd = yaml.safe_load((ROOT / f"crds/{kind}.namesrv.dev.yaml").read_text())
    told = set(sentences(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]))
    assert len(told) > 30
    assert [sentence for sentence in told if sentence not in page] == []


def sentences(schema: Any) -> Iterator[str]:
    """Descriptions and messages, wherever they are."""
    for name, part in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if name in {"description", "message"} and isinstance(part, str):
            yield part
        elif isinstance(part, dict | list):
            yield from sentences(part)


def test_every_metric_of_the_operator_is_named() -> None:
    families = list(REGISTRY.collect())
    families += clustermetrics.families([], {})
    counters = {"counter": "_total"}
    names = [family.name + counters.get(family.type, "") for family in families]
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in OPERATOR] == []
