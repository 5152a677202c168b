"""How RocketMQ's tools read a command line: the rules of Apache Commons CLI's ``DefaultParser``.

Long names may be abbreviated and written with one dash, values may be joined to their option or
begin with a dash, words that belong to no option are ignored.
https://commons.apache.org/proper/commons-cli/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rocketmq_operator.errors import SettingsError

MIN_PREFIX: Final = 2
"""Letters of a long name that may stand before a value joined to it."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option; ``short`` is empty for one that has a long name only.

    Of the options with the same ``group`` one must be given, and only one. An ``exact`` option is
    not found by a part of its name.
    """

    short: str
    long: str
    description: str = ""
    takes_value: bool = False
    required: bool = False
    group: str = ""
    exact: bool = False

    @property
    def key(self) -> str:
        """The name that messages have for it."""
        return self.short or self.long


@dataclass(slots=True)
class Parsed:
    """Values by long name: None for one that takes none, the first where it was repeated."""

    values: dict[str, str | None] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values


def parse(options: Sequence[Option], words: Sequence[str]) -> Parsed:
    """Read a command's words. Raises SettingsError in the words of Java's tools."""
    parser = _Parser(options)
    for word in words:
        parser.take(word)
    parser.finish()
    return parser.found


class _Parser:
    def __init__(self, options: Sequence[Option]) -> None:
        self.found = Parsed()
        self._options = options
        self._short = {option.short: option for option in options if option.short}
        self._long = {option.long: option for option in options if option.long}
        self._selected: dict[str, Option] = {}
        self._waiting: Option | None = None
        self._rest = False

    def take(self, word: str) -> None:
        if self._rest:
            return
        if word == "--":
            self._rest = True
        elif self._waiting is not None and self._is_value(word):
            self._give(_unquoted(word))
        elif word.startswith("--"):
            self._take_long(word)
        elif word.startswith("-") and word != "-":
            self._take_short(word)

    def finish(self) -> None:
        self._require_value()
        missing = list(self._missing())
        if missing:
            plural = "s" if len(missing) > 1 else ""
            raise SettingsError(f"Missing required option{plural}: {', '.join(missing)}")

    def _missing(self) -> Iterator[str]:
        groups = set()
        for option in self._options:
            if option.group and option.group not in groups:
                groups.add(option.group)
                if option.group not in self._selected:
                    yield self._alternatives(option.group)
            elif option.required and option.long not in self.found:
                yield option.key

    def _alternatives(self, group: str) -> str:
        members = (option for option in self._options if option.group == group)
        return f"[{', '.join(f'-{each.key} {each.description}' for each in members)}]"

    def _is_value(self, word: str) -> bool:
        return not self._is_option(word) or _is_number(word)

    def _is_option(self, word: str) -> bool:
        if len(word) < 2 or not word.startswith("-"):
            return False
        name = word.lstrip("-").partition("=")[0]
        if self._matching(name) or (not word.startswith("--") and self._joined(name)):
            return True
        return not word.startswith("--") and bool(name) and name[0] in self._short

    def _matching(self, name: str) -> list[Option]:
        """The options that a long name, or the beginning of one, may mean."""
        if name in self._long:
            return [self._long[name]]
        return [each for long, each in self._long.items() if long.startswith(name) and _open(each)]

    def _joined(self, text: str) -> Option | None:
        """The option whose long name a value is joined to, as in ``-keyvalue``."""
        for length in range(len(text) - 2, MIN_PREFIX - 1, -1):
            option = self._long.get(text[:length])
            if option is not None and _open(option):
                return option
        return None

    def _take_long(self, word: str) -> None:
        name, equals, value = word.lstrip("-").partition("=")
        matching = self._matching(name)
        if not matching:
            raise _unrecognized(word)
        if len(matching) > 1:
            spelled, names = word.partition("=")[0], ", ".join(f"'{m.long}'" for m in matching)
            raise SettingsError(f"Ambiguous option: '{spelled}'  (could be: {names})")
        if equals and not matching[0].takes_value:
            raise _unrecognized(word)
        self._begin(matching[0])
        if equals:
            self._give(_unquoted(value))

    def _take_short(self, word: str) -> None:
        text = word.lstrip("-")
        name, equals, value = text.partition("=")
        if equals and len(name) == 1:
            option = self._short.get(name)
            if option is None or not option.takes_value:
                raise _unrecognized(word)
            self._begin(option)
            self._give(_unquoted(value))
        elif text in self._short:
            self._begin(self._short[text])
        elif equals or (len(text) > 1 and self._matching(text)):
            self._take_long(word)
        else:
            self._take_joined(word, text)

    def _take_joined(self, word: str, text: str) -> None:
        """A value joined to a long name, or else to a short one after others without a value."""
        option = self._joined(text)
        if option is not None and option.takes_value:
            self._begin(option)
            self._give(_unquoted(text[len(option.long) :]))
            return
        for place, letter in enumerate(text):
            if letter not in self._short:
                raise _unrecognized(word)
            self._begin(self._short[letter])
            if self._waiting is not None and text[place + 1 :]:
                self._give(_unquoted(text[place + 1 :]))
                return

    def _begin(self, option: Option) -> None:
        self._require_value()
        if option.group:
            before = self._selected.setdefault(option.group, option)
            if before is not option:
                raise SettingsError(
                    f"The option '{option.key}' was specified but an option from this group "
                    f"has already been selected: '{before.key}'"
                )
        if option.takes_value:
            self._waiting = option
        else:
            self.found.values.setdefault(option.long, None)

    def _give(self, value: str) -> None:
        if self._waiting is not None:
            self.found.values.setdefault(self._waiting.long, value)
            self._waiting = None

    def _require_value(self) -> None:
        if self._waiting is not None:
            raise SettingsError(f"Missing argument for option: {self._waiting.key}")


def _open(option: Option) -> bool:
    return not option.exact


def _unrecognized(word: str) -> SettingsError:
    return SettingsError(f"Unrecognized option: {word}")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _unquoted(value: str) -> str:
    """Without the double quotes around it, where there are none inside."""
    inner = value[1:-1]
    quoted = len(value) > 1 and value.startswith('"') and value.endswith('"')
    return inner if quoted and '"' not in inner else value
