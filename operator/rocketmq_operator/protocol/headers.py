"""Headers in their two encodings, JSON and ROCKETMQ (binary), and whole frames around them.

Layouts are those of Java's ``RemotingSerializable`` and ``RocketMQSerializable``.
"""

import re
import struct
from enum import IntEnum

import msgspec

from rocketmq_operator.errors import BodyError, FrameError, HeaderError
from rocketmq_operator.protocol import fastjson
from rocketmq_operator.protocol.codes import LanguageCode
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.protocol.fastjson import Int32
from rocketmq_operator.protocol.framing import MAX_FRAME


class SerializeType(IntEnum):
    """How a header is written; the first byte of a frame's head word."""

    JSON = 0
    ROCKETMQ = 1


class _JsonHeader(msgspec.Struct, gc=False, rename="camel", forbid_unknown_fields=True):
    code: Int32 = 0
    ext_fields: dict[str, str | None] | None = None
    flag: Int32 = 0
    language: str | int | None = "JAVA"
    opaque: Int32 = 0
    remark: str | None = None
    serialize_type_current_rpc: str | None = msgspec.field(
        default="JSON", name="serializeTypeCurrentRPC"
    )
    version: Int32 = 0


_HEAD = struct.Struct(">i")
_FIXED = struct.Struct(">hBhiii")
_SIZE = struct.Struct(">i")
_KEY_SIZE = struct.Struct(">h")
_LANGUAGE_OF_BYTE = {int(language): language for language in LanguageCode}
_LANGUAGES: dict[str | int | None, LanguageCode] = {
    **{language.name: language for language in LanguageCode},
    **{int(language): language for language in LanguageCode},
}
_DECODER = msgspec.json.Decoder(_JsonHeader)


def encode(command: RemotingCommand, serialize_type: SerializeType = SerializeType.JSON) -> bytes:
    """The whole frame of ``command``. Raises HeaderError or FrameError if it does not fit."""
    header = _ENCODERS[serialize_type](command)
    total = 4 + len(header) + len(command.body)
    if total > MAX_FRAME - 4:
        raise FrameError(f"frame of {total} bytes is above the limit of {MAX_FRAME - 4}")
    return b"".join(
        (_SIZE.pack(total), _SIZE.pack(serialize_type << 24 | len(header)), header, command.body)
    )


def decode(payload: bytes) -> RemotingCommand:
    """The command in ``payload``, a frame without its length word.

    Raises FrameError, HeaderError.
    """
    kind, size = head_word(payload)
    return _DECODERS[kind](payload[4 : 4 + size], payload[4 + size :])


def head_word(payload: bytes) -> tuple[SerializeType, int]:
    """Serialize type and header length in bytes. Raises FrameError."""
    if len(payload) < 4:
        raise FrameError(f"frame of {len(payload)} bytes has no head word")
    kind = payload[0]
    size = int.from_bytes(payload[1:4], "big")
    if kind > 1:
        raise FrameError(f"serialize type {kind} is neither 0 (JSON) nor 1 (ROCKETMQ)")
    if size > len(payload) - 4:
        raise FrameError(f"header of {size} bytes in a frame of {len(payload)}")
    return SerializeType(kind), size


def _encode_json(command: RemotingCommand) -> bytes:
    language = LanguageCode.OTHER if command.language is None else command.language
    members: dict[str, object] = {"code": command.code}
    if command.ext_fields is not None:
        members["extFields"] = command.ext_fields
    members |= {"flag": command.flag, "language": language.name, "opaque": command.opaque}
    if command.remark is not None:
        members["remark"] = command.remark
    members |= {"serializeTypeCurrentRPC": "JSON", "version": command.version}
    return fastjson.dumps(members)


def _decode_json(header: bytes, body: bytes) -> RemotingCommand:
    try:
        fields = _DECODER.decode(header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = _tolerant(header)
    ext = fields.ext_fields
    if ext is not None and None in ext.values():
        ext = {key: value for key, value in ext.items() if value is not None}
    language = _LANGUAGES.get(fields.language)
    if language is None and isinstance(fields.language, int):
        raise HeaderError(f"language {fields.language} is none of 0..{max(_LANGUAGE_OF_BYTE)}")
    return RemotingCommand(
        fields.code,
        fields.flag,
        fields.opaque,
        language,
        fields.version,
        fields.remark,
        ext,  # type: ignore[arg-type]  # None values are gone
        body,
    )


def _tolerant(header: bytes) -> _JsonHeader:
    """Read what fastjson reads but strict JSON does not: bare keys, quoted numbers and the like."""
    if len(header) > fastjson.MAX_TOLERATED:
        raise HeaderError(f"header of {len(header)} bytes is not JSON")
    try:
        value = fastjson.loads(header)
        if not isinstance(value, dict):
            raise HeaderError(f"header is {type(value).__name__}, not a JSON object")
        return fastjson.convert(value, _JsonHeader)
    except BodyError as error:
        raise HeaderError(f"header is not JSON: {error}") from error


def _encode_binary(command: RemotingCommand) -> bytes:
    language = LanguageCode.OTHER if command.language is None else command.language
    remark = (command.remark or "").encode()
    code = (command.code + 0x8000) % 0x10000 - 0x8000
    try:
        fixed = _FIXED.pack(
            code, language, command.version, command.opaque, command.flag, len(remark)
        )
    except struct.error as error:
        raise HeaderError(f"command does not fit a binary header: {error}") from error
    entries = b"".join(_encode_entry(*item) for item in (command.ext_fields or {}).items())
    return b"".join((fixed, remark, _SIZE.pack(len(entries)), entries))


def _encode_entry(key: str, value: str) -> bytes:
    name, text = key.encode(), value.encode()
    if len(name) > 0x7FFF:
        raise HeaderError(f"ext field name of {len(name)} bytes is above the limit of 32767")
    return b"".join((_KEY_SIZE.pack(len(name)), name, _SIZE.pack(len(text)), text))


def _decode_binary(header: bytes, body: bytes) -> RemotingCommand:
    try:
        code, language, version, opaque, flag, remark_size = _FIXED.unpack_from(header)
        remark, at = _text(header, _FIXED.size, remark_size, len(header))
        (ext_size,) = _SIZE.unpack_from(header, at)
    except struct.error as error:
        raise HeaderError(f"binary header of {len(header)} bytes is cut short") from error
    ext = _decode_entries(header, at + 4, ext_size) if ext_size > 0 else None
    known = _LANGUAGE_OF_BYTE.get(language)
    return RemotingCommand(code, flag, opaque, known, version, remark, ext, body)


def _decode_entries(header: bytes, at: int, size: int) -> dict[str, str]:
    """The ext fields; those with an empty name or value are dropped, as Java reads them as null."""
    end = at + size
    if end > len(header):
        raise HeaderError(f"extFields length: {size}, but header length: {len(header)}")
    fields: dict[str, str] = {}
    try:
        while at < end:
            (key_size,) = _KEY_SIZE.unpack_from(header, at)
            key, at = _text(header, at + 2, key_size, size)
            (value_size,) = _SIZE.unpack_from(header, at)
            value, at = _text(header, at + 4, value_size, size)
            if key is not None and value is not None:
                fields[key] = value
            elif key is not None:
                fields.pop(key, None)
    except struct.error as error:
        raise HeaderError("extFields of a binary header are cut short") from error
    return fields


def _text(header: bytes, at: int, size: int, limit: int) -> tuple[str | None, int]:
    """The string of ``size`` bytes at ``at`` and where it ends; a length of 0 is null."""
    if not 0 <= size <= limit:
        raise HeaderError(f"string length {size} in a binary header exceeds limit {limit}")
    if at + size > len(header):
        raise HeaderError(f"string of {size} bytes runs beyond the header")
    return _utf8(header[at : at + size]) if size else None, at + size


_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


def _utf8(data: bytes) -> str:
    """Text as Java reads it: what is no UTF-8 becomes U+FFFD, an encoded surrogate just one."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _SURROGATE.sub(b"\xef\xbf\xbd", data).decode(errors="replace")


_ENCODERS = {SerializeType.JSON: _encode_json, SerializeType.ROCKETMQ: _encode_binary}
_DECODERS = {SerializeType.JSON: _decode_json, SerializeType.ROCKETMQ: _decode_binary}
