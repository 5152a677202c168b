"""The same rows as JSON, YAML and tables."""

import json

import yaml

from rocketmq_operator.admin.output import Format, Output, rendered

ROWS = [
    {"server": "a:9876", "value": "[x] ü", "addresses": {0: "b:1", 1: "b:2"}, "up": True},
    {"server": "b:9876", "value": None, "addresses": {}, "up": False, "rate": 1.5},
]
OUTPUT = Output("text\n", ROWS)


def test_text_is_what_java_prints() -> None:
    assert rendered(OUTPUT, Format.TEXT) == "text\n"


def test_programs_get_the_rows() -> None:
    as_text = [
        {**row, "addresses": {str(k): v for k, v in row["addresses"].items()}} for row in ROWS
    ]
    assert json.loads(rendered(OUTPUT, Format.JSON)) == as_text
    assert yaml.safe_load(rendered(OUTPUT, Format.YAML)) == as_text


def test_a_command_that_goes_on_has_a_line_of_json_for_each_row() -> None:
    lines = rendered(OUTPUT, Format.JSON, goes_on=True).splitlines()
    assert [json.loads(line)["server"] for line in lines] == ["a:9876", "b:9876"]


def test_tables_have_a_column_for_each_name() -> None:
    assert rendered(OUTPUT, Format.TABLE).splitlines() == [
        "SERVER  VALUE  ADDRESSES    UP     RATE",
        "a:9876  [x] ü  0=b:1,1=b:2  true",
        "b:9876                      false  1.50",
    ]


def test_a_table_keeps_to_the_width_and_loses_nothing() -> None:
    wide = Output("", [{"name": "n" * 50, "value": "v" * 50}])
    lines = rendered(wide, Format.TABLE, width=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert ("".join(lines).count("n"), "".join(lines).count("v")) == (50, 50)


def test_nothing_is_an_empty_list_and_no_table() -> None:
    nothing = Output("", [])
    assert json.loads(rendered(nothing, Format.JSON)) == []
    assert rendered(nothing, Format.TABLE) == ""
