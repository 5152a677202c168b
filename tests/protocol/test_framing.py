"""A byte stream becomes frames, however it is chopped, and garbage is refused at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocketmq_operator.errors import FrameError
from rocketmq_operator.protocol.framing import MAX_FRAME, FrameDecoder, encode_frame

PAYLOADS = [b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x02{}body", b"\x01\x00\x00\x15" + bytes(21)]
STREAM = b"".join(encode_frame(payload) for payload in PAYLOADS)


def test_frames_arrive_whole_when_fed_at_once():
    assert FrameDecoder().feed(STREAM) == PAYLOADS


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_frames_survive_a_cut_at_every_byte(cut):
    decoder = FrameDecoder()
    assert decoder.feed(STREAM[:cut]) + decoder.feed(STREAM[cut:]) == PAYLOADS
    assert decoder.buffered == 0


def test_frames_arrive_byte_by_byte():
    decoder = FrameDecoder()
    frames = [frame for byte in STREAM for frame in decoder.feed(bytes([byte]))]
    assert frames == PAYLOADS


@given(st.lists(st.binary(min_size=4, max_size=200), max_size=8), st.data())
def test_any_frames_in_any_pieces_come_out_the_same(payloads, data):
    stream = b"".join(map(encode_frame, payloads))
    decoder, found = FrameDecoder(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += decoder.feed(stream[:size])
        stream = stream[size:]
    assert found == payloads


@pytest.mark.parametrize("total", [-1, -(2**31), 0, 3, MAX_FRAME - 3, 2**31 - 1])
def test_a_length_outside_the_limits_is_refused_before_its_bytes_arrive(total):
    with pytest.raises(FrameError, match=f"frame length {total} is outside 4..16777212"):
        FrameDecoder().feed(total.to_bytes(4, "big", signed=True))


def test_the_largest_legal_frame_is_accepted():
    payload = bytes(MAX_FRAME - 4)
    assert FrameDecoder().feed(encode_frame(payload)) == [payload]
    with pytest.raises(FrameError):
        encode_frame(payload + b"x")


@pytest.mark.parametrize(
    ("data", "hint"), [(b"GET / HTTP/1.1\r\n", "text"), (b"\x16\x03\x01\x02\x00", "TLS")]
)
def test_other_protocols_are_recognised_in_the_message(data, hint):
    with pytest.raises(FrameError, match=hint):
        FrameDecoder().feed(data)


def test_good_frames_before_a_bad_length_are_delivered_first():
    decoder = FrameDecoder()
    assert decoder.feed(STREAM + b"\xff\xff\xff\xff") == PAYLOADS
    assert decoder.failed
    with pytest.raises(FrameError):
        decoder.feed(b"")
