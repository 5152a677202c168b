"""ROCKETMQ headers: limits of lengths, null and empty text, unknown languages."""

import struct

import pytest

from harness.frames import ROCKETMQ, ask, binary_header, packed
from harness.pair import Pair


def header(  # noqa: PLR0913 - one keyword for each part
    code: int = 206,
    *,
    language: int = 0,
    version: int = 479,
    opaque: int = 7,
    flag: int = 0,
    remark: bytes = b"",
    remark_size: int | None = None,
    entries: bytes = b"",
    size: int | None = None,
) -> bytes:
    """A header with lengths that may lie."""
    told = len(remark) if remark_size is None else remark_size
    fixed = struct.pack(">hBhiii", code, language, version, opaque, flag, told)
    total = len(entries) if size is None else size
    return fixed + remark + struct.pack(">i", total) + entries


def entry(
    key: bytes, value: bytes, key_size: int | None = None, value_size: int | None = None
) -> bytes:
    """An ext field with lengths that may lie."""
    name = struct.pack(">h", len(key) if key_size is None else key_size) + key
    return name + struct.pack(">i", len(value) if value_size is None else value_size) + value


NAME, KEY = entry(b"namespace", b"bn"), entry(b"key", b"k")
BOTH = NAME + KEY
LIMITS = [-(1 << 31), -5, -1, 0, 1, 4, 5, 20, 21, 22, len(NAME), len(BOTH) - 1, len(BOTH) + 1]
LIMITS += [1000, (1 << 31) - 1]


def send(pair: Pair, told: bytes, body: bytes = b"") -> None:
    pair.same(ask(106), "binary")
    pair.same(packed(told, body, ROCKETMQ), "binary")


@pytest.mark.parametrize("language", [0, 1, 3, 12, 13, 14, 100, 127, 128, 255])
def test_languages(pair: Pair, language: int) -> None:
    send(pair, header(language=language))


@pytest.mark.parametrize("version", [0, -1, 37, 400, 401, 479, 612, 613, 32767, -32768])
def test_versions(pair: Pair, version: int) -> None:
    send(pair, header(version=version))
    send(pair, header(105, version=version, entries=entry(b"topic", b"x")))


@pytest.mark.parametrize("opaque", [0, -1, 1, 2147483647, -2147483648])
def test_opaques(pair: Pair, opaque: int) -> None:
    send(pair, header(opaque=opaque))
    send(pair, header(105, opaque=opaque))


@pytest.mark.parametrize("remark", [b"hello", b"\xff\xfe", b"\xed\xa0\x80", "ü中".encode(), b"\0"])
def test_remarks(pair: Pair, remark: bytes) -> None:
    send(pair, header(remark=remark))


@pytest.mark.parametrize("size", LIMITS)
def test_lengths_of_the_remark(pair: Pair, size: int) -> None:
    send(pair, header(remark_size=size))
    send(pair, header(101, remark=b"four", remark_size=size, entries=BOTH))


@pytest.mark.parametrize("size", LIMITS)
def test_lengths_of_the_ext_fields(pair: Pair, size: int) -> None:
    send(pair, header(size=size))
    send(pair, header(101, entries=BOTH, size=size))
    send(pair, header(101, entries=BOTH + b"xyz", size=size))


@pytest.mark.parametrize("size", [-32768, -1, 0, 2, 9, 10, 100, 32767])
def test_lengths_of_a_name(pair: Pair, size: int) -> None:
    send(pair, header(101, entries=entry(b"k", b"v", key_size=size)))
    send(pair, header(101, entries=BOTH + entry(b"k", b"v", key_size=size)))


@pytest.mark.parametrize("size", [-(1 << 31), -1, 0, 2, 5, 7, 8, 9, 100, (1 << 31) - 1])
def test_lengths_of_a_value(pair: Pair, size: int) -> None:
    send(pair, header(101, entries=entry(b"k", b"v", value_size=size)))
    send(pair, header(101, entries=BOTH + entry(b"k", b"v", value_size=size)))


@pytest.mark.parametrize(
    "entries",
    [
        entry(b"", b"x") + BOTH,
        entry(b"", b"") + BOTH,
        entry(b"namespace", b"") + KEY,
        NAME + entry(b"key", b""),
        NAME + NAME + KEY,
        NAME + entry(b"namespace", b"other") + KEY,
        NAME + entry(b"namespace", b"") + KEY,
        entry(b"namespace", b"\xff\xc3\x28\xe2\x82") + entry(b"key", "ü中😀".encode()),
        entry(b"namespace", b"\x00\x01") + entry(b"key", b"\xed\xa0\x80\xed\xb0\x80"),
        entry(b"namespace", b"\xf8\x88\x80\x80\x80") + entry(b"key", b"\xc0\x80\xf4\x90\x80\x80"),
        BOTH + b"\x00",
        BOTH + b"\x00\x01",
        BOTH + b"\x00\x01a\x00",
        entry(b"n" * 32767, b"v") + BOTH,
        NAME + entry(b"key", b"k" * 100_000),
    ],
    ids=lambda entries: entries[:40].hex(),
)
def test_entries(pair: Pair, entries: bytes) -> None:
    send(pair, header(101, entries=entries))


@pytest.mark.parametrize("size", range(26))
def test_headers_of_zeros(pair: Pair, size: int) -> None:
    send(pair, bytes(size))
    send(pair, bytes(size), b"body")


@pytest.mark.parametrize("code", [100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 217, 219, 224])
def test_empty_values_are_no_values(pair: Pair, code: int) -> None:
    names = ("namespace", "key", "value", "topic", "cluster", "clusterName", "brokerName")
    send(pair, binary_header(code, dict.fromkeys(names, "")))
