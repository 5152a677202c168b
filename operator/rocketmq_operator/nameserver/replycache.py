"""Finished route answers, found by the bytes of a request header without its opaque. Pure.

Two levels: by header bytes to an entry, and by (topic, dialect) to the same entry. Registration
drops only the entries whose topic or broker really changed; nothing is rebuilt before it is asked
for.
"""

import struct

from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.protocol.headers import SerializeType

MAX_HEADERS = 131_072
MAX_BYTES = 128 * 1024 * 1024
MAX_HEADER_BYTES = 1024
"""A longer request header is answered, but not remembered."""
MAX_AFTERS = 1024
"""Different ends of headers that are shared."""

_OPAQUE = b'"opaque":'
_HEAD = struct.Struct(">ii")
_INT = struct.Struct(">i")
_Header = tuple[bytes, bytes]
_Known = tuple["Entry", int, bytes]
"""What a header leads to: the answer, how many digits the opaque has, what stands before them."""


class Entry:
    """One finished answer, cut around its opaque. ``tail`` is None once it is out of date."""

    __slots__ = ("_starts", "brokers", "header", "key", "middle", "size", "tail", "total")

    def __init__(
        self, key: tuple[str, bool], brokers: tuple[str, ...], frame: bytes, *, binary: bool
    ) -> None:
        self.key = key
        self.brokers = brokers
        self.size = len(frame) + 200
        self.tail: bytes | None
        if binary:
            self.total = self.header = 0
            self.middle, self.tail = frame[:13], frame[17:]
        else:
            before, _, rest = frame.partition(_OPAQUE)
            digits, _, _ = rest.partition(b",")
            self.middle, self.tail = before[8:] + _OPAQUE, rest[len(digits) :]
            self.total = len(frame) - 4 - len(digits)
            self.header = int.from_bytes(frame[5:8], "big") - len(digits)
        self._starts: dict[int, bytes] = {}

    def start(self, size: int) -> bytes:
        """What stands before an opaque of ``size`` digits in a JSON header."""
        found = self._starts.get(size)
        if found is None:
            head = _HEAD.pack(self.total + size, self.header + size)
            found = self._starts[size] = head + self.middle
        return found


class ReplyCache:
    """Answers in the server's own header form. Not valid after any change it is not told of."""

    def __init__(
        self,
        serialize_type: SerializeType = SerializeType.JSON,
        *,
        max_headers: int = MAX_HEADERS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.hits = 0
        self._binary = serialize_type is SerializeType.ROCKETMQ
        self._type = serialize_type
        self._max_headers = max_headers
        self._max_bytes = max_bytes
        self._bytes = 0
        self._by_header: dict[_Header, _Known] = {}
        self._afters: dict[bytes, bytes] = {}
        self._by_topic: dict[tuple[str, bool], Entry] = {}
        self._by_broker: dict[str, set[Entry]] = {}

    def __len__(self) -> int:
        return len(self._by_topic)

    def hit(self, payload: bytes) -> bytes | None:
        """The answer's frame for a request that was answered before, or None.

        A header that is known but for its opaque, and an opaque of as many digits, are a frame as
        long as it says, because the known one was.
        """
        before, _, rest = payload.partition(_OPAQUE)
        digits, _, after = rest.partition(b",")
        known = self._by_header.get((before, after))
        if known is None:
            return self._binary_hit(payload)
        entry, size, start = known
        if entry.tail is None or len(digits) != size or not digits.isdigit():
            return None
        self.hits += 1
        if self._binary:
            return self._frame(entry, digits, entry.tail)
        return b"".join((start, digits, entry.tail))

    def _binary_hit(self, payload: bytes) -> bytes | None:
        found = _split_binary(payload)
        known = None if found is None else self._by_header.get(found[0])
        if found is None or known is None or known[0].tail is None:
            return None
        self.hits += 1
        return self._frame(known[0], found[1], known[0].tail)

    def entry(self, topic: str, *, standard: bool) -> Entry | None:
        """The valid entry of a topic in a dialect, whoever asked for it first."""
        return self._by_topic.get((topic, standard))

    def reply(self, entry: Entry, opaque: int) -> bytes | None:
        """The frame of ``entry`` for one request, or None if it went out of date."""
        digits = str(opaque).encode()
        return None if entry.tail is None else self._frame(entry, digits, entry.tail)

    def store(
        self, topic: str, reply: RemotingCommand, brokers: tuple[str, ...], *, standard: bool
    ) -> Entry:
        """Keep ``reply`` until ``topic`` or one of ``brokers`` changes."""
        frame = headers.encode(reply, self._type)
        entry = Entry((topic, standard), brokers, frame, binary=self._binary)
        self._forget(entry.key)
        self._by_topic[entry.key] = entry
        self._bytes += entry.size
        for name in brokers:
            self._by_broker.setdefault(name, set()).add(entry)
        while self._bytes > self._max_bytes and len(self._by_topic) > 1:
            self._forget(next(iter(self._by_topic)))
        return entry

    def remember(self, payload: bytes, entry: Entry, opaque: int) -> None:
        """Let the next request with the header of ``payload`` find ``entry`` at once.

        Not if what looks like the opaque is not the one the header was read to hold.
        """
        found = _split(payload) if len(payload) <= MAX_HEADER_BYTES else None
        if found is None or found[1] != str(opaque).encode() or _OPAQUE in found[0][1]:
            return
        before, after = found[0]
        size = len(found[1])
        self._by_header[before, self._shared(after)] = entry, size, entry.start(size)
        if len(self._by_header) > self._max_headers:
            del self._by_header[next(iter(self._by_header))]

    def _shared(self, after: bytes) -> bytes:
        """One object for what stands after the opaque, which is the same in most headers."""
        if len(self._afters) >= MAX_AFTERS:
            self._afters.clear()
        return self._afters.setdefault(after, after)

    def topic_changed(self, topic: str) -> None:
        """Drop the answers about ``topic``."""
        if self._by_topic:
            self._forget((topic, True))
            self._forget((topic, False))

    def broker_changed(self, name: str) -> None:
        """Drop the answers that show the broker ``name``."""
        for entry in self._by_broker.pop(name, ()):
            self._forget(entry.key)

    def clear(self) -> None:
        """Drop everything: a setting changed."""
        for key in list(self._by_topic):
            self._forget(key)
        self._by_header.clear()

    def _forget(self, key: tuple[str, bool]) -> None:
        entry = self._by_topic.pop(key, None)
        if entry is None:
            return
        entry.tail = None
        self._bytes -= entry.size
        for name in entry.brokers:
            others = self._by_broker.get(name)
            if others is not None:
                others.discard(entry)
                if not others:
                    del self._by_broker[name]

    def _frame(self, entry: Entry, digits: bytes, tail: bytes) -> bytes:
        if self._binary:
            return b"".join((entry.middle, _INT.pack(int(digits)), tail))
        return b"".join((entry.start(len(digits)), digits, tail))


def _split(payload: bytes) -> tuple[_Header, bytes] | None:
    """The header around its opaque, and the opaque's digits; None if it has an unusual form.

    Around a JSON header's opaque stands its length too, so one digit more is another header.
    """
    if int.from_bytes(payload[1:4], "big") + 4 != len(payload):
        return None
    if payload[0]:
        return _split_binary(payload)
    before, _, rest = payload.partition(_OPAQUE)
    digits, comma, after = rest.partition(b",")
    if not comma or not digits.isdigit() or len(digits) > 10:
        return None
    return (before, after), digits


def _split_binary(payload: bytes) -> tuple[_Header, bytes] | None:
    if len(payload) < 25 or payload[0] != 1:
        return None
    if int.from_bytes(payload[1:4], "big") + 4 != len(payload):
        return None
    (opaque,) = _INT.unpack_from(payload, 9)
    return (payload[4:9], payload[13:]), str(opaque).encode()
