"""The fields of an object that is read once, each taken or told about."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rocketmq_operator.reconciler.kinds import Object

SHOWN = 80
"""Characters of a value in a remark."""


class Remarks:
    """What is to be said about one object, a line each."""

    def __init__(self, about: str) -> None:
        self.about = about
        self.lines: list[str] = []

    def left(self, path: str, value: Any, advice: str) -> None:
        """A field has no counterpart; ``advice`` says what to do instead."""
        self.say(path, value, f"left out: {advice}")

    def say(self, path: str, value: Any, words: str) -> None:
        """Something about a field that a person must know."""
        self.lines.append(f"{self.about}: {path} {shown(value)}: {words}")


class Fields:
    """The fields at ``path`` of an object; ``renamed`` are those that are called otherwise there.

    What form they have is known (see ``forms``).
    """

    def __init__(
        self, path: str, content: Object | None, renamed: Mapping[str, str] | None = None
    ) -> None:
        self._path = path
        self._left = dict(content or {})
        self._renamed = renamed or {}

    def at(self, name: str) -> str:
        """The path of a field, as it is called in the file."""
        return f"{self._path}.{self._renamed.get(name, name)}"

    def take(self, name: str) -> Any:
        """The value of a field, which counts as dealt with; None where there is none."""
        return self._left.pop(name, None)

    def take_mapping(self, name: str) -> Object:
        """The same for a mapping, empty where there is none."""
        return self.take(name) or {}

    def take_objects(self, name: str) -> list[Object]:
        """The same for a list of mappings."""
        return self.take(name) or []

    def peek_objects(self, name: str) -> list[Object]:
        """The same without taking it."""
        return self._left.get(name) or []

    def rest(self, unsaid: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """Name, path and value of what nobody took, but for empty values and those ``unsaid``."""
        for name, value in self._left.items():
            if value not in (None, "", [], {}) and value != unsaid.get(name):
                yield name, self.at(name), value


def filled(**parts: Any) -> Object:
    """The parts that say something."""
    return {name: part for name, part in parts.items() if part not in (None, "", [], {})}


def shown(value: Any) -> str:
    """A value in a remark."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
