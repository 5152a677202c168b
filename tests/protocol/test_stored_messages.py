"""Messages as brokers store them; tests/clients reads real ones."""

import struct

import pytest

from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol.messages import COMPRESSED, MAGIC, MAGIC_LONG_TOPIC, decode

V6 = 0b110000


def stored(body: bytes, *, magic: int = MAGIC, flag: int = 0, offset: int = 7) -> bytes:
    host = bytes(20 if flag & V6 else 8)
    topic = b"\x05topic" if magic == MAGIC else b"\x00\x05topic"
    rest = struct.pack(">IIIqqIq", 0, 0, 0, offset, 0, flag, 1000) + host
    rest += struct.pack(">q", 2000) + host + struct.pack(">IqI", 0, 0, len(body)) + body
    rest += topic + struct.pack(">H", 0)
    return struct.pack(">II", len(rest) + 8, magic) + rest


@pytest.mark.parametrize("magic", [MAGIC, MAGIC_LONG_TOPIC])
@pytest.mark.parametrize("flag", [0, V6, COMPRESSED])
def test_one_after_the_other(magic: int, flag: int) -> None:
    data = stored(b"one", magic=magic, flag=flag) + stored(b"", offset=8)
    first, second = decode(data)
    assert (first.body, first.queue_offset, first.store_timestamp) == (b"one", 7, 2000)
    assert first.compressed == (flag == COMPRESSED)
    assert (second.body, second.queue_offset) == (b"", 8)


@pytest.mark.parametrize("cut", [1, 8, 60, 90])
def test_what_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(BodyError):
        list(decode(stored(b"x" * 20)[:cut]))


def test_sizes_that_cannot_be_are_refused() -> None:
    good = stored(b"body")
    for size in (0, 10, len(good) + 1, 0xFFFFFFFF):
        with pytest.raises(BodyError):
            list(decode(struct.pack(">I", size) + good[4:]))
    with pytest.raises(BodyError):
        list(decode(good[:4] + b"\0\0\0\0" + good[8:]))
