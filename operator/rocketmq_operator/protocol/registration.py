"""The body of REGISTER_BROKER in its three layouts (Java's ``RegisterBrokerBody``)."""

import contextlib
import re
import struct
import zlib
from collections.abc import Generator
from typing import NamedTuple

import msgspec

from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol import fastjson
from rocketmq_operator.protocol.bodies import (
    DataVersion,
    RegisterBrokerBody,
    TopicConfig,
    TopicConfigTable,
    TopicQueueMappingInfo,
)
from rocketmq_operator.protocol.codes import V3_0_11, V5_0_0

MAX_INFLATED = 64 * 1024 * 1024
"""Bytes a compressed body may inflate to: four times the largest frame."""

SLICE = 64 * 1024
"""Bytes of JSON read between two pauses; some 0.2 ms of work."""

INFLATED_SLICE = 256 * 1024
LINES = 256
MAPPINGS = 16
"""Bytes, topics and mappings of a compressed body read between two pauses; some 0.3 ms each."""
LONG_MAPPING = 4096
"""Bytes; a longer mapping than brokers send is followed by a pause of its own."""

_CUTS = 8
_JAVA_HEAD = re.compile(
    rb'\{"filterServerList":\[[^][]*\],"topicConfigSerializeWrapper":\{"dataVersion":\{[^{}]*\},'
    rb'(?:"mappingDataVersion":\{[^{}]*\},)?"topicConfigTable":\{'
)
_TOPICS = msgspec.json.Decoder(dict[str, TopicConfig])
_SIZE = struct.Struct(">i")
_EMPTY = TopicConfigTable(data_version=DataVersion())


class Registration(NamedTuple):
    """A body, and hashes of the slices of topics that it was cut into, the left out ones too."""

    body: RegisterBrokerBody
    slices: frozenset[int] = frozenset()


def decode_registration(
    body: bytes, version: int, *, compressed: bool, known: frozenset[int] = frozenset()
) -> Generator[None, None, Registration]:
    """The registration that a broker of ``version`` sent. Raises BodyError.

    Pauses between slices of a large body, and leaves out topics in slices that are ``known``.
    ``filter_server_list`` None means "leave what is known": brokers before 3.0.11 send none.
    """
    if compressed and body and version >= V3_0_11:
        data = yield from _inflate(body)
        return Registration((yield from _decode_compressed(data, version)))
    if len(body) > 2 * SLICE and version >= V3_0_11:
        return (yield from _decode_in_slices(body, known))
    return Registration(_decode_at_once(body, version))


def _decode_in_slices(body: bytes, known: frozenset[int]) -> Generator[None, None, Registration]:
    """Take topics out of a body laid out as Java does, then read what is left of it."""
    head = _JAVA_HEAD.match(body)
    if head is None:
        return Registration(fastjson.decode_bounded(body, RegisterBrokerBody))
    start = at = head.end()
    topics: dict[str, TopicConfig] = {}
    slices: set[int] = set()
    while len(body) - at > 2 * SLICE:
        found = _some_topics(body, at, topics, known)
        if found is None:
            break
        at, digest = found
        slices.add(digest)
        yield
    rest = fastjson.decode_bounded(body[:start] + body[at:], RegisterBrokerBody)
    table = rest.topic_config_serialize_wrapper or TopicConfigTable()
    topics.update(table.topic_config_table or {})
    whole = msgspec.structs.replace(table, topic_config_table=topics)
    whole_body = msgspec.structs.replace(rest, topic_config_serialize_wrapper=whole)
    return Registration(whole_body, frozenset(slices))


def _some_topics(
    body: bytes, start: int, topics: dict[str, TopicConfig], known: frozenset[int]
) -> tuple[int, int] | None:
    """Read about one slice of members into ``topics``, unless it is known.

    Returns where the next member starts, and the slice's hash. A cut is right exactly if what
    stands before it reads as whole members, as a known slice once did. None: no such cut.
    """
    at = start + SLICE
    for _ in range(_CUTS):
        at = body.find(b'},"', at) + 1
        if not at:
            return None
        members = body[start:at]
        digest = hash(members)
        if digest in known:
            return at + 1, digest
        with contextlib.suppress(msgspec.DecodeError):
            topics.update(_TOPICS.decode(b"{%b}" % members))
            return at + 1, digest
    return None


def _decode_at_once(body: bytes, version: int) -> RegisterBrokerBody:
    if version < V3_0_11:
        table = fastjson.decode_or_null(body, TopicConfigTable) if body else _EMPTY
        return RegisterBrokerBody(table, None)
    if not body:
        return RegisterBrokerBody(_EMPTY, [])
    return fastjson.decode_bounded(body, RegisterBrokerBody)


def _inflate(body: bytes) -> Generator[None, None, bytes]:
    inflater, inflated, left = zlib.decompressobj(), bytearray(), body
    while left and len(inflated) <= MAX_INFLATED:
        try:
            inflated += inflater.decompress(left, INFLATED_SLICE)
        except zlib.error as error:
            raise BodyError(f"compressed registration: {error}") from error
        left = inflater.unconsumed_tail
        yield
    if left or not inflater.eof:
        raise BodyError(
            f"compressed registration is cut short or inflates beyond {MAX_INFLATED} bytes"
        )
    return bytes(inflated)


class _Cursor:
    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        try:
            (value,) = _SIZE.unpack_from(self.data, self.at)
        except struct.error as error:
            raise BodyError("compressed registration ends before a length") from error
        self.at += 4
        return int(value)

    def chunk(self) -> bytes:
        size = self.number()
        if not 0 <= size <= len(self.data) - self.at:
            raise BodyError(
                f"compressed registration: length {size} at byte {self.at} runs beyond the end"
            )
        self.at += size
        return self.data[self.at - size : self.at]


def _decode_compressed(data: bytes, version: int) -> Generator[None, None, RegisterBrokerBody]:
    cursor = _Cursor(data)
    data_version = fastjson.decode_bounded(cursor.chunk(), DataVersion)
    topics: dict[str, TopicConfig] = {}
    for number in range(cursor.number()):
        config = _topic_line(cursor.chunk().decode(errors="replace"))
        topics[config.topic_name or ""] = config
        if number % LINES == LINES - 1:
            yield
    filters = _filter_servers(cursor.chunk())
    mappings = (yield from _mappings(cursor)) if version >= V5_0_0 else {}
    return RegisterBrokerBody(TopicConfigTable(topics, data_version, mappings), filters)


_FILTER_TYPES = frozenset({"SINGLE_TAG", "MULTI_TAG"})
_INT = re.compile(r"[+-]?[0-9]{1,10}")


def _topic_line(line: str) -> TopicConfig:
    """``name readQueues writeQueues perm filterType [attributes]``; shorter lines have no name."""
    words = line.split(" ")
    if len(words) < 5:
        return TopicConfig()
    numbers = [int(word) for word in words[1:4] if _INT.fullmatch(word)]
    if len(numbers) < 3 or words[4] not in _FILTER_TYPES or not all(map(_is_int32, numbers)):
        raise BodyError(f"compressed registration: topic line {line[:80]!r} cannot be read")
    reads, writes, perm = numbers
    return TopicConfig(words[0], perm, reads, 0, writes)


def _is_int32(number: int) -> bool:
    return -(1 << 31) <= number < 1 << 31


def _filter_servers(chunk: bytes) -> list[str | None]:
    try:
        value = fastjson.loads(chunk) if len(chunk) <= fastjson.MAX_TOLERATED else None
    except BodyError:
        return []
    items = value if isinstance(value, list) else []
    return [None if item is None else str(item) for item in items]


def _mappings(cursor: _Cursor) -> Generator[None, None, dict[str, TopicQueueMappingInfo]]:
    mappings: dict[str, TopicQueueMappingInfo] = {}
    for number in range(cursor.number()):
        chunk = cursor.chunk()
        info = fastjson.decode_bounded(chunk, TopicQueueMappingInfo)
        mappings[info.topic or ""] = info
        if number % MAPPINGS == MAPPINGS - 1 or len(chunk) > LONG_MAPPING:
            yield
    return mappings
