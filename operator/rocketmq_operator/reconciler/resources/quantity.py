"""Kubernetes quantities: their value, and their text as the API server writes it.

The server answers ``1024Mi`` with ``1Gi`` and ``0.5`` with ``500m``; an operator that compares
what it wants with what is there must want the server's text.
"""

import re
from decimal import ROUND_UP, Decimal, localcontext
from typing import Final

_FORM: Final = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?"
)
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL: Final = {
    -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E",
}  # fmt: skip
_EXPONENTS: Final = {suffix: exponent for exponent, suffix in _DECIMAL.items()}
_SMALLEST: Final = Decimal("1e-9")


def value(text: str | int) -> Decimal:
    """The number that a quantity stands for; ValueError if it is none."""
    return _parse(text)[0]


def canonical(text: str | int) -> str:
    """The quantity as the API server writes it; ValueError if it is none."""
    number, binary, exponent = _parse(text)
    if binary and abs(number) >= 1024 and number == number.to_integral_value():
        return _binary(int(number))
    mantissa, power = _thousands(number)
    if exponent:
        return f"{mantissa}e{power}" if power else f"{mantissa}"
    return f"{mantissa}{_DECIMAL[power]}"


def _parse(text: str | int) -> tuple[Decimal, bool, bool]:
    match = _FORM.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a quantity; write for example 500m, 2 or 1Gi")
    digits, binary, decimal, exponent = match.groups()
    with localcontext() as context:
        context.prec = 60
        number = Decimal(digits)
        if binary:
            number *= 1024 ** _BINARY.index(binary)
        else:
            number = number.scaleb(int(exponent) if exponent else _EXPONENTS[decimal or ""])
        return number.quantize(_SMALLEST, ROUND_UP), bool(binary), exponent is not None


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
