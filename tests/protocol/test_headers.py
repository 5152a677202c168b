"""Headers in both forms: bytes that Java was seen to write, and what it was seen to accept."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocketmq_operator.errors import FrameError, HeaderError, ProtocolError
from rocketmq_operator.protocol.codes import LanguageCode
from rocketmq_operator.protocol.command import RemotingCommand, request
from rocketmq_operator.protocol.headers import SerializeType, decode, encode

JAVA = LanguageCode.JAVA
JSON_206 = (
    bytes.fromhex("0000006500000061") + b'{"code":206,"flag":0,"language":"JAVA","opaque":1,'
    b'"serializeTypeCurrentRPC":"JSON","version":479}'
)
BINARY_100 = bytes.fromhex(
    "00000043 0100003f 0064 00 01df 00000000 00000000 00000000 0000002a 0009 6e616d657370616365"
    "00000003 6e7378 0005 76616c7565 00000002 7676 0003 6b6579 00000002 6b6b"
)
NOT_READY = bytes.fromhex(
    "0000002e 0100002a 0001 00 01df 00000065 00000001 00000015"
    "6e616d6520736572766572206e6f74207265616479 00000000"
)
NOTIFICATION_905 = bytes.fromhex(
    "00000073 0100006f 0389 00 01df 0000000f 00000002 00000000 0000005a"
    "0011 6f66666c696e6542726f6b657241646472 0000000f 3132372e302e302e313a3436303037"
    "000d 6d696e42726f6b657241646472 0000000f 3132372e302e302e313a3430323133"
    "000b 6d696e42726f6b65724964 00000001 32"
)
GOLDEN = [
    pytest.param(
        JSON_206, SerializeType.JSON, RemotingCommand(206, opaque=1, language=JAVA), id="json-206"
    ),
    pytest.param(
        BINARY_100,
        SerializeType.ROCKETMQ,
        RemotingCommand(
            100, language=JAVA, ext_fields={"namespace": "nsx", "value": "vv", "key": "kk"}
        ),
        id="binary-100",
    ),
    pytest.param(
        NOT_READY,
        SerializeType.ROCKETMQ,
        RemotingCommand(1, 1, 101, JAVA, remark="name server not ready"),
        id="binary-not-ready",
    ),
    pytest.param(
        NOTIFICATION_905,
        SerializeType.ROCKETMQ,
        RemotingCommand(
            905,
            2,
            15,
            JAVA,
            ext_fields={
                "offlineBrokerAddr": "127.0.0.1:46007",
                "minBrokerAddr": "127.0.0.1:40213",
                "minBrokerId": "2",
            },
        ),
        id="binary-905",
    ),
]


@pytest.mark.parametrize(("frame", "serialize_type", "command"), GOLDEN)
def test_frames_of_java_read_and_write_back_the_same(frame, serialize_type, command):
    assert decode(frame[4:]) == command
    assert encode(command, serialize_type) == frame


def test_an_answer_with_a_header_class_keeps_its_empty_map():
    command = RemotingCommand(22, 1, 7, JAVA, remark="No config item, Namespace: ns Key: k2")
    with_map = RemotingCommand(22, 1, 7, JAVA, remark=command.remark, ext_fields={})
    assert b'"extFields":{}' in encode(with_map)
    assert b"extFields" not in encode(command)


EXT = st.dictionaries(
    st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=50), max_size=6
)
INT32 = st.integers(-(2**31), 2**31 - 1)
COMMANDS = st.builds(
    RemotingCommand,
    code=st.integers(-(2**15), 2**15 - 1),
    flag=INT32,
    opaque=INT32,
    language=st.sampled_from(LanguageCode),
    version=st.integers(-(2**15), 2**15 - 1),
    remark=st.none() | st.text(min_size=1, max_size=40),
    ext_fields=st.none() | EXT.filter(bool),
    body=st.binary(max_size=100),
)


@given(COMMANDS, st.sampled_from(SerializeType))
def test_every_command_survives_the_round_trip(command, serialize_type):
    assert decode(encode(command, serialize_type)[4:]) == command


def test_an_empty_value_survives_json_and_is_absent_after_binary():
    command = RemotingCommand(100, ext_fields={"value": "", "key": "k"})
    assert decode(encode(command)[4:]).ext_fields == {"value": "", "key": "k"}
    binary = encode(command, SerializeType.ROCKETMQ)
    assert decode(binary[4:]).ext_fields == {"key": "k"}


def json_payload(header: bytes) -> bytes:
    return len(header).to_bytes(4, "big") + header


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"{}", RemotingCommand(0, language=JAVA, version=0)),
        (b'{"code":"105"}', RemotingCommand(105, language=JAVA, version=0)),
        (b'{"code":105,"language":null}', RemotingCommand(105, language=None, version=0)),
        (b'{"code":105,"language":"COBOL"}', RemotingCommand(105, language=None, version=0)),
        (b'{"code":105,"language":9}', RemotingCommand(105, language=LanguageCode.GO, version=0)),
        (b'{"Code":105,"FLAG":2,"ver-sion":3}', RemotingCommand(105, 2, language=JAVA, version=3)),
        (
            b'{"code":true,"opaque":"1,000"}',
            RemotingCommand(1, opaque=1000, language=JAVA, version=0),
        ),
        (b"{code:105,'version':3,}", RemotingCommand(105, language=JAVA, version=3)),
        (b'{"code":105,"more":[1,{"a":2}]}\n', RemotingCommand(105, language=JAVA, version=0)),
        (
            b'{"code":1,"extFields":{"a":1,"b":true,"c":null,"d":"x"}}',
            RemotingCommand(
                1, language=JAVA, version=0, ext_fields={"a": "1", "b": "true", "d": "x"}
            ),
        ),
    ],
)
def test_what_fastjson_accepts_is_accepted(header, expected):
    assert decode(json_payload(header)) == expected


@pytest.mark.parametrize("told", ["99", "-1", "{}", "[]", "true", "1.5"])
def test_a_language_that_is_neither_a_name_nor_a_known_number_is_refused(told):
    with pytest.raises(HeaderError):
        decode(json_payload(f'{{"code":105,"language":{told}}}'.encode()))


def test_a_later_empty_value_in_a_binary_header_takes_the_field_away():
    fields = bytes.fromhex("0001 6b 00000001 76 0001 6b 00000000")
    header = bytes.fromhex("0065 00 01df 00000007 00000000 00000000 0000000f") + fields
    payload = (1 << 24 | len(header)).to_bytes(4, "big") + header
    assert decode(payload).ext_fields == {}


def test_an_encoded_surrogate_in_a_binary_header_is_one_replacement_character():
    header = bytes.fromhex(
        "0065 00 01df 00000007 00000000 00000000 0000000a 0001 6b 00000003 eda080"
    )
    payload = (1 << 24 | len(header)).to_bytes(4, "big") + header
    assert decode(payload).ext_fields == {"k": "\ufffd"}


BINARY_PREFIX = bytes.fromhex("0064 00 01df 00000000 00000000")
MALFORMED = {
    "no head word": b"\x00\x00",
    "header longer than the frame": b"\x00\x00\x00\x05{}",
    "serialize type 2": b"\x02\x00\x00\x02{}",
    "empty header": b"\x00\x00\x00\x00",
    "header is a list": json_payload(b"[]"),
    "header is null": json_payload(b"null"),
    "header is text": json_payload(b"hello"),
    "header is long and no JSON": json_payload(b"{code:1,%b}" % (b"a:1," * 65536)),
    "header is cut": json_payload(b'{"code":1'),
    "header has a tail": json_payload(b'{"code":1} x'),
    "code is a word": json_payload(b'{"code":"abc"}'),
    "code beyond 32 bits": json_payload(b'{"code":4294967296}'),
    "not UTF-8": json_payload(b'{"remark":"\xff\xfe"}'),
    "nested without end": json_payload(b'{"x":' + b"[" * 5000),
    "binary header of 20 bytes": b"\x01\x00\x00\x14" + bytes(20),
    "remark longer than the header": b"\x01\x00\x00\x15"
    + BINARY_PREFIX
    + b"\x00\x00\x00\x16"
    + bytes(4),
    "negative remark length": b"\x01\x00\x00\x15" + BINARY_PREFIX + b"\xff\xff\xff\xff" + bytes(4),
    "ext fields longer than the header": b"\x01\x00\x00\x15"
    + BINARY_PREFIX
    + bytes(4)
    + b"\x00\x00\x01\x00",
    "negative key length": b"\x01\x00\x00\x1b"
    + BINARY_PREFIX
    + bytes.fromhex("00000000 00000006 ffff 00000000"),
    "value beyond the map": b"\x01\x00\x00\x1c"
    + BINARY_PREFIX
    + bytes.fromhex("00000000 00000007 0001 61 00000063"),
}


@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_headers_raise_a_protocol_error(payload):
    with pytest.raises(ProtocolError):
        decode(payload)


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x00\x00\x00\x10", b"\x01\x00\x00\x15"]))
def test_no_bytes_raise_anything_else(data, prefix):
    with contextlib.suppress(ProtocolError):
        decode(prefix + data)


def test_a_frame_no_peer_would_accept_is_not_written():
    with pytest.raises(FrameError):
        encode(request(318, body=bytes(16 * 1024 * 1024)))


def test_a_field_that_does_not_fit_a_binary_header_is_named():
    with pytest.raises(HeaderError, match="40000"):
        encode(request(105, {"k" * 40000: "v"}), SerializeType.ROCKETMQ)


def test_a_reply_answers_its_request():
    asked = request(105, {"topic": "T"})
    reply = asked.reply(17, remark="no")
    assert (reply.opaque, reply.is_response, reply.is_oneway) == (asked.opaque, True, False)
    assert request(904, oneway=True).is_oneway
