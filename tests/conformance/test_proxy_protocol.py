"""Headers of load balancers before the first frame: taken, waited for or refused alike."""

import struct

import pytest

from harness.frames import ask
from harness.pair import Pair

V2_START = b"\r\n\r\n\x00\r\nQUIT\n"
IPV4 = bytes([10, 1, 2, 3, 10, 0, 0, 2]) + struct.pack(">HH", 5000, 9876)
IPV6 = bytes(15) + b"\x01" + bytes(15) + b"\x02" + struct.pack(">HH", 5000, 9876)
FRAME = ask(101, namespace="proxied", key="none")


def v2(command: int = 0x21, family: int = 0x11, rest: bytes = b"") -> bytes:
    return V2_START + struct.pack(">BBH", command, family, len(rest)) + rest


TAKEN = {
    "v1-tcp4": b"PROXY TCP4 10.1.2.3 10.0.0.2 5000 9876\r\n",
    "v1-tcp6": b"PROXY TCP6 2001:db8::1 ::2 5000 9876\r\n",
    "v1-unknown": b"PROXY UNKNOWN\r\n",
    "v1-unknown-more": b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
    "v2-tcp4": v2(rest=IPV4),
    "v2-tcp6": v2(family=0x21, rest=IPV6),
    "v2-udp4": v2(family=0x12, rest=IPV4),
    "v2-unix": v2(family=0x31, rest=b"/tmp/a".ljust(108, b"\0") + b"/tmp/b".ljust(108, b"\0")),
    "v2-local": v2(command=0x20, family=0, rest=b""),
    "v2-local-with-addresses": v2(command=0x20, rest=IPV4),
    "v2-unspecified": v2(family=0, rest=b""),
    "v2-tlv": v2(rest=IPV4 + b"\x02\x00\x07authori"),
}
REFUSED = {
    "v1-protocol": b"PROXY TCP5 10.1.2.3 10.0.0.2 5000 9876\r\n",
    "v1-address": b"PROXY TCP4 10.1.2.300 10.0.0.2 5000 9876\r\n",
    "v1-destination": b"PROXY TCP4 10.1.2.3 10.0.0.200.1 5000 9876\r\n",
    "v1-family": b"PROXY TCP4 ::1 ::2 5000 9876\r\n",
    "v1-port-too-large": b"PROXY TCP4 10.1.2.3 10.0.0.2 70000 9876\r\n",
    "v1-destination-port": b"PROXY TCP4 10.1.2.3 10.0.0.2 5000 70000\r\n",
    "v1-port-zero": b"PROXY TCP4 10.1.2.3 10.0.0.2 0 9876\r\n",
    "v1-port-word": b"PROXY TCP4 10.1.2.3 10.0.0.2 many 9876\r\n",
    "v1-too-few": b"PROXY TCP4 10.1.2.3\r\n",
    "v1-too-many": b"PROXY TCP4 10.1.2.3 10.0.0.2 5000 9876 1\r\n",
    "v1-endless": b"PROXY TCP4 " + b"1" * 200,
    "v1-lower-case": b"proxy TCP4 10.1.2.3 10.0.0.2 5000 9876\r\n",
    "v2-version": v2(command=0x11, rest=IPV4),
    "v2-command": v2(command=0x22, rest=IPV4),
    "v2-family": v2(family=0x41, rest=IPV4),
    "v2-transport": v2(family=0x13, rest=IPV4),
    "v2-short": v2(rest=IPV4[:8]),
    "text": b"POST / HTTP/1.1\r\n\r\n",
    "twice": TAKEN["v1-tcp4"] * 2,
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_header_is_taken_off(pair: Pair, name: str) -> None:
    pair.answer(TAKEN[name] + FRAME, "proxied")
    pair.answer(FRAME, "proxied")


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_header_closes_the_connection(pair: Pair, name: str) -> None:
    assert pair.same(REFUSED[name] + FRAME, "proxied") == "closed"


@pytest.mark.parametrize("name", ["v1-tcp4", "v2-tcp6"])
def test_a_header_in_pieces_is_waited_for(pair: Pair, name: str) -> None:
    sent = TAKEN[name] + FRAME
    for cut in range(1, len(TAKEN[name]) + 4, 3):
        connection = f"cut-{cut}"
        for peer in pair.peers:
            peer.send(connection, sent[:cut])
        pair.answer(sent[cut:], connection)
