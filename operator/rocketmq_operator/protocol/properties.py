r"""Java properties text, as ``java.util.Properties`` reads it and as RocketMQ prints it.

Bytes are ISO-8859-1; ``k=v``, ``k:v`` and ``k v``; ``#`` and ``!`` comments; a backslash escapes
or, at the end of a line, joins it with the next.
"""

import re
from collections.abc import Mapping

from rocketmq_operator.errors import BodyError

_LINE_END = re.compile(r"\r\n|\n|\r")
_KEY = re.compile(r"(?:[^\\=: \t\f]|\\.)*", re.DOTALL)
_SEPARATOR = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\(.)", re.DOTALL)
_SIMPLE = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse(text: str | bytes) -> dict[str, str]:
    r"""Keys and values in their order. Raises BodyError for a malformed ``\uXXXX``."""
    if isinstance(text, bytes):
        text = text.decode("iso-8859-1")
    entries: dict[str, str] = {}
    for line in _logical_lines(text):
        key = _KEY.match(line)
        assert key is not None  # the pattern matches the empty string too
        separator = _SEPARATOR.match(line, key.end())
        assert separator is not None
        entries[_unescape(key[0])] = _unescape(line[separator.end() :])
    return entries


def _logical_lines(text: str) -> list[str]:
    lines: list[str] = []
    parts: list[str] = []
    for raw in _LINE_END.split(text):
        line = raw.lstrip(" \t\f")
        if not parts and (not line or line[0] in "#!"):
            continue
        continues = _continues(line)
        parts.append(line[:-1] if continues else line)
        if not continues:
            lines.append("".join(parts))
            parts = []
    return [*lines, "".join(parts)] if parts else lines


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescape_one, text) if "\\" in text else text


def _unescape_one(match: re.Match[str]) -> str:
    char = match[1]
    if char is None:
        # Half of a pair is no text: nobody could be told it again.
        return bytes.fromhex(match[0].replace("\\u", "")).decode("utf-16-be", "replace")
    if char == "u":
        raise BodyError(r"properties: \u is not followed by four hexadecimal digits")
    return _SIMPLE.get(char, char)


def dump(entries: Mapping[str, str]) -> str:
    r"""``key=value`` lines sorted by key, escaped so that ``parse`` gives the same back."""
    lines = (f"{_escape(key, key=True)}={_escape(entries[key])}\n" for key in sorted(entries))
    return "".join(lines)


def print_raw(entries: Mapping[str, str]) -> str:
    """``key=value`` lines sorted by key and not escaped: the answer to GET_NAMESRV_CONFIG."""
    return "".join(f"{key}={entries[key]}\n" for key in sorted(entries))


def parse_raw(text: str) -> dict[str, str]:
    """Read what ``print_raw`` wrote; a line without ``=`` belongs to the value before it."""
    entries: dict[str, str] = {}
    last = None
    for line in text.split("\n"):
        key, separator, value = line.partition("=")
        if separator:
            last = key
            entries[key] = value
        elif last is not None and line:
            entries[last] += f"\n{line}"
    return entries


_NAMES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "\\": "\\\\"}
_SPECIAL = re.compile(r"[\t\n\r\f\\]|[^\x20-\x7e]")
_SPECIAL_IN_KEY = re.compile(r"[\t\n\r\f\\ =:#!]|[^\x20-\x7e]")


def _escape(text: str, *, key: bool = False) -> str:
    escaped = (_SPECIAL_IN_KEY if key else _SPECIAL).sub(_escape_one, text)
    if not key and escaped.startswith(" "):
        return "\\" + escaped
    return escaped


def _escape_one(match: re.Match[str]) -> str:
    char = match[0]
    if char in _NAMES:
        return _NAMES[char]
    if " " <= char <= "~":
        return f"\\{char}"
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
