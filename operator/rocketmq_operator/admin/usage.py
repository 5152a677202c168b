"""The usage text of a command, laid out as Apache Commons CLI's ``HelpFormatter`` does it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rocketmq_operator.admin.options import Option

WIDTH: Final = 110
GAP: Final = "   "


def usage(command: str, options: Iterable[Option]) -> str:
    """``usage: mqadmin NAME ...`` and a line or more for each option, without a line end."""
    ordered = sorted(options, key=lambda option: option.key.lower())
    synopsis = f"usage: {command} {' '.join(_synopses(ordered))}"
    return "\n".join([*_wrapped(synopsis, len("usage: ")), *descriptions(ordered)])


def descriptions(options: Sequence[Option]) -> list[str]:
    """The lines that explain options, in the order given."""
    names = [f" {_names(option)}" for option in options]
    column = max(map(len, names), default=0)
    lines: list[str] = []
    for name, option in zip(names, options, strict=True):
        text = f"{name.ljust(column)}{GAP}{option.description}"
        lines += _wrapped(text, column + len(GAP))
    return lines


def _synopses(options: Sequence[Option]) -> Iterator[str]:
    """One for each option; that of a group stands where the first of it does."""
    seen = set()
    for option in options:
        if not option.group:
            text = _synopsis(option)
            yield text if option.required else f"[{text}]"
        elif option.group in seen:
            yield ""
        else:
            seen.add(option.group)
            yield " | ".join(_synopsis(each) for each in options if each.group == option.group)


def _synopsis(option: Option) -> str:
    name = f"-{option.short}" if option.short else f"--{option.long}"
    return f"{name} <arg>" if option.takes_value else name


def _names(option: Option) -> str:
    name = f"-{option.short},--{option.long}" if option.short else f"   --{option.long}"
    return f"{name} <arg>" if option.takes_value else name


def _wrapped(text: str, indent: int) -> Iterator[str]:
    """Lines of at most WIDTH, broken at blanks; all but the first begin with ``indent`` blanks."""
    while len(text) > WIDTH:
        end = text.rfind(" ", 0, WIDTH + 1)
        if end < indent:
            end = WIDTH
        yield text[:end].rstrip()
        text = " " * indent + text[end:].strip()
    yield text.rstrip()
