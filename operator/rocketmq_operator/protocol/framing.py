"""Frames on a byte stream: a length word, then as many bytes.

The limit is Java's: ``NettyDecoder`` refuses a frame whose length word plus 4 is above 16 MiB.
"""

import struct

from rocketmq_operator.errors import FrameError

MAX_FRAME = 16 * 1024 * 1024
"""Bytes of a whole frame, its length word included."""

_MIN_TOTAL = 4
_TLS_HANDSHAKE = 0x16
_WORD = struct.Struct(">i")


class FrameDecoder:
    """Cuts a stream into payloads (what follows the length word).

    Frames that were complete before a bad length are still delivered: the error is raised by the
    next call, and ``failed`` tells that it is due. ``buffered``: bytes of an incomplete frame that
    are kept.
    """

    __slots__ = ("_buffer", "_error", "_needed", "buffered", "failed")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = 4
        self._error: FrameError | None = None
        self.buffered = 0
        self.failed = False

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that ``data`` completes. Raises FrameError."""
        self._check()
        payloads: list[bytes] = []
        if self._buffer:
            self._buffer += data
            self.buffered = len(self._buffer)
            if self.buffered < self._needed:
                return payloads
            buffer, self._buffer = self._buffer, bytearray()
            self.buffered = 0
            with memoryview(buffer) as view:
                self._cut(view, payloads)
        else:
            self._cut(data, payloads)
        if not payloads:
            self._check()
        return payloads

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _cut(self, data: bytes | memoryview, payloads: list[bytes]) -> None:
        """Append every complete payload of ``data`` and keep the rest.

        A slice of bytes is a copy already, and ``bytes`` of it costs nothing.
        """
        start, size, total = 0, len(data), 0
        while size - start >= 4:
            (total,) = _WORD.unpack_from(data, start)
            end = start + 4 + total
            if not _MIN_TOTAL <= total <= MAX_FRAME - 4:
                word = bytes(data[start : start + 4])
                self._error, self.failed = FrameError(_bad_length(total, word)), True
                return
            if end > size:
                break
            payloads.append(bytes(data[start + 4 : end]))
            start = end
        if start < size:
            self._buffer += data[start:]
            self.buffered = size - start
            self._needed = 4 + total if size - start >= 4 else 4


def _bad_length(total: int, word: bytes) -> str:
    hint = ""
    if word[0] == _TLS_HANDSHAKE:
        hint = "; this looks like TLS sent to a plain port"
    elif word.isalpha() or word[:3].isalpha():
        hint = (
            f"; this looks like text ({word.decode('ascii', 'replace')!r}), not RocketMQ remoting"
        )
    return f"frame length {total} is outside {_MIN_TOTAL}..{MAX_FRAME - 4}{hint}"


def encode_frame(payload: bytes) -> bytes:
    """``payload`` with its length word. Raises FrameError if it is larger than a peer accepts."""
    if len(payload) > MAX_FRAME - 4:
        raise FrameError(f"frame of {len(payload)} bytes is above the limit of {MAX_FRAME - 4}")
    return _WORD.pack(len(payload)) + payload
