"""Stored messages, as brokers hand them out to consumers (``MessageDecoder``).

One after the other, integers in network order. Only what our tools need of each is read.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from rocketmq_operator.errors import BodyError

MAGIC: Final = 0xDAA320A7
MAGIC_LONG_TOPIC: Final = 0xDAA320AB
"""As the other, with a length of the topic in two bytes instead of one."""
BORN_HOST_V6: Final = 1 << 4
STORE_HOST_V6: Final = 1 << 5
COMPRESSED: Final = 1
"""Bits of the system flag."""
_HEAD: Final = struct.Struct(">IIIIIqqIq")
"""Total size, magic, CRC, queue id, flag, queue offset, physical offset, system flag, born at."""
_TIME: Final = struct.Struct(">q")
_BODY: Final = struct.Struct(">IqI")
"""Times consumed again, transaction offset, length of the body."""


class StoredMessage(NamedTuple):
    """One message; ``store_timestamp`` in ms since 1970, ``body`` as it was sent."""

    queue_offset: int
    store_timestamp: int
    compressed: bool
    body: bytes


def decode(data: bytes) -> Iterator[StoredMessage]:
    """The messages in an answer to a pull. Raises BodyError."""
    at = 0
    while at < len(data):
        try:
            size, message = _message(data, at)
        except (struct.error, IndexError):
            raise BodyError(f"message at byte {at}: cut off") from None
        yield message
        at += size


def _message(data: bytes, at: int) -> tuple[int, StoredMessage]:
    size, magic, _, _, _, queue_offset, _, flag, _ = _HEAD.unpack_from(data, at)
    if magic not in (MAGIC, MAGIC_LONG_TOPIC) or size < _HEAD.size or at + size > len(data):
        raise BodyError(f"message at byte {at}: size {size}, magic {magic:#x}")
    place = at + _HEAD.size + _host(flag, BORN_HOST_V6)
    (stored,) = _TIME.unpack_from(data, place)
    place += _TIME.size + _host(flag, STORE_HOST_V6)
    _, _, length = _BODY.unpack_from(data, place)
    place += _BODY.size
    if place + length > at + size:
        raise BodyError(f"message at byte {at}: a body of {length} bytes in {size}")
    body = data[place : place + length]
    return size, StoredMessage(queue_offset, stored, bool(flag & COMPRESSED), body)


def _host(flag: int, v6: int) -> int:
    """Bytes of an address with its port."""
    return 20 if flag & v6 else 8
