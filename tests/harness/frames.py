"""Remoting frames as Java peers write them, and what can be read of an answer.

Its own few lines of the protocol: what checks our servers must not share their mistakes.
"""

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

JSON: Final = 0
ROCKETMQ: Final = 1
RESPONSE_FLAG: Final = 1
ONEWAY_FLAG: Final = 2
CURRENT: Final = 479
"""The version that Java 5.3.3 puts on the wire."""

_BARE_KEY = re.compile(r'"(?:[^"\\]|\\.)*"|(?<=[{,])-?\d+(?=:)', re.DOTALL)
_FIXED = struct.Struct(">hBhiii")


@dataclass(frozen=True)
class Answer:
    """One frame from a server. ``kind`` is JSON or ROCKETMQ, ``header`` its bytes as sent."""

    kind: int
    header: bytes
    code: int
    language: str
    version: int
    opaque: int
    flag: int
    remark: str | None
    ext_fields: dict[str, str] | None
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="surrogateescape")

    @property
    def value(self) -> object:
        """The body as JSON, numeric names as text; None if there is no body."""
        return plain(self.body) if self.body else None

    @property
    def fields(self) -> dict[str, str]:
        """The ext fields, empty without any."""
        return self.ext_fields or {}


def ask(  # noqa: PLR0913 - one keyword for each part of a request
    code: int,
    body: bytes = b"",
    *,
    kind: int = JSON,
    version: int = CURRENT,
    flag: int = 0,
    opaque: int = 7,
    fields: Mapping[str, str] | None = None,
    **more: str,
) -> bytes:
    """A request as a Java client sends it; ext fields by keyword, or in ``fields``."""
    ext = {**(fields or {}), **more}
    if kind == ROCKETMQ:
        return packed(binary_header(code, ext, version=version, flag=flag, opaque=opaque), body, 1)
    header: dict[str, object] = {"code": code}
    if ext:
        header["extFields"] = ext
    header |= {"flag": flag, "language": "JAVA", "opaque": opaque}
    header |= {"serializeTypeCurrentRPC": "JSON", "version": version}
    return json_frame(json.dumps(header, separators=(",", ":"), ensure_ascii=False), body)


def json_frame(header: str | bytes, body: bytes = b"") -> bytes:
    """A frame whose header is this JSON text."""
    return packed(header.encode() if isinstance(header, str) else header, body, JSON)


def packed(header: bytes, body: bytes = b"", kind: int = JSON) -> bytes:
    """A frame around header bytes."""
    return struct.pack(">ii", 4 + len(header) + len(body), kind << 24 | len(header)) + header + body


def binary_header(  # noqa: PLR0913 - one keyword for each part of a header
    code: int,
    fields: Mapping[str, str] | None = None,
    *,
    language: int = 0,
    version: int = CURRENT,
    flag: int = 0,
    opaque: int = 7,
    remark: str = "",
) -> bytes:
    """A header in the ROCKETMQ form."""
    entries = b"".join(
        struct.pack(">h", len(name.encode()))
        + name.encode()
        + struct.pack(">i", len(text.encode()))
        + text.encode()
        for name, text in (fields or {}).items()
    )
    note = remark.encode()
    fixed = _FIXED.pack(code, language, version, opaque, flag, len(note))
    return fixed + note + struct.pack(">i", len(entries)) + entries


def take(waiting: bytearray) -> Answer | None:
    """Take the first frame out of received bytes; None if it is not complete."""
    size = 4 + int.from_bytes(waiting[:4])
    if len(waiting) < max(size, 8):
        return None
    payload = bytes(waiting[4:size])
    del waiting[:size]
    return read(payload)


def read(payload: bytes) -> Answer:
    """The command in a frame without its length word."""
    size = int.from_bytes(payload[1:4])
    header, body = payload[4 : 4 + size], payload[4 + size :]
    if payload[0] == ROCKETMQ:
        return _read_binary(header, body)
    told = json.loads(header)
    return Answer(
        JSON,
        header,
        told["code"],
        told["language"],
        told["version"],
        told["opaque"],
        told["flag"],
        told.get("remark"),
        told.get("extFields"),
        body,
    )


def _read_binary(header: bytes, body: bytes) -> Answer:
    code, language, version, opaque, flag, size = _FIXED.unpack_from(header)
    at = _FIXED.size
    remark = header[at : at + size].decode() or None
    at += size + 4
    ext: dict[str, str] = {}
    while at < len(header):
        size = int.from_bytes(header[at : at + 2])
        name = header[at + 2 : at + 2 + size].decode()
        at += 2 + size
        size = int.from_bytes(header[at : at + 4])
        ext[name] = header[at + 4 : at + 4 + size].decode()
        at += 4 + size
    words = ("JAVA", "CPP", "DOTNET", "PYTHON")
    return Answer(
        ROCKETMQ, header, code, words[language], version, opaque, flag, remark, ext or None, body
    )


def plain(body: bytes) -> object:
    """A body as JSON; numeric names, which Java writes bare, become text."""
    text = body.decode()
    return json.loads(_BARE_KEY.sub(_quoted, text), strict=False)


def _quoted(match: re.Match[str]) -> str:
    found = match[0]
    return found if found.startswith('"') else f'"{found}"'


def unordered(value: object) -> object:
    """``value`` with every list sorted: Java's hash tables promise no order."""
    if isinstance(value, dict):
        return {name: unordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(map(unordered, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value
