"""Registration bodies as real brokers send them: plain, compressed, from 3.x, 4.x and 5.x."""

import json
import zlib

import pytest

from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol import fastjson, registration
from rocketmq_operator.protocol.bodies import DataVersion, RegisterBrokerBody, TopicConfig

PLAIN = (
    b'{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":3,"stateVersion":0,'
    b'"timestamp":1700000000000},"mappingDataVersion":{"counter":3,"stateVersion":0,"timestamp":170000000'
    b'0000},"topicConfigTable":{"TopicTest":{"attributes":{"+message.type":"FIFO"},"order":false,"perm":6,'
    b'"readQueueNums":8,"topicFilterType":"SINGLE_TAG","topicName":"TopicTest","topicSysFlag":0,'
    b'"writeQueueNums":8},"T2":{"attributes":{"$ref":"$.topicConfigSerializeWrapper.topicConfigTable.'
    b'TopicTest.attributes"},"order":false,"perm":6,"readQueueNums":8,"topicFilterType":"SINGLE_TAG",'
    b'"topicName":"T2","topicSysFlag":0,"writeQueueNums":8}},"topicQueueMappingDetailMap":{},'
    b'"topicQueueMappingInfoMap":{}}}'
)
COMPRESSED = bytes.fromhex(
    "78da636060b0a8564ace2fcd2b492d52b232d6512a2e492c490d4b2d2acecccf53b232d0512ac9cc4d050ae6162859199"
    "a1b20402d03030313101b87e41764268700d5285800a19942b0a79fbb8f6b7c88a3bb42b59236507371627aaa5e496541"
    "aa9295929ba79bbf1248ab4e881149ea99a263812403001ca82f3b"
)
TOPICS = {name: TopicConfig(name, 6, 8, 0, 8) for name in ("TopicTest", "T2")}


def decode_registration(data, version, *, compressed):
    return decoded(data, version, compressed=compressed)[0]


def decoded(data, version=479, *, compressed=False):
    """The body and after how many pauses it was read."""
    steps, pauses = registration.decode_registration(data, version, compressed=compressed), 0
    while True:
        try:
            next(steps)
            pauses += 1
        except StopIteration as end:
            return end.value.body, pauses


VERSION = DataVersion(3, 0, 1700000000000)


def test_plain_body_with_shared_attributes():
    body = decode_registration(PLAIN, 479, compressed=False)
    table = body.topic_config_serialize_wrapper
    assert (table.topic_config_table, table.data_version) == (TOPICS, VERSION)
    assert body.filter_server_list == []


@pytest.mark.parametrize("version", [409, 479])
def test_compressed_body_of_4x_and_5x(version):
    body = decode_registration(COMPRESSED, version, compressed=True)
    table = body.topic_config_serialize_wrapper
    assert (table.topic_config_table, table.data_version) == (TOPICS, VERSION)


def test_5x_must_end_a_compressed_body_with_its_mappings():
    short = zlib.compress(zlib.decompress(COMPRESSED)[:-4])
    assert decode_registration(short, 409, compressed=True)
    with pytest.raises(BodyError):
        decode_registration(short, 479, compressed=True)


def test_a_3x_body_is_the_topic_table_alone_and_says_nothing_of_filters():
    data = b'{"topicConfigTable":{"A":{"topicName":"A"}},"dataVersion":{"counter":1,"timestamp":2}}'
    body = decode_registration(data, 36, compressed=False)
    assert body.filter_server_list is None
    assert body.topic_config_serialize_wrapper.topic_config_table == {
        "A": TopicConfig("A", 6, 16, 0, 16)
    }


@pytest.mark.parametrize(("version", "filters"), [(36, None), (479, [])])
def test_no_body_registers_no_topics_at_version_zero(version, filters):
    body = decode_registration(b"", version, compressed=False)
    table = body.topic_config_serialize_wrapper
    assert (table.topic_config_table, table.data_version) == ({}, DataVersion())
    assert body.filter_server_list == filters


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        zlib.compress(b""),
        zlib.compress(b"\xff\xff\xff\xff"),
        COMPRESSED[:-1],
        zlib.compress(bytes(80_000_000), 1),
    ],
    ids=["not zlib", "empty", "negative", "cut", "bomb"],
)
def test_a_bad_compressed_body_is_refused(data):
    with pytest.raises(BodyError):
        decode_registration(data, 479, compressed=True)


def test_fields_beyond_the_fifth_and_odd_lines_of_a_compressed_body():
    def chunk(text: bytes) -> bytes:
        return len(text).to_bytes(4, "big") + text

    data = b"".join(
        (
            chunk(b'{"counter":1}'),
            (2).to_bytes(4, "big"),
            chunk(b'T 1 2 6 SINGLE_TAG {"a": "b c"}'),
            chunk(b"short"),
            chunk(b"nonsense"),
        )
    )
    body = decode_registration(zlib.compress(data), 409, compressed=True)
    topics = body.topic_config_serialize_wrapper.topic_config_table
    assert topics["T"] == TopicConfig("T", 6, 1, 0, 2)
    assert topics[""].topic_name is None
    assert body.filter_server_list == []


def large(name="topic-", attributes='{"+message.type":"FIFO"}', count=8000):
    members = (
        f'"{name + str(n)}":{{"attributes":{attributes},"order":false,"perm":6,"readQueueNums":8,'
        f'"topicFilterType":"SINGLE_TAG","topicName":"{name + str(n)}","topicSysFlag":0,'
        f'"writeQueueNums":8}}'
        for n in range(count)
    )
    head, tail = PLAIN.split(b'"topicConfigTable":{', 1)
    tail = b',"topicQueueMappingDetailMap"' + tail.split(b',"topicQueueMappingDetailMap"', 1)[1]
    return head + b'"topicConfigTable":{' + ",".join(members).encode() + b"}" + tail


@pytest.mark.parametrize(
    "data",
    [
        large(),
        large(attributes="{}"),
        large(attributes='{"a":"},","b":"{\\"},"}'),
        large(name='},\\"'),
        large().replace(
            b'"mappingDataVersion":{"counter":3,"stateVersion":0,"timestamp":1700000000000},', b""
        ),
    ],
    ids=["java", "no attributes", "braces in values", "braces in names", "4.9"],
)
def test_a_large_body_is_read_in_slices_to_the_same_end(data):
    body, pauses = decoded(data)
    assert pauses >= 3
    assert body == fastjson.decode(data, RegisterBrokerBody)
    assert len(body.topic_config_serialize_wrapper.topic_config_table) == 8000


def test_a_large_body_of_another_layout_is_read_as_well():
    data = large().replace(b'{"filterServerList"', b'{ "filterServerList"')
    assert decoded(data)[0] == fastjson.decode(data, RegisterBrokerBody)


def test_numbers_in_quotes_are_read_up_to_a_bound():
    change = (b'"perm":6', b'"perm":"6"')
    assert decoded(PLAIN.replace(*change))[0] == decoded(PLAIN)[0]
    with pytest.raises(BodyError, match="bytes of JSON do not fit"):
        decoded(large().replace(*change))


def test_a_large_body_that_is_cut_is_refused():
    with pytest.raises(BodyError):
        decoded(large()[:-9])


def compressed_body(lines: int) -> bytes:
    """A body of so many empty lines, as nobody's broker sends it."""
    head = b'{"counter":1}'
    start = len(head).to_bytes(4, "big") + head + lines.to_bytes(4, "big")
    return zlib.compress(start + bytes(4 * lines) + (2).to_bytes(4, "big") + b"[]")


def test_a_compressed_body_is_read_with_pauses():
    _, pauses = decoded(compressed_body(1_000_000), 409, compressed=True)
    assert pauses > 1_000_000 / registration.LINES


def compressed_mappings(count: int, queues: int) -> bytes:
    """A body with so many static topics."""
    ids = ",".join(f"{n}:{n}" for n in range(queues))
    info = f'{{"bname":"b","currIdMap":{{{ids}}},"topic":"t"}}'.encode()
    parts = [b'{"counter":1}', None, b"[]", *[info] * count]
    sized = [bytes(4) if part is None else len(part).to_bytes(4, "big") + part for part in parts]
    return zlib.compress(b"".join([*sized[:3], count.to_bytes(4, "big"), *sized[3:]]))


def test_each_long_mapping_is_followed_by_a_pause():
    _, pauses = decoded(compressed_mappings(20, queues=2000), compressed=True)
    assert pauses >= 20


def with_mappings(topics: int, odd: str = "", bname: str = "b,1:{") -> bytes:
    """A body as Java writes it of static topics, whose queues' numbers are bare keys."""
    infos = ",".join(
        f'"t{n}":{{"bname":{json.dumps(bname)},"currIdMap":{{0:0,1:1}},"topic":"t{n}"}}'
        for n in range(topics)
    )
    version = '{"counter":3,"stateVersion":0,"timestamp":1}'
    table = (
        f'"dataVersion":{version},"topicConfigTable":{{}},"topicQueueMappingInfoMap":{{{infos}}}'
    )
    wrapper = f'"filterServerList":[],"topicConfigSerializeWrapper":{{{table}}}'
    return f"{{{wrapper}{odd}}}".encode()


@pytest.mark.parametrize("topics", [1, 10_000])
@pytest.mark.parametrize("bname", ["b,1:{", 'b{1:"', "b\\", 'b\\",1:'])
def test_bare_numbers_as_keys_are_read_however_many(topics, bname):
    table = decode_registration(with_mappings(topics, bname=bname), 479, compressed=False)
    infos = table.topic_config_serialize_wrapper.topic_queue_mapping_info_map
    assert len(infos) == topics
    assert (infos["t0"].bname, infos["t0"].curr_id_map) == (bname, {0: 0, 1: 1})


def test_other_odd_json_is_read_up_to_a_bound():
    assert decode_registration(with_mappings(1, ",odd:'x'"), 479, compressed=False)
    with pytest.raises(BodyError, match="bytes of JSON do not fit"):
        decode_registration(with_mappings(10_000, ",odd:'x'"), 479, compressed=False)
