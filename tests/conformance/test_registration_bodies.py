"""Bodies of REGISTER_BROKER (103): broken, odd, old and compressed ones."""

import json
import struct
import zlib

import pytest

from harness.frames import ask
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import (
    body,
    compressed,
    data_version,
    mapping,
    member,
    registration,
    topic,
    wrapper,
)

WHO = member("bodies")
TOPICS = {"body-a": 4, "body-b": 8}
SHOWN = ["body-a", "body-b", "T", "U", "5", "true", ""]


def register(
    pair: Pair, content: bytes, *, version: int = 479, zipped: str = "false", dated: bool = True
) -> None:
    """Register, compare everything, and take everything away. Not ``dated``: it is of now."""
    more = {"compressed": zipped, "bodyCrc32": "0"}
    pair.same(registration(WHO, content, version=version, fields=more))
    pair.same_all(everything(topics=SHOWN, brokers=["bodies"]))
    if dated:
        pair.same(ask(322, fields=WHO))
    pair.same(ask(104, fields=WHO))
    pair.settle()
    for name in SHOWN:
        pair.same(ask(216, topic=name))
    pair.same_all(everything())


def whole(config: str) -> str:
    """A body with this text as the configuration of topic T."""
    return (
        '{"topicConfigSerializeWrapper":{'
        '"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1000},'
        f'"topicConfigTable":{{"T":{config},"U":{{"topicName":"U"}}}}}}}}'
    )


@pytest.mark.parametrize(
    "config",
    [
        '{"topicName":"T"}',
        '{"topicName":""}',
        '{"topicName":5}',
        '{"topicName":true}',
        '{"topicName":{"a":1}}',
        '{"topicName":[1]}',
        '{"topicName":"T","perm":"4"}',
        '{"topicName":"T","perm":null}',
        '{"topicName":"T","perm":4.7}',
        '{"topicName":"T","perm":"4.0"}',
        '{"topicName":"T","perm":"4.7"}',
        '{"topicName":"T","perm":"1,0"}',
        '{"topicName":"T","perm":-1}',
        '{"topicName":"T","perm":"x"}',
        '{"topicName":"T","perm":""}',
        '{"topicName":"T","perm":true}',
        '{"topicName":"T","perm":[]}',
        '{"topicName":"T","perm":2147483648}',
        '{"topicName":"T","perm":99999999999}',
        '{"topicName":"T","readQueueNums":8,"writeQueueNums":9,"topicSysFlag":3,"order":"true"}',
        '{"topicName":"T","topicFilterType":"NOPE"}',
        '{"topicName":"T","attributes":null}',
        '{"topicName":"T","attributes":{"a":1}}',
        '{"topicName":"T","attributes":{"$ref":"$.x"}}',
        '{"topicName":"T","x":{"y":[{},[],"z"]}}',
        '{"topicName":"T","topicName":"U","perm":4,"perm":2}',
        "null",
        "[]",
        "5",
        '"x"',
    ],
)
def test_topic_configurations(pair: Pair, config: str) -> None:
    register(pair, whole(config).encode())


WHOLE = whole('{"topicName":"T"}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "[]",
        "junk",
        "{",
        '""',
        "5",
        "true",
        '{"topicConfigSerializeWrapper":null}',
        '{"topicConfigSerializeWrapper":[]}',
        '{"topicConfigSerializeWrapper":"x"}',
        '{"topicConfigSerializeWrapper":5}',
        '{"topicConfigSerializeWrapper":{"topicConfigTable":null}}',
        '{"topicConfigSerializeWrapper":{"topicConfigTable":[]}}',
        '{"topicConfigSerializeWrapper":{"topicConfigTable":"x"}}',
        '{"topicConfigSerializeWrapper":{"topicConfigTable":{"A":{"topicName":"T"}}}}',
        '{"topicConfigSerializeWrapper":{"topicConfigTable":{1:{"topicName":"T"}}}}',
        WHOLE,
        WHOLE.replace('"', "'"),
        "\ufeff" + WHOLE,
        "  " + WHOLE + "\n",
        WHOLE + "trailing",
        WHOLE + "\x00",
        WHOLE.replace(",", ",,"),
        WHOLE.replace("{", "/* c */{"),
        WHOLE.replace(':{"topicName":"U"', ':{topicName:"U"'),
        WHOLE[:-1],
        WHOLE.replace("T", "\u2028").replace("topicConfig\u2028able", "topicConfigTable"),
    ],
)
def test_texts(pair: Pair, text: str) -> None:
    register(pair, text.encode())


@pytest.mark.parametrize(
    "filters",
    ["null", "[]", '["x"]', '["x","y"]', "[null]", "[1]", "{}", '"x"', "5", "[[1]]", "[true]"],
)
def test_filter_servers(pair: Pair, filters: str) -> None:
    register(pair, WHOLE.replace("{", f'{{"filterServerList":{filters},', 1).encode())


@pytest.mark.parametrize(
    "version",
    [
        '{"counter":5,"stateVersion":1,"timestamp":3}',
        '{"counter":null,"stateVersion":1,"timestamp":3}',
        '{"counter":"5","stateVersion":"1","timestamp":"3"}',
        '{"counter":5.7,"stateVersion":1,"timestamp":3}',
        '{"counter":-5,"stateVersion":-1,"timestamp":-3}',
        '{"counter":9223372036854775807,"stateVersion":1,"timestamp":3}',
        '{"counter":9223372036854775808,"stateVersion":1,"timestamp":3}',
        '{"counter":{},"stateVersion":1,"timestamp":3}',
        '{"counter":1,"timestamp":3}',
        '{"counter":"","timestamp":3}',
        '{"counter":true,"timestamp":3}',
        '{"timestamp":3}',
        '"x"',
    ],
)
def test_data_versions(pair: Pair, version: str) -> None:
    table = f'{{"dataVersion":{version},"topicConfigTable":{{}}}}'
    register(pair, f'{{"topicConfigSerializeWrapper":{table}}}'.encode())


@pytest.mark.parametrize("mappings", ["[]", "{}", '"x"', '{"S":5}', '{"U":{"bname":"q"}}'])
def test_mappings(pair: Pair, mappings: str) -> None:
    register(pair, WHOLE.replace("}}}", f'}}}},"topicQueueMappingInfoMap":{mappings}}}').encode())


@pytest.mark.parametrize("version", [-1, 0, 36, 37, 412, 413, 479, 612, 613, 2147483647])
@pytest.mark.parametrize("kind", ["none", "null", "[]", "junk", "bare", "whole"])
def test_versions_of_the_sender(pair: Pair, version: int, kind: str) -> None:
    contents = {"none": b"", "bare": json.dumps(wrapper(TOPICS)).encode(), "whole": body(TOPICS)}
    dated = (kind, version >= 37) not in {("bare", True), ("whole", False)}
    register(pair, contents.get(kind, kind.encode()), version=version, dated=dated)


def test_a_body_without_a_version_is_of_now(pair: Pair) -> None:
    pair.same(registration(WHO, b"{}"))
    told = [peer.ask("admin", ask(322, fields=WHO)) for peer in pair.peers]
    theirs, ours = (json.loads(each.body) for each in told)
    assert abs(theirs.pop("timestamp") - ours.pop("timestamp")) < 10_000
    assert ours == theirs
    pair.same(ask(104, fields=WHO))
    pair.settle()


CONFIGS = [topic("body-a", 4, 6, topicSysFlag=1), topic("body-b", 8, 4)]


@pytest.mark.parametrize("version", [37, 399, 412, 413, 479, 9999])
@pytest.mark.parametrize(
    "content",
    [
        compressed(CONFIGS),
        compressed(CONFIGS, mappings=None),
        compressed(CONFIGS, mappings=[mapping("body-a", "bodies")]),
        compressed(CONFIGS, filters=b'["f:1"]'),
        compressed(CONFIGS, filters=b"null"),
        compressed(CONFIGS, filters=b"junk"),
        compressed(CONFIGS, filters=b""),
        compressed(CONFIGS, filters=b"[1,null]"),
        compressed(CONFIGS)[:-9],
        zlib.compress(b""),
        body(TOPICS),
    ],
    ids=str,
)
def test_compressed_bodies(pair: Pair, version: int, content: bytes) -> None:
    register(pair, content, version=version, zipped="true")


def line(text: str) -> bytes:
    """A compressed body with one proper topic and one topic line of this text."""

    def chunk(data: bytes) -> bytes:
        return struct.pack(">i", len(data)) + data

    parts = [
        chunk(json.dumps(data_version()).encode()),
        struct.pack(">i", 2),
        chunk(text.encode()),
        chunk(b"body-b 8 9 6 SINGLE_TAG"),
        chunk(b"[]"),
        struct.pack(">i", 0),
    ]
    return zlib.compress(b"".join(parts))


@pytest.mark.parametrize(
    "text",
    [
        "T 1 2 6 SINGLE_TAG",
        "T 1 2 6 SINGLE_TAG {}",
        'T 1 2 6 SINGLE_TAG {"a":"b c"}',
        "T 1 2 6 MULTI_TAG junk",
        "T 1 2 6 SINGLE_TAG {} more words",
        "T  1 2 6 SINGLE_TAG",
        "T x 2 6 SINGLE_TAG",
        "T 1.0 2 6 SINGLE_TAG",
        "T 1 2 6 NOPE",
        "T +1 02 -6 SINGLE_TAG",
        "T 1 2 99999999999 SINGLE_TAG",
        " 1 2 6 SINGLE_TAG",
    ],
)
def test_topic_lines(pair: Pair, text: str) -> None:
    register(pair, line(text), zipped="true")


@pytest.mark.parametrize("value", ["true", "TRUE", "yes", "1", ""])
def test_the_flag_that_says_compressed(pair: Pair, value: str) -> None:
    for content in (compressed(CONFIGS), body(TOPICS)):
        register(pair, content, zipped=value)
