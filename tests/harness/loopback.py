"""Loopback addresses that no other test cluster on this machine uses."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from harness.errors import HarnessError

FIRST, LAST = 10, 250


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
    """Different TCP ports nobody listens on, at an address that only this cluster uses."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((address, 0))
        return [each.getsockname()[1] for each in sockets]
