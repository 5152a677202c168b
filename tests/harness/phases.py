"""What a run spent its time on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_spent: Final[dict[str, float]] = {}


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Count the time of the body under a name, and say that it began."""
    print(f"{name} ...", flush=True)
    began = time.monotonic()
    try:
        yield
    finally:
        _spent[name] = _spent.get(name, 0.0) + time.monotonic() - began


def split() -> str:
    """The names with their seconds, in the order of their beginning; empty if there are none."""
    return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in _spent.items())
