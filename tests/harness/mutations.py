"""Frames that no well-behaved peer sends, made from frames that one would. Seeded, no I/O."""

import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple

from harness.frames import ONEWAY_FLAG, RESPONSE_FLAG, ask, binary_header, json_frame, packed
from harness.registrations import body, mapping, member

CODES: Final = (
    *(100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 217, 219, 224, 304),
    *(311, 312, 313, 318, 319, 322, 327, 901, 904, 0, -1, 905, 999, 32767, 2**31 - 1),
)
FIELDS: Final = (
    *("topic", "namespace", "key", "value", "brokerName", "brokerAddr", "clusterName", "cluster"),
    *("brokerId", "haServerAddr", "heartbeatTimeoutMillis", "enableActingMaster", "compressed"),
    *("bodyCrc32", "acceptStandardJsonOnly", "__ZONE_NAME", "__ZONE_MODE", "unknown"),
)
VERSIONS: Final = (0, -1, 36, 37, 399, 400, 401, 413, 475, 479, 612, 613, 2**31 - 1, -(2**31))
_WORDS: Final = (
    *("", "0", "1", "-1", "true", "false", "null", "fuzz-a", "fuzz-b", "fuzz-c", "127.0.0.1:1"),
    *("2147483648", "-9223372036854775808", "9223372036854775808", "9" * 400, "1e999", "NaN"),
    *("\0", "\u2028", "\U0001f600", "\x7f", "\ud7ff", '"', "\\", "a" * 2000, "%RETRY%", " "),
)
_DEEP: Final = b"[" * 5000, b'{"a":' * 5000, b"{" * 5000, b"[{" * 2000 + b"}]" * 2000
_JUNK_BODIES: Final = b"", b"null", b"[]", b"{}", b"0", b'"', b"{'a':1,}", b"\xff\xfe\x00", *_DEEP
_PROPERTIES: Final = (
    b"productEnvName=fuzz",
    b"productEnvName=\\u00e4\\\n  x",
    b"waitSecondsForService=junk",
    b"noSuchProperty=1",
    b"bad=\\u12",
    b"kvConfigPath=/nowhere",
    b"=\n:\n\\",
)
_STARTS: Final = b"PROXY TCP4 1.2.3.4 1.2.3.4 5 5\r\n", b"\r\n\r\n\x00\r\nQUIT\n", b"\x16\x03\x01"


class Batch(NamedTuple):
    """Frames whose lengths and layout are right, and at the end bytes of which nothing is."""

    frames: list[bytes]
    broken: bytes


class Mutator:
    """An endless supply; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._bodies = [
            body({"fuzz-a": 4, "fuzz-b": 8}),
            body({"fuzz-c": 1}, mappings=[mapping("fuzz-c", "fuzz-a")]),
            b'{"queueDatas":[{"brokerName":"fuzz-a","perm":6,"readQueueNums":8}]}',
            b'{"counter":1,"stateVersion":0,"timestamp":1000}',
            zlib.compress(body({"fuzz-a": 4})),
            zlib.compress(bytes(300_000)),
            *_PROPERTIES,
            *_JUNK_BODIES,
        ]

    def batch(self, size: int) -> Batch:
        """``size`` frames, the last one broken."""
        return Batch([self.frame() for _ in range(size - 1)], self.broken())

    def frame(self) -> bytes:
        """A frame whose header can be read; what is in it may be anything."""
        return self._loose_json() if self._random.random() < 0.2 else self._request()

    def broken(self) -> bytes:
        """What may be a frame, or start like one, or like nothing; it comes last."""
        changes: tuple[Callable[[bytes], bytes], ...] = (
            self._flip,
            self._cut,
            self._stretch,
            self._bad_length,
            self._bad_head,
            self._noise,
            self._odd_json,
            self._odd_binary,
        )
        return self._random.choice(changes)(self._request())

    def pieces(self, data: bytes) -> list[bytes]:
        """``data`` cut anywhere, now and then."""
        if len(data) < 2 or self._random.random() < 0.9:
            return [data]
        at = self._random.randrange(1, len(data))
        return [data[:at], data[at:]]

    def _request(self) -> bytes:
        choose = self._random.choice
        kind = 0 if self._random.random() < 0.7 else 1
        code, version = choose(CODES), choose(VERSIONS)
        return ask(
            _int16(code) if kind else code,
            self._body(),
            kind=kind,
            version=_int16(version) if kind else version,
            flag=choose((0, 0, 0, 0, ONEWAY_FLAG, RESPONSE_FLAG, 4, -1)),
            opaque=self._random.getrandbits(30),
            fields=self._fields(),
        )

    def _fields(self) -> dict[str, str]:
        choose = self._random.choice
        fields = dict(member(choose(("fuzz-a", "fuzz-b")))) if self._random.random() < 0.4 else {}
        for _ in range(self._random.randrange(5)):
            fields[choose(FIELDS)] = choose(_WORDS)
        return fields

    def _body(self) -> bytes:
        found = self._random.choice(self._bodies)
        return self._flip(found) if found and self._random.random() < 0.3 else found

    def _loose_json(self) -> bytes:
        """A JSON header that takes every liberty that fastjson grants."""
        choose = self._random.choice
        code = choose(CODES)
        members = [
            f"code:{code}",
            f"'opaque':\"{self._random.getrandbits(30)}\"",
            f'"version":{choose(VERSIONS)}.0',
            f'"unknown":{choose(("[1,{}]", "null", "{a:1,}"))}',
            f'"language":{choose(("7", "null", chr(34) * 2))}',
            f'"extFields":{json.dumps(self._fields())}',
        ]
        self._random.shuffle(members)
        return json_frame(
            "{" + ",,".join(members[self._random.randrange(3) :]) + ",}", self._body()
        )

    def _odd_json(self, _: bytes) -> bytes:
        """A JSON header whose members are of any kind."""
        choose = self._random.choice
        values: tuple[object, ...] = (
            0,
            1,
            -1,
            2**31,
            2**63,
            2**80,
            1.5,
            True,
            None,
            "105",
            "x",
            [],
            {},
            [[]],
            {"a": 1},
        )
        header = {
            "code": choose((105, "105", *values)),
            "extFields": choose((self._fields(), {"topic": choose(values)}, *values)),
            "flag": choose(values),
            "language": choose(("JAVA", "NOWHERE", *values)),
            "opaque": choose(values),
            "version": choose(values),
        }
        for name in self._random.sample(sorted(header), self._random.randrange(4)):
            del header[name]
        text = json.dumps(header).encode()
        return json_frame(self._flip(text) if self._random.random() < 0.2 else text, self._body())

    def _odd_binary(self, _: bytes) -> bytes:
        header = binary_header(_int16(self._random.choice(CODES)), self._fields())
        return packed(self._flip(header), self._body(), 1)

    def _flip(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self._random.randrange(1, 5)):
            changed[self._random.randrange(len(changed))] = self._random.getrandbits(8)
        return bytes(changed)

    def _cut(self, data: bytes) -> bytes:
        return data[: self._random.randrange(len(data))]

    def _stretch(self, data: bytes) -> bytes:
        at = self._random.randrange(len(data))
        return data[:at] + self._random.randbytes(self._random.randrange(1, 64)) + data[at:]

    def _bad_length(self, data: bytes) -> bytes:
        lengths = (0, 1, 3, 4, -1, -(2**31), 2**31 - 1, 16_777_212, 16_777_213, len(data) - 5)
        return struct.pack(">i", self._random.choice(lengths)) + data[4:]

    def _bad_head(self, data: bytes) -> bytes:
        return data[:4] + struct.pack(">I", self._random.getrandbits(32)) + data[8:]

    def _noise(self, data: bytes) -> bytes:
        start = self._random.choice((b"", b"", *_STARTS, data[:8]))
        return start + self._random.randbytes(self._random.randrange(1, 400))


def _int16(number: int) -> int:
    """What a binary header keeps of a number."""
    return (number + 0x8000) % 0x10000 - 0x8000
