"""Properties text as Java reads and prints it, and the table of the NameServer's properties."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol import properties
from rocketmq_operator.protocol.configuration import PROPERTIES, Effect, nearest, normalize


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a=1\nb:2\nc 3\r\nd", {"a": "1", "b": "2", "c": "3", "d": ""}),
        ("# c\n! d\n\n  a = x y  \n", {"a": "x y  "}),
        ("a=1\\\n   2\nb=\\\\\nc=3", {"a": "12", "b": "\\", "c": "3"}),
        (r"a\=b=c\nd\te\u0041\q", {"a=b": "c\nd\teAq"}),
        ("a=1\na=2", {"a": "2"}),
        ("a = = b", {"a": "= b"}),
        ("a=1\\", {"a": "1"}),
        ("a=b\\\n# not a comment", {"a": "b# not a comment"}),
        ("ü".encode(), {"Ã¼": ""}),
        ("", {}),
    ],
)
def test_properties_are_read_as_java_reads_them(text, entries):
    assert properties.parse(text) == entries


@pytest.mark.parametrize("text", [r"a=\u12", r"a=\uzzzz", r"\u=1"])
def test_a_bad_unicode_escape_is_refused(text):
    with pytest.raises(BodyError, match="hexadecimal"):
        properties.parse(text)


def test_a_value_on_very_many_lines_is_read_in_the_time_of_its_length():
    begin = time.process_time()
    assert properties.parse("k=" + "a\\\n" * 300_000) == {"k": "a" * 300_000}
    assert time.process_time() - begin < 5


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXT, TEXT, max_size=5))
def test_what_is_dumped_reads_back_the_same(entries):
    assert properties.parse(properties.dump(entries)) == entries


def test_lines_are_printed_sorted_and_read_back_over_broken_lines():
    text = properties.print_raw({"b": "1\n2", "a": "x"})
    assert text == "a=x\nb=1\n2\n"
    assert properties.parse_raw(text) == {"a": "x", "b": "1\n2"}


def test_the_listed_properties_are_those_a_fresh_java_server_prints():
    listed = [name for name in sorted(PROPERTIES) if PROPERTIES[name].listed]
    assert len(listed) == 40
    assert (listed[0], listed[-1]) == ("bindAddress", "writeBufferLowWaterMark")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("listenport", "listenPort"),
        ("suportActingMaster", "supportActingMaster"),
        ("scanNotActiveBrokerIntervall", "scanNotActiveBrokerInterval"),
        ("zzz", None),
    ],
)
def test_the_nearest_known_property_is_found(name, known):
    assert nearest(name) == known


@pytest.mark.parametrize(
    ("name", "text", "stored"),
    [
        ("orderMessageEnable", "TRUE", "true"),
        ("orderMessageEnable", "true ", "false"),
        ("orderMessageEnable", "yes", "false"),
        ("waitSecondsForService", "045", "45"),
        ("waitSecondsForService", "1.5", None),
        ("waitSecondsForService", " 1", None),
        ("waitSecondsForService", "2147483648", None),
        ("scanNotActiveBrokerInterval", "2147483648", "2147483648"),
        ("scanNotActiveBrokerInterval", "9" * 400, None),
        ("productEnvName", "  x ", "x"),
    ],
)
def test_values_are_converted_as_java_does(name, text, stored):
    assert normalize(PROPERTIES[name], text) == stored


def test_paths_and_listeners_are_fixed():
    fixed = {name for name, row in PROPERTIES.items() if row.effect is Effect.FIXED}
    assert fixed == {
        "bindAddress",
        "listenPort",
        "rocketmqHome",
        "kvConfigPath",
        "configStorePath",
        "configBlackList",
    }
