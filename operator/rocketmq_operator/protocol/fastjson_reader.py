"""The tolerant JSON parser: bare and single-quoted names, comments, spare commas, object keys."""

import contextlib
import re
from decimal import Decimal, InvalidOperation

from rocketmq_operator.errors import BodyError

_MAX_DEPTH = 64
_BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SPARE = re.compile(r"(?:\s+|,|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x20\x7f]*")
_STRING = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL),
}
_BARE = re.compile(r"[\w$.+-]+")
_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\x[0-9a-fA-F]{2}|\\.", re.DOTALL)
_INTEGER = re.compile(r"([+-]?[0-9]{1,40})[LSB]?")
_FLOAT = re.compile(r"([+-]?[0-9][0-9.eE+-]*)[DF]?")
_NUMBER_NAME = re.compile(r"-?[0-9]{1,40}")
_SIMPLE = {
    "b": "\b",
    "f": "\f",
    "F": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    **{str(digit): chr(digit) for digit in range(8)},
    **{char: char for char in "\"'/\\"},
}
_BYTE_ORDER_MARK = "\ufeff"
_WORDS: dict[str, object] = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": None,
    "NaN": None,
}


def big_decimal(text: str) -> Decimal:
    """A number with a point or an exponent, as Java's BigDecimal: there is no negative zero."""
    number = Decimal(text)
    return number if number else abs(number)


def read(text: str) -> object:
    """The value that ``text`` holds. Raises BodyError, naming the character where it went wrong."""
    reader = _Reader(text)
    value = reader.value(0)
    reader.skip(_BLANK)
    reader.skip(_CONTROLS)
    if reader.at != len(text):
        raise reader.error("end of text")
    return value


class _Reader:
    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0

    def error(self, expected: str) -> BodyError:
        found = self.text[self.at : self.at + 12]
        return BodyError(f"JSON: expected {expected} at character {self.at}, found {found!r}")

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Skip what ``pattern`` matches; return the next character, or "" at the end."""
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return self.text[self.at : self.at + 1]

    def value(self, depth: int) -> object:
        if depth > _MAX_DEPTH:
            raise self.error(f"at most {_MAX_DEPTH} levels")
        char = self.skip(_BLANK)
        if char == "{":
            return self.members(depth + 1)
        if char == "[":
            return self.items(depth + 1)
        if char in _STRING:
            return self.string(char)
        return self.scalar()

    def members(self, depth: int) -> dict[str | int, object]:
        found: dict[str | int, object] = {}
        self.at += 1
        while (char := self.skip(_SPARE)) != "}":
            key = self.key(char, depth)
            if self.skip(_BLANK) != ":":
                raise self.error("a colon")
            self.at += 1
            found[key] = self.value(depth)
            self.closed_or_comma("}")
        self.at += 1
        return found

    def items(self, depth: int) -> list[object]:
        found: list[object] = []
        self.at += 1
        while self.skip(_SPARE) != "]":
            found.append(self.value(depth))
            self.closed_or_comma("]")
        self.at += 1
        return found

    def closed_or_comma(self, closing: str) -> None:
        if self.skip(_BLANK) not in {closing, ","} or self.at >= len(self.text):
            raise self.error(f"a comma or {closing!r}")

    def key(self, char: str, depth: int) -> str | int:
        """A member name; a bare number is one, which maps with names of text do not take.

        An object as a name (Java's MessageQueue maps) stands as its own text.
        """
        if char in _STRING:
            return self.string(char)
        start = self.at
        if char == "{":
            self.value(depth)
            return self.text[start : self.at]
        name = self.bare()
        return int(name) if _NUMBER_NAME.fullmatch(name) else name

    def string(self, quote: str) -> str:
        match = _STRING[quote].match(self.text, self.at)
        if match is None:
            raise self.error("a closed string")
        self.at = match.end()
        inner = match[1]
        try:
            return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner
        except KeyError as error:
            raise self.error("an escape sequence") from error

    def bare(self) -> str:
        match = _BARE.match(self.text, self.at)
        if match is None:
            raise self.error("a name or a value")
        self.at = match.end()
        return match[0]

    def scalar(self) -> object:
        start = self.at
        word = self.bare()
        if word in _WORDS:
            return _WORDS[word]
        integer, number = _INTEGER.fullmatch(word), _FLOAT.fullmatch(word)
        if integer is not None:
            return int(integer[1])
        if number is not None:
            with contextlib.suppress(InvalidOperation):
                return big_decimal(number[1])
        self.at = start
        raise self.error("a value")


def _unescape(match: re.Match[str]) -> str:
    escape = match[0]
    kind = escape[1]
    if kind == "u" and len(escape) > 2:
        units = bytes.fromhex(escape.replace("\\u", ""))
        return units.decode("utf-16-be", "replace")
    if kind == "x" and len(escape) == 4:
        return chr(int(escape[2:], 16))
    return _SIMPLE[kind]
