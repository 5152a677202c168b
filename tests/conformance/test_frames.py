"""Frames: split, joined, malformed; response and one-way flags; pipelining."""

import struct

import pytest

from harness.frames import JSON, ROCKETMQ, ask, binary_header, json_frame, packed
from harness.pair import CLOSED, Pair

KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])


def word(number: int) -> bytes:
    return struct.pack(">i", number)


BROKEN = {
    "negative length": word(-1) + bytes(12),
    "smallest length": word(-(1 << 31)) + bytes(12),
    "length 0": word(0) + bytes(12),
    "length 3": word(3) + b"abcdefghijklmnop",
    "length 16 MiB": word(16 * 1024 * 1024) + bytes(12),
    "length 16 MiB - 3": word(16 * 1024 * 1024 - 3) + bytes(12),
    "largest length": word((1 << 31) - 1) + bytes(12),
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "TLS": b"\x16\x03\x01" + bytes(20),
    "PROXY in between": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
    "header beyond the frame": word(16) + word(32) + bytes(12),
    "header 1 beyond the frame": word(8) + word(5) + bytes(12),
    "largest header": word(16) + word(0xFFFFFF) + bytes(12),
    "type 2": packed(b"{}", bytes(10), 2),
    "type 127": packed(b"{}", bytes(10), 127),
    "type 255": word(16) + b"\xff\x00\x00\x02{}" + bytes(10),
    "no JSON": json_frame("not json!", bytes(4)),
    "half a JSON object": json_frame('{"code":105', bytes(4)),
    "an empty header": packed(b"", b"body"),
    "a blank header": packed(b"  ", b"body"),
    "no header and no body": word(4) + word(0) + bytes(8),
    "an array": json_frame("[1]", bytes(8)),
    "an empty array": json_frame("[]", bytes(8)),
    "null": json_frame("null", bytes(8)),
    "a number": json_frame("5", bytes(8)),
    "text": json_frame('"x"', bytes(8)),
    "not UTF-8": json_frame(b'{"code":105,"remark":"\xff\xfe"}', bytes(8)),
    "an empty binary header": packed(b"", b"body", ROCKETMQ),
    "a short binary header": packed(bytes(20), b"body", ROCKETMQ),
    "a binary header in JSON's place": packed(binary_header(206), b"", JSON),
    "JSON in a binary header's place": packed(b'{"code":206,"opaque":7}', b"", ROCKETMQ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_frame_closes_its_connection_and_no_other(pair: Pair, name: str) -> None:
    pair.same(ask(206), "other")
    pair.same(ask(206), "mad")
    pair.same(BROKEN[name], "mad")
    for peer in pair.peers:
        assert peer.is_open("other")
    pair.same(ask(206), "other")


@pytest.mark.parametrize("name", [name for name in BROKEN if name not in {"TLS"}])
def test_on_a_new_connection(pair: Pair, name: str) -> None:
    if name != "PROXY in between":
        pair.same(BROKEN[name], "new")


def test_answers_before_a_broken_frame_are_sent(pair: Pair) -> None:
    pair.same(ask(206), "mad")
    frames = [ask(206, opaque=number) for number in range(1, 6)]
    for peer in pair.peers:
        peer.send("mad", b"".join(frames) + BROKEN["negative length"])
    for peer in pair.peers:
        seen = [peer.receive("mad") for _ in range(1)]
        while seen[-1] != CLOSED:
            seen.append(peer.receive("mad"))
        assert seen[-1] == CLOSED


@KINDS
def test_frames_split_at_every_byte(pair: Pair, kind: int) -> None:
    frame = ask(101, b"body", kind=kind, namespace="split", key="ü")
    for at in range(1, len(frame)):
        for peer in pair.peers:
            peer.send("split", frame[:at])
        pair.same(frame[at:], "split")


@KINDS
def test_a_frame_of_single_bytes(pair: Pair, kind: int) -> None:
    frame = ask(101, kind=kind, namespace="split", key="k")
    for peer in pair.peers:
        for at in range(len(frame) - 1):
            peer.send("bytes", frame[at : at + 1])
    pair.same(frame[-1:], "bytes")


@KINDS
@pytest.mark.parametrize("size", [1, 2, 7, 50, 300])
def test_frames_joined_in_one_write(pair: Pair, kind: int, size: int) -> None:
    frames = [
        ask((206, 106, 101, 999, 105)[number % 5], kind=kind, opaque=number, topic="t")
        for number in range(size)
    ]
    pair.same_all(frames, "joined")


def test_the_end_of_one_frame_comes_with_the_start_of_the_next(pair: Pair) -> None:
    frame = ask(106)
    for at in (1, 4, 8, 20):
        for peer in pair.peers:
            peer.send("overlap", frame + frame[:at])
            peer.receive("overlap")
        pair.same(frame[at:], "overlap")


def test_a_large_body_and_a_large_header(pair: Pair) -> None:
    for size in (100_000, 1_000_000, 8_000_000):
        pair.same(ask(206, bytes(size)), "large")
    pair.same(ask(101, namespace="n" * 300_000, key="k"), "large")
    largest = 16 * 1024 * 1024 - 4
    header = ask(206)[8:]
    body = bytes(largest - 4 - len(header))
    pair.same(packed(header, body), "large")
    assert pair.same(packed(header, body + b"x"), "large") == CLOSED


@KINDS
@pytest.mark.parametrize("flag", [0, 4, 8, 0x100, 0x40000000, -2147483648])
def test_other_flag_bits_are_not_copied(pair: Pair, kind: int, flag: int) -> None:
    for code in (206, 105, 999):
        pair.same(ask(code, kind=kind, flag=flag, topic="t"))


@KINDS
@pytest.mark.parametrize("flag", [1, 3, 5, -1])
@pytest.mark.parametrize("code", [206, 105, 999, 0])
def test_responses_nobody_asked_for_are_ignored(
    pair: Pair, kind: int, flag: int, code: int
) -> None:
    pair.told(ask(code, kind=kind, flag=flag, opaque=5, topic="t"), "flags")


@KINDS
@pytest.mark.parametrize("flag", [2, 6, -2147483646])
@pytest.mark.parametrize("code", [101, 103, 105, 106, 205, 217, 219, 318, 322, 999])
def test_one_way_requests_are_never_answered(pair: Pair, kind: int, flag: int, code: int) -> None:
    body = b"\\u" if code in {217, 318} else b""
    pair.told(ask(code, body, kind=kind, flag=flag, opaque=5), "flags")


@KINDS
@pytest.mark.parametrize(
    "code", [0, 1, -1, 99, 107, 200, 207, 320, 902, 903, 905, 999, 1001, 10000, 32767, -32768]
)
def test_codes_that_no_name_server_serves(pair: Pair, kind: int, code: int) -> None:
    pair.same(ask(code, kind=kind))
    pair.same(ask(code, b"body", kind=kind, topic="t"))


@pytest.mark.parametrize("code", [32768, 200050, 2147483647, -2147483648])
def test_codes_that_only_json_can_carry(pair: Pair, code: int) -> None:
    pair.same(ask(code))
