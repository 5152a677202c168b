"""The body of REGISTER_BROKER in its three layouts (Java's ``RegisterBrokerBody``)."""

import struct
import zlib

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

_SIZE = struct.Struct(">i")
_EMPTY = TopicConfigTable(data_version=DataVersion())


def decode_registration(body: bytes, version: int, *, compressed: bool) -> RegisterBrokerBody:
    """The registration that a broker of ``version`` sent. Raises BodyError.

    ``filter_server_list`` None means "leave what is known": brokers before 3.0.11 send none.
    """
    if version < V3_0_11:
        table = fastjson.decode(body, TopicConfigTable) if body else _EMPTY
        return RegisterBrokerBody(table, None)
    if not body:
        return RegisterBrokerBody(_EMPTY, [])
    if compressed:
        return _decode_compressed(_inflate(body), version)
    return fastjson.decode(body, RegisterBrokerBody)


def _inflate(body: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(body, MAX_INFLATED)
    except zlib.error as error:
        raise BodyError(f"compressed registration: {error}") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise BodyError(
            f"compressed registration is cut short or inflates beyond {MAX_INFLATED} bytes"
        )
    return data


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


def _decode_compressed(data: bytes, version: int) -> RegisterBrokerBody:
    cursor = _Cursor(data)
    data_version = fastjson.decode(cursor.chunk(), DataVersion)
    topics: dict[str, TopicConfig] = {}
    for _ in range(cursor.number()):
        config = _topic_line(cursor.chunk().decode(errors="replace"))
        topics[config.topic_name or ""] = config
    filters = _filter_servers(cursor.chunk())
    mappings = _mappings(cursor) if version >= V5_0_0 else {}
    return RegisterBrokerBody(TopicConfigTable(topics, data_version, mappings), filters)


def _topic_line(line: str) -> TopicConfig:
    """``name readQueues writeQueues perm filterType [attributes]``; shorter lines have no name."""
    words = line.split(" ")
    if len(words) < 5:
        return TopicConfig()
    try:
        return TopicConfig(words[0], int(words[3]), int(words[1]), 0, int(words[2]))
    except ValueError as error:
        raise BodyError(f"compressed registration: topic line {line[:80]!r}: {error}") from error


def _filter_servers(chunk: bytes) -> list[str]:
    try:
        value = fastjson.loads(chunk)
    except BodyError:
        return []
    return [str(item) for item in value] if isinstance(value, list) else []


def _mappings(cursor: _Cursor) -> dict[str, TopicQueueMappingInfo]:
    mappings: dict[str, TopicQueueMappingInfo] = {}
    for _ in range(cursor.number()):
        info = fastjson.decode(cursor.chunk(), TopicQueueMappingInfo)
        mappings[info.topic or ""] = info
    return mappings
