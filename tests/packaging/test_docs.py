"""What the documents list is what the code has."""

import re
from pathlib import Path

import pytest

from rocketmq_operator.protocol import tlssettings
from rocketmq_operator.protocol.configuration import PROPERTIES, Effect, Property
from rocketmq_operator.reconciler import clustermetrics
from rocketmq_operator.reconciler.metrics import REGISTRY

ROOT = Path(__file__).parents[2]
OPERATOR = (ROOT / "docs/operator.md").read_text()
SOURCES = [path.read_text() for path in (ROOT / "operator").rglob("*.py")]
REASONS = {
    reason
    for text in SOURCES
    for reason in re.findall(r'(?:Trouble|Transition)\(\s*"(\w+)"|emit\(body, "(\w+)"', text)
    for reason in filter(None, reason)
}
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


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_of_an_event_or_of_stalled_is_explained(reason: str) -> None:
    assert f"`{reason}`" in OPERATOR


def test_every_metric_of_the_operator_is_named() -> None:
    families = list(REGISTRY.collect())
    families += clustermetrics.families([], {})
    counters = {"counter": "_total"}
    names = [family.name + counters.get(family.type, "") for family in families]
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in OPERATOR] == []
