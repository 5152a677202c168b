"""Kubernetes quantities: their value, and their text as the API server writes it.

The server answers ``1024Mi`` with ``1Gi`` and ``0.5`` with ``500m``; an operator that compares
what it wants with what is there must want the server's text. The rules are those of
``k8s.io/apimachinery/pkg/api/resource``.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal, localcontext
from typing import Any, Final

from rocketmq_operator.errors import SpecError

_FORM: Final = re.compile(
    r"[+-]?(?P<whole>\d+(?=\.?)|(?=\.\d))\.?(?P<part>\d*)"
    r"(?:(?P<binary>[KMGTPE]i)|(?P<decimal>[numkMGTPE])|[eE](?P<exponent>[+-]?\d{1,3}))?"
)
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL: Final = {
    -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E",
}  # fmt: skip
_EXPONENTS: Final = {suffix: exponent for exponent, suffix in _DECIMAL.items()}
MAX_TEXT: Final = 32
MAX_EXPONENT: Final = 18
_QUANTITIES: Final = frozenset({"divisor", "sizeLimit"})
_AMOUNTS: Final = frozenset({"limits", "requests"})
_SMALLEST: Final = Decimal("1e-9")
_FAST_DIGITS: Final = 18
_FAST_BINARY_DIGITS: Final = 14


def value(text: str | int) -> Decimal:
    """The number that a quantity stands for; ValueError if it is none or beyond 1e18."""
    match = _match(text)
    with localcontext() as context:
        context.prec = 120
        number = Decimal(f"{match['whole'] or 0}.{match['part'] or 0}")
        if match["binary"]:
            number *= 1024 ** _BINARY.index(match["binary"])
        else:
            number = number.scaleb(_exponent(match))
        number = number.quantize(_SMALLEST, ROUND_UP)
    return -number if str(text).startswith("-") else number


def canonical(text: str | int) -> str:
    """The quantity as the API server writes it; ValueError if it is none."""
    match = _match(text)
    if _kept(match):
        return str(text)
    number = value(text)
    if match["binary"] and abs(number) >= 1024 and number == number.to_integral_value():
        return _binary(int(number))
    mantissa, power = _thousands(number)
    if match["exponent"]:
        return f"{mantissa}e{power}" if power else f"{mantissa}"
    return f"{mantissa}{_DECIMAL[power]}"


def from_spec(path: str, text: str | int) -> str:
    """The canonical text of the quantity at ``path`` of a spec; SpecError if it is none."""
    try:
        return canonical(text)
    except ValueError as error:
        raise SpecError(path, str(error)) from error


def amounts(path: str, table: Mapping[str, str | int]) -> dict[str, str]:
    """Requests or limits by resource, each in its canonical text; SpecError for what is none."""
    return {name: from_spec(f"{path}.{name}", amount) for name, amount in table.items()}


def in_part(path: str, part: Any) -> Any:
    """A part of a pod, from ``path`` of a spec, with the quantities in it in canonical text."""
    if isinstance(part, list):
        return [in_part(f"{path}[{index}]", item) for index, item in enumerate(part)]
    if not isinstance(part, dict):
        return part
    return {key: _member(f"{path}.{key}", key, member) for key, member in part.items()}


def _member(path: str, key: str, member: Any) -> Any:
    if key in _QUANTITIES:
        return from_spec(path, member)
    return amounts(path, member) if key in _AMOUNTS else in_part(path, member)


def _match(text: str | int) -> re.Match[str]:
    match = _FORM.fullmatch(str(text))
    if match is None or len(str(text)) > MAX_TEXT or abs(_exponent(match)) > MAX_EXPONENT:
        raise ValueError(f"{text!r} is not a quantity; write for example 500m, 2 or 1Gi")
    return match


def _exponent(match: re.Match[str]) -> int:
    return int(match["exponent"] or _EXPONENTS[match["decimal"] or ""])


def _kept(match: re.Match[str]) -> bool:
    """Whether the server takes the text for canonical and keeps it, ``+1`` and ``1.500`` too."""
    digits = (match["whole"].lstrip("0") or "0") + match["part"]
    if match["binary"]:
        power = 10 * _BINARY.index(match["binary"])
        short = len(digits) <= _FAST_BINARY_DIGITS - power * 3 // 10
        return short and not match["part"] and bool(int(digits) % 8)
    scale = _exponent(match) - len(match["part"])
    written = not digits.startswith("0") and not digits.endswith("000")
    return written and len(digits) <= _FAST_DIGITS and scale >= -9 and scale % 3 == 0


def _binary(number: int) -> str:
    steps = 0
    while number % 1024 == 0 and steps < len(_BINARY) - 1:
        number //= 1024
        steps += 1
    return f"{number}{_BINARY[steps]}"


def _thousands(number: Decimal) -> tuple[int, int]:
    """An integer and the power of ten, a multiple of 3, that give ``number``."""
    mantissa, power = int(number.scaleb(9)), -9
    while mantissa and mantissa % 1000 == 0 and power < 18:
        mantissa, power = mantissa // 1000, power + 3
    return mantissa, power if mantissa else 0
