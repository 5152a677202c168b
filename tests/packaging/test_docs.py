"""What the documents list is what the code has."""

from pathlib import Path

import pytest

from rocketmq_operator.protocol import tlssettings
from rocketmq_operator.protocol.configuration import PROPERTIES, Effect, Property

DOCUMENT = (Path(__file__).parents[2] / "docs/nameserver.md").read_text()
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
