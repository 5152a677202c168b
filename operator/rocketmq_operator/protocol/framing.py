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
    next call, and ``failed`` tells that it is due.
    """

    __slots__ = ("_buffer", "_error", "_needed")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._needed = 4
        self._error: FrameError | None = None

    @property
    def failed(self) -> bool:
        """Whether the stream is beyond repair; the next ``feed`` raises."""
        return self._error is not None

    @property
    def buffered(self) -> int:
        """Bytes of an incomplete frame that are kept."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that ``data`` completes. Raises FrameError."""
        if self._error is not None:
            raise self._error
        buffer = self._buffer
        if buffer:
            buffer += data
            if len(buffer) < self._needed:
                return []
            data, self._buffer = buffer, bytearray()  # type: ignore[assignment]  # sliced to bytes
        payloads: list[bytes] = []
        error = self._cut(data, payloads)
        if error is not None and not payloads:
            raise error
        return payloads

    def _cut(self, data: bytes, payloads: list[bytes]) -> FrameError | None:
        """Append every complete payload of ``data`` and keep the rest."""
        start, size, total = 0, len(data), 0
        with memoryview(data) as view:
            while size - start >= 4:
                (total,) = _WORD.unpack_from(view, start)
                if not _MIN_TOTAL <= total <= MAX_FRAME - 4:
                    self._error = FrameError(_bad_length(total, bytes(view[start : start + 4])))
                    return self._error
                end = start + 4 + total
                if end > size:
                    break
                payloads.append(bytes(view[start + 4 : end]))
                start = end
            if start < size:
                self._buffer += view[start:]
                self._needed = 4 + total if size - start >= 4 else 4
        return None


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
