"""The JSON of RocketMQ's peers: what fastjson 1.2.83 writes and what it is willing to read.

Two output dialects: ``dumps`` (bare numeric keys, raw text) and ``dumps_browser`` (quoted sorted
keys, ASCII only). Reading first tries strict JSON, then everything fastjson accepts.
"""

import json.encoder
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol.fastjson_reader import big_decimal, read

T = TypeVar("T")
MAX_TOLERATED = 256 * 1024
"""Bytes of a peer's text that are read although they are no plain JSON; some 0.4 s of work."""
MAX_QUOTED = 4 * 1024 * 1024
"""Bytes in which bare numbers are looked for; some 0.4 s of work as well."""
_INT32_MAX = 0x7FFFFFFF
_MAX_SCALE = 100


class _Dialect(NamedTuple):
    """How text is quoted, which of that Java escapes differently, and how map keys look."""

    quote: Callable[[str], str]
    escapes: re.Pattern[str]
    browser: bool


_DEFAULT = _Dialect(
    json.encoder.encode_basestring,
    re.compile(r"\\\\|\\u[0-9a-f]{4}|[\x7f-\x9f\u2028\u2029]"),
    browser=False,
)
_BROWSER = _Dialect(
    json.encoder.encode_basestring_ascii,
    re.compile(r"\\\\|\\u[0-9a-f]{4}|[/\x7f]"),
    browser=True,
)


_PLAIN = msgspec.json.Decoder(float_hook=big_decimal)


def loads(data: bytes | str) -> object:
    """Any JSON that fastjson reads, as plain Python values. Raises BodyError."""
    try:
        text = data if isinstance(data, str) else data.decode()
        if not text.strip():
            return None
        return _PLAIN.decode(text)
    except UnicodeDecodeError as error:
        raise BodyError(f"JSON is not UTF-8: {error}") from error
    except (msgspec.DecodeError, RecursionError):
        return read(text)


def decode(data: bytes, kind: type[T]) -> T:
    """``data`` as ``kind`` (a msgspec Struct). Raises BodyError, also for JSON null."""
    try:
        return _decoder(kind).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return convert(loads(data), kind)


_TEXT_OR_BARE_KEY = re.compile(rb'"(?:[^"\\]|\\.)*"|([{,])(-?[0-9]+)(?=:)', re.DOTALL)


def decode_bounded(data: bytes, kind: type[T]) -> T:
    """Like ``decode``, for servers, whose time is everybody's.

    Of what is longer than MAX_TOLERATED only plain JSON is read, and up to MAX_QUOTED bare numbers
    as keys, which fastjson writes. Raises BodyError.
    """
    if len(data) <= MAX_TOLERATED:
        return decode(data, kind)
    try:
        try:
            return _decoder(kind).decode(data)
        except msgspec.DecodeError:
            if len(data) > MAX_QUOTED:
                raise
            return _decoder(kind).decode(_TEXT_OR_BARE_KEY.sub(_quoted, data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(f"{len(data)} bytes of JSON do not fit {kind.__name__}: {error}") from error


def _quoted(match: re.Match[bytes]) -> bytes:
    return b'%b"%b"' % match.groups() if match[1] else match[0]


Int32 = Annotated[int, msgspec.Meta(ge=-0x80000000, le=_INT32_MAX)]
"""Java's int."""
Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""Java's long."""

_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {}


def _decoder(kind: type[T]) -> "msgspec.json.Decoder[T]":
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind)
    return _DECODERS[kind]


def decode_or_null(data: bytes, kind: type[T]) -> T | None:
    """Like ``decode_bounded``, but nothing, ``null`` and ``[]`` are None. Raises BodyError."""
    if len(data) > MAX_TOLERATED:
        return decode_bounded(data, kind)
    try:
        return _decoder(kind).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = loads(data)
        return None if value is None or value == [] else convert(value, kind)


def convert(value: object, kind: type[T]) -> T:
    """A parsed ``value`` as ``kind`` with fastjson's casts. Raises BodyError.

    ``"5"`` and ``4.7`` are taken for an int, a number for a string, null for "not given"; unknown
    members are dropped.
    """
    try:
        plain = _cast(value, msgspec.inspect.type_info(kind))
        return msgspec.convert(plain, kind, str_keys=True)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise BodyError(f"JSON does not fit {kind.__name__}: {error}") from error


def _cast(value: Any, kind: msgspec.inspect.Type) -> Any:
    if value is None:
        return None
    for expected, cast in _CASTS:
        if isinstance(kind, expected):
            return cast(value, kind)
    return value


_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}")
_TRAILING_ZEROS = re.compile(r"\.0*$")
_NOTHING = frozenset({"", "null", "NULL"})
"""Texts that stand for null where a number or a boolean is wanted."""
_YES, _NO = frozenset({"true", "1", "y", "t"}), frozenset({"false", "0", "n", "f"})


def _cast_int(value: Any, kind: msgspec.inspect.IntType) -> Any:
    if isinstance(value, Decimal):
        return _whole(value, 32 if kind.le == _INT32_MAX else 64)
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    if value in _NOTHING:
        return None
    text = value.replace(",", "")
    if kind.le == _INT32_MAX:
        text = _TRAILING_ZEROS.sub("", text)
    return int(text) if _DECIMAL.fullmatch(text) else value


def _whole(value: Decimal, bits: int) -> int:
    """The lowest ``bits`` of the whole part, as Java narrows a BigDecimal."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -_MAX_SCALE <= exponent <= _MAX_SCALE:
        raise ValueError(f"{value} has more than {_MAX_SCALE} digits on one side of the point")
    half = 1 << (bits - 1)
    return (int(value) + half) % (2 * half) - half


def _cast_str(value: Any, _: Any) -> Any:
    if isinstance(value, bool | dict | list):
        return dumps(value).decode()
    return str(value)


def _cast_bool(value: Any, _: Any) -> Any:
    if isinstance(value, int | Decimal):
        return 1 <= value < 2
    if not isinstance(value, str):
        return value
    if value in _NOTHING:
        return None
    return {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}.get(value.lower(), value)


def _cast_union(value: Any, kind: msgspec.inspect.UnionType) -> Any:
    given = [each for each in kind.types if not isinstance(each, msgspec.inspect.NoneType)]
    return _cast(value, given[0]) if len(given) == 1 else value


def _cast_list(value: Any, kind: msgspec.inspect.CollectionType) -> Any:
    """A list; anything else is taken for its only item."""
    items = value if isinstance(value, list) else [value]
    return [_cast(item, kind.item_type) for item in items]


def _cast_dict(value: Any, kind: msgspec.inspect.DictType) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _cast(item, kind.value_type) for key, item in value.items()}


def _cast_struct(value: Any, kind: msgspec.inspect.StructType) -> Any:
    if value == []:
        return None
    if not isinstance(value, dict):
        return value
    cast: dict[str, Any] = {}
    for name, item in value.items():
        field = _field(kind.cls, name) if isinstance(name, str) else None
        if name == "@type":
            raise ValueError("@type is refused")
        if field is not None and (name == field.encode_name or field.encode_name not in cast):
            told = _cast(item, field.type)
            if told is not None or isinstance(field.type, msgspec.inspect.UnionType):
                cast[field.encode_name] = told
    return cast


def _field(cls: type, name: str) -> msgspec.inspect.Field | None:
    """The member that fastjson takes ``name`` for: other letter case, ``_`` and ``-`` aside."""
    exact, similar = _fields(cls)
    field = exact.get(name) or similar.get(_plain_name(name))
    if field is None and name.startswith("is"):
        field = similar.get(_plain_name(name[2:]))
        return field if field is not None and isinstance(field.type, _BOOL) else None
    return field


def _plain_name(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


@cache
def _fields(
    cls: type,
) -> tuple[dict[str, msgspec.inspect.Field], dict[str, msgspec.inspect.Field]]:
    """The members by name, and by name without letter case."""
    info = msgspec.inspect.type_info(cls)
    assert isinstance(info, msgspec.inspect.StructType)
    exact = {field.encode_name: field for field in info.fields}
    return exact, {_plain_name(name): field for name, field in exact.items()}


_BOOL = msgspec.inspect.BoolType

_CASTS: tuple[tuple[type, Callable[[Any, Any], Any]], ...] = (
    (msgspec.inspect.IntType, _cast_int),
    (msgspec.inspect.StrType, _cast_str),
    (msgspec.inspect.BoolType, _cast_bool),
    (msgspec.inspect.UnionType, _cast_union),
    (msgspec.inspect.StructType, _cast_struct),
    (msgspec.inspect.DictType, _cast_dict),
    (msgspec.inspect.CollectionType, _cast_list),
)


def dumps(value: object) -> bytes:
    """Java's default dialect: no spaces, null members left out, numeric keys bare, text raw."""
    parts: list[str] = []
    _write(value, _DEFAULT, parts.append)
    return "".join(parts).encode(errors="surrogatepass")


def dumps_browser(value: object) -> bytes:
    """Java's browser dialect (routes): map keys quoted and sorted, non-ASCII and ``/`` escaped."""
    parts: list[str] = []
    _write(value, _BROWSER, parts.append)
    return "".join(parts).encode()


def _escape(quoted: str, dialect: _Dialect) -> str:
    escapes = dialect.escapes
    return escapes.sub(_java_escape, quoted) if escapes.search(quoted) else quoted


def _java_escape(match: re.Match[str]) -> str:
    found = match[0]
    if found in {"\\\\", "/"}:
        return "\\/" if found == "/" else found
    return f"\\u{int(found[2:], 16) if len(found) > 1 else ord(found):04X}"


_SAFE = (1 << 53) - 1
"""Larger numbers are text in the browser dialect: JavaScript would round them."""


def _write(value: object, dialect: _Dialect, put: Callable[[str], None]) -> None:
    if isinstance(value, str):
        put(_escape(dialect.quote(value), dialect))
    elif value is None or isinstance(value, bool):
        put({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int):
        put(f'"{value:d}"' if dialect.browser and abs(value) > _SAFE else f"{value:d}")
    elif isinstance(value, float | Decimal):
        put(str(value))
    elif isinstance(value, list | tuple):
        _write_list(value, dialect, put)
    else:
        _write_members(value, dialect, put)


def _write_list(items: Sequence[object], dialect: _Dialect, put: Callable[[str], None]) -> None:
    quick = _standard(items) if dialect.browser else None
    if quick is not None:
        put(quick)
        return
    put("[")
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) == len(items):
        put(_escape(",".join(map(dialect.quote, texts)), dialect))
    else:
        for index, item in enumerate(items):
            if index:
                put(",")
            _write(item, dialect, put)
    put("]")


def _standard(items: Sequence[object]) -> str | None:
    """A list of flat structs as msgspec writes it, several times as fast as by ``_write``.

    None if they are something else, or hold what the browser dialect has a form of its own for.
    """
    plain: list[dict[str, object]] = []
    for item in items:
        flat = _flat(item) if isinstance(item, msgspec.Struct) else None
        if flat is None:
            return None
        plain.append(flat)
    try:
        data = msgspec.json.encode(plain)
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
    if not data.isascii() or b"\\" in data or b"/" in data or b"\x7f" in data:
        return None
    return data.decode()


def _flat(value: msgspec.Struct) -> dict[str, object] | None:
    flat: dict[str, object] = {}
    for name, attribute in _sorted_names(type(value)):
        item = getattr(value, attribute)
        if isinstance(item, int):
            if abs(item) > _SAFE:
                return None
        elif isinstance(item, dict):
            if not all(isinstance(text, str) for text in item.values()):
                return None
            item = dict(sorted(item.items()))
        elif item is None:
            continue
        elif not isinstance(item, str):
            return None
        flat[name] = item
    return flat


def _write_members(value: object, dialect: _Dialect, put: Callable[[str], None]) -> None:
    put("{")
    comma = ""
    for key, item in _members(value, browser=dialect.browser):
        if item is None:
            continue
        bare = isinstance(key, int) and not dialect.browser
        name = str(key) if bare else _escape(dialect.quote(str(key)), dialect)
        put(f"{comma}{name}:")
        comma = ","
        _write(item, dialect, put)
    put("}")


def _members(value: object, *, browser: bool) -> list[tuple[object, object]]:
    if isinstance(value, dict):
        return sorted(value.items()) if browser else list(value.items())
    if isinstance(value, msgspec.Struct):
        return [(name, getattr(value, attribute)) for name, attribute in _sorted_names(type(value))]
    raise TypeError(f"{type(value).__name__} has no JSON form")


@cache
def _sorted_names(cls: type[msgspec.Struct]) -> list[tuple[str, str]]:
    return sorted(zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True))
