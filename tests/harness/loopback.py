"""Loopback addresses that no other test cluster on this machine uses."""

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from harness.errors import HarnessError

FIRST, LAST = 10, 250
PORTS: Final = range(20_000, 30_000, 4)
"""Below those that the kernel gives to connections, which would take one between the look and the
use. A Java broker listens two below its port as well."""


@contextmanager
def claimed_range() -> Iterator[str]:
    """Claim one of the ranges 127.<n>.0.0/16 for a while; gives its prefix, such as `127.10`.

    The claim is a name in the kernel's abstract socket namespace: it has the same scope as the
    addresses (this network namespace, all users) and ends with the process, whatever ends it.
    """
    with socket.socket(socket.AF_UNIX) as claim:
        for number in range(FIRST, LAST):
            try:
                claim.bind(f"\0rocketmq-operator/harness/127.{number}")
            except OSError:
                continue
            yield f"127.{number}"
            return
        raise HarnessError(f"all loopback ranges 127.{FIRST} to 127.{LAST} are in use")


def free_ports(address: str, count: int) -> list[int]:
    """Different TCP ports nobody listens on at an address (empty: at any). Raises HarnessError."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(PORTS, len(PORTS)):
            if len(found) == count:
                return found
            with suppress(OSError):
                held.enter_context(socket.socket()).bind((address, port))
                found.append(port)
    raise HarnessError(f"no {count} free ports from {PORTS.start} to {PORTS.stop} at {address!r}")
