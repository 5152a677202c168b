"""How the comments of a values.yaml become a schema and a table."""

import json

import pytest

from harness import values
from harness.errors import HarnessError

TEXT = """
# About the file, which is about no value.

# How many
# there are.
# @schema {minimum: 0}
replicas: 2

image:
  # Its name | its place.
  repository: r

# Labels.
# @schema {$ref: "#/definitions/strings"}
labels:
  a: b
"""


def test_schema() -> None:
    schema = json.loads(values.schema(values.read(TEXT)))
    assert schema["properties"]["replicas"] == {
        "description": "How many there are.",
        "type": "integer",
        "minimum": 0,
    }
    image = schema["properties"]["image"]
    assert (image["additionalProperties"], list(image["properties"])) == (False, ["repository"])
    assert schema["properties"]["labels"]["$ref"] == "#/definitions/strings"
    assert list(schema["definitions"]) == ["strings"]


def test_table() -> None:
    assert values.table(values.read(TEXT)).splitlines()[2:] == [
        "| `replicas` | `2` | How many there are. |",
        '| `image.repository` | `"r"` | Its name \\| its place. |',
        '| `labels` | `{"a": "b"}` | Labels. |',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1", "no comment above a"),
        ("a:\n  # B.\n  b: 1\n  c: 2", "no comment above a.c"),
        ("# A.\n\na: 1", "no comment above a"),
        ("# A.\na: []", "above a has to say of what type"),
    ],
)
def test_every_value_is_explained(text: str, words: str) -> None:
    with pytest.raises(HarnessError, match=words):
        values.read(text)
