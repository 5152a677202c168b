"""Where two objects differ, field by field, with items of lists by their names."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

KEYS: Final = ("name", "mountPath", "ordinal", "port")
"""Members by which people know the items of a list."""


class FieldChange(Struct, frozen=True):
    """One field: its path, and its values; None for one that is not there."""

    path: str
    before: Any
    after: Any


def fields(before: Any, after: Any, path: str = "", *, added: bool = True) -> Iterator[FieldChange]:
    """Every field that differs; without ``added`` only where ``after`` has a say.

    The latter is for a live ``before``, in which others, the API server's defaults among them, have
    put what ``after`` does not mention.
    """
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in _names(before, after, everything=added):
            here = f"{path}.{name}" if path else name
            yield from fields(before.get(name), after.get(name), here, added=added)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(before, after, path, added=added)
    elif added or after or before is not None:
        yield FieldChange(path, before, after)


def _items(
    before: Sequence[Any], after: Sequence[Any], path: str, *, added: bool
) -> Iterator[FieldChange]:
    key = next((k for k in KEYS if all(_has(item, k) for item in (*before, *after))), None)
    if key is None:
        yield FieldChange(path, before, after)
        return
    old, new = ({item[key]: item for item in items} for items in (before, after))
    for name in _names(old, new, everything=True):
        yield from fields(old.get(name), new.get(name), f"{path}[{name}]", added=added)


def _names(before: dict[Any, Any], after: dict[Any, Any], *, everything: bool) -> list[Any]:
    if not everything:
        return list(after)
    return [*before, *(name for name in after if name not in before)]


def _has(item: Any, key: str) -> bool:
    return isinstance(item, dict) and key in item
