"""Listening sockets, and how peers are named.

As in Java, whose server channels are of IPv6 where the machine has it, ``0.0.0.0`` stands for the
addresses of both families.
"""

import socket
from typing import Any, Final

EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})
BACKLOG: Final = 1024
_MAPPED: Final = "::ffff:"
"""What stands before an IPv4 address on a socket of both families (RFC 4291, 2.5.5.2)."""


def listener(host: str, port: int) -> socket.socket:
    """A socket that listens at ``host``, a name or an address, and does not block.

    Raises OSError.
    """
    found = _of_both_families(port) if host in EVERYWHERE else None
    if found is None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        found = socket.create_server((host, port), family=family, backlog=BACKLOG)
    found.setblocking(False)
    return found


def _of_both_families(port: int) -> socket.socket | None:
    """None on a machine without IPv6."""
    if not socket.has_dualstack_ipv6():
        return None
    return socket.create_server(
        ("::", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
    )


def named(address: tuple[Any, ...]) -> str:
    """``host:port`` of what a socket says its peer or itself is, IPv6 in brackets."""
    host, port = str(address[0]).removeprefix(_MAPPED), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
