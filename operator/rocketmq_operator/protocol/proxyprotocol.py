"""The header that a load balancer puts before the first frame: PROXY protocol versions 1 and 2.

Layout and limits: HAProxy's proxy-protocol.txt.
"""

import ipaddress
import re
import struct
from typing import NamedTuple

from rocketmq_operator.errors import FrameError

V1_START = b"PROXY "
V2_START = b"\r\n\r\n\x00\r\nQUIT\n"
_MAX_V1 = 107
_V1 = re.compile(
    rb"PROXY (?:UNKNOWN(?: [^\r]*)?|(?P<kind>TCP[46]) (\S+) (\S+) (\d{1,5}) (\d{1,5}))\r\n"
)
_V2 = struct.Struct(">12sBBH")
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESSES = {1: struct.Struct(">4s4sHH"), 2: struct.Struct(">16s16sHH")}
"""Layout by address family; of others (unspecified, unix) we use nothing."""
_FAMILIES = {0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32}


class Header(NamedTuple):
    """A whole header: its bytes, and the ``host:port`` it announces as the peer's, if any."""

    size: int
    source: str | None


def may_begin(data: bytes) -> bool:
    """Whether ``data``, the first bytes of a connection, can be the beginning of a header.

    No frame begins like one: its length word would be far above the limit.
    """
    return V1_START.startswith(data[:6]) or V2_START.startswith(data[:12])


def parse(data: bytes) -> Header | None:
    """The header that ``data`` begins with, or None while it is incomplete. Raises FrameError."""
    if data.startswith(V1_START):
        return _parse_v1(data)
    return _parse_v2(data) if data.startswith(V2_START) else None


def _parse_v1(data: bytes) -> Header | None:
    end = data.find(b"\r\n", 0, _MAX_V1)
    if end < 0 and len(data) < _MAX_V1:
        return None
    line = data[: end + 2] if end >= 0 else data[:_MAX_V1]
    match = _V1.fullmatch(line)
    if match is None:
        raise FrameError(f"PROXY header {line!r} is malformed")
    if match["kind"] is None:
        return Header(len(line), None)
    return Header(len(line), _source(match, line))


def _source(match: re.Match[bytes], line: bytes) -> str:
    """The announced source; the destination must be right too, as for Netty's decoder."""
    kind = ipaddress.IPv4Address if match["kind"] == b"TCP4" else ipaddress.IPv6Address
    hosts, ports = match.group(2, 3), list(map(int, match.group(4, 5)))
    try:
        source, _ = (kind(host.decode("ascii")) for host in hosts)
    except ValueError as error:
        raise FrameError(f"PROXY header {line!r}: {error}") from error
    if not all(0 < port <= 0xFFFF for port in ports):
        raise FrameError(f"PROXY header {line!r}: a port is outside 1..65535")
    return f"{source}:{ports[0]}"


def _parse_v2(data: bytes) -> Header | None:
    if len(data) < _V2.size:
        return None
    _, command, family, size = _V2.unpack_from(data)
    if command not in {_LOCAL, _PROXY}:
        raise FrameError(f"PROXY header: version and command {command:#04x} is not 0x20 or 0x21")
    if command == _PROXY and family not in _FAMILIES:
        raise FrameError(f"PROXY header: unknown address family and transport {family:#04x}")
    if len(data) < _V2.size + size:
        return None
    layout = _ADDRESSES.get(family >> 4)
    if command == _LOCAL or layout is None:
        return Header(_V2.size + size, None)
    if size < layout.size:
        raise FrameError(f"PROXY header: {size} bytes are too few for addresses of {family:#04x}")
    host, _, port, _ = layout.unpack_from(data, _V2.size)
    return Header(_V2.size + size, f"{ipaddress.ip_address(host)}:{port}")
