"""Files of requests for loadgen.c: whole frames, and where it puts an opaque of its own.

All numbers are native 32-bit words. A count of bodies, then each body's size and bytes; a count of
requests, then of each its kind (0 a lookup, 1 a registration), form (0 JSON, 1 binary), where its
opaque is, the length that its answer's body must have, its body's number, the size of the rest of
it, and that rest: the frame up to the body.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.servers import opaque_at

ANY: Final = 0xFFFFFFFF
LOOKUP: Final = 0
REGISTRATION: Final = 1


@dataclass(frozen=True)
class Request:
    """A frame up to its body, of which `body` is the number; `expected` bytes are answered."""

    kind: int
    head: bytes
    expected: int = ANY
    body: int = ANY


def lookups(frames: Sequence[bytes], expected: Sequence[int]) -> list[Request]:
    """Requests without a body."""
    return [Request(LOOKUP, frame, length) for frame, length in zip(frames, expected, strict=True)]


def registrations(frames: Iterable[bytes], bodies: list[bytes]) -> list[Request]:
    """Requests whose bodies are shared by number; `bodies` grows by those it lacks."""
    requests = []
    for frame in frames:
        size = 8 + int.from_bytes(frame[5:8])
        content = frame[size:]
        if content not in bodies:
            bodies.append(content)
        requests.append(Request(REGISTRATION, frame[:size], body=bodies.index(content)))
    return requests


def write(path: Path, requests: Sequence[Request], bodies: Sequence[bytes] = ()) -> Path:
    """Make the file."""
    with path.open("wb") as file:
        file.write(_words(len(bodies)))
        for content in bodies:
            file.write(_words(len(content)) + content)
        file.write(_words(len(requests)))
        for each in requests:
            where = opaque_at(each.head)
            words = (each.kind, each.head[4], where, each.expected, each.body, len(each.head))
            file.write(_words(*words) + each.head)
    return path


def _words(*values: int) -> bytes:
    return struct.pack(f"={len(values)}I", *values)
