"""Texts for people that fit where they are kept, and say so when something is left out."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

BRIEF: Final = 900
"""Characters of a list in a text: with some words around it, it fits an Event."""


def listed(items: Sequence[str], separator: str = ", ", most: int = BRIEF) -> str:
    """The items in a row of about ``most`` characters, the first always, and how many are left."""
    ends = accumulate(len(item) + len(separator) for item in items)
    shown = max(1, sum(end <= most for end in ends))
    left = len(items) - shown
    return separator.join([*items[:shown], *([f"and {left} more"] if left > 0 else [])])


def cut(text: str, most: int) -> str:
    """The text, or its beginning and how much is left, in at most ``most`` characters."""
    if len(text) <= most:
        return text
    kept = most - 40
    return f"{text[:kept]} ... and {len(text) - kept} more characters"
