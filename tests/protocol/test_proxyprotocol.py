"""A load balancer's header is read whole, whatever its version, and nonsense is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocketmq_operator.errors import FrameError
from rocketmq_operator.protocol.proxyprotocol import V2_START, Header, may_begin, parse


def v2(command=0x21, family=0x11, rest=b""):
    return V2_START + struct.pack(">BBH", command, family, len(rest)) + rest


IPV4 = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + struct.pack(">HH", 5000, 9876)
IPV6 = bytes(15) + b"\x01" + bytes(15) + b"\x02" + struct.pack(">HH", 5000, 9876)

HEADERS = [
    (b"PROXY TCP4 10.0.0.1 10.0.0.2 5000 9876\r\n", "10.0.0.1:5000"),
    (b"PROXY TCP6 ::1 ::2 5000 9876\r\n", "::1:5000"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
    (v2(rest=IPV4), "10.0.0.1:5000"),
    (v2(rest=IPV4 + b"\x04\x00\x03abc"), "10.0.0.1:5000"),
    (v2(family=0x21, rest=IPV6), "::1:5000"),
    (v2(command=0x20, rest=IPV4), None),
    (v2(command=0x20, family=0), None),
    (v2(family=0x31, rest=bytes(216)), None),
]


@pytest.mark.parametrize(("header", "source"), HEADERS)
def test_the_announced_source_is_read_and_what_follows_is_left(header, source):
    assert parse(header + b"\x00\x00\x00\x04") == Header(len(header), source)


@pytest.mark.parametrize("header", [header for header, _ in HEADERS])
def test_an_incomplete_header_is_waited_for(header):
    for size in range(1, len(header)):
        assert may_begin(header[:size])
        assert parse(header[:size]) is None


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP5 10.0.0.1 10.0.0.2 5000 9876\r\n",
        b"PROXY TCP4 10.0.0.256 10.0.0.2 5000 9876\r\n",
        b"PROXY TCP4 10.0.0.1 10.0.0.2 70000 9876\r\n",
        b"PROXY TCP4 10.0.0.1\r\n",
        b"PROXY \r\n",
        b"PROXY " + b"x" * 200,
        v2(command=0x11, rest=IPV4),
        v2(command=0x2F, rest=IPV4),
        v2(rest=IPV4[:4]),
    ],
)
def test_a_malformed_header_is_refused(header):
    with pytest.raises(FrameError, match="PROXY header"):
        parse(header)


@pytest.mark.parametrize("data", [b"\x00", b"\x16\x03\x01", b"GET / HTTP", b"PRO-XY", b"\r\n\n"])
def test_other_beginnings_are_no_header(data):
    assert not may_begin(data)


@given(st.binary(max_size=300))
def test_random_bytes_never_do_more_than_refuse(data):
    for start in (b"", b"PROXY ", V2_START):
        try:
            found = parse(start + data)
        except FrameError:
            continue
        assert found is None or found.size <= len(start + data)
