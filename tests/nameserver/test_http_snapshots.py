"""Snapshots are for other servers, whoever else asks for them and does not read."""

import socket
from contextlib import ExitStack

from harness.wait import until
from rocketmq_operator.nameserver.http_side import MAX_SENDING, MAX_SNAPSHOTS

SNAPSHOT = "/api/v1/snapshot"
TOPICS = 12_000
"""Of each of four brokers, by long names: more than the sockets of a stalled reader hold."""


def stalled(http: str) -> socket.socket:
    """A reader that asks for a snapshot and takes nothing of it."""
    host, _, port = http.rpartition(":")
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect((host, int(port)))
    reader.sendall(f"GET {SNAPSHOT} HTTP/1.1\r\nHost: {http}\r\n\r\n".encode())
    return reader


def test_readers_that_stall_keep_nobody_from_a_snapshot_for_long(start, connect, registration):
    server = start()
    peer = connect(server.address)
    for number in range(4):
        topics = [f"{number}-{each}-{'x' * 180}" for each in range(TOPICS)]
        peer.ask(registration(topics, name=f"b{number}", address=f"10.0.0.{number}:10911"))
    with ExitStack() as stack:
        for _ in range(MAX_SNAPSHOTS):
            stack.enter_context(stalled(server.http))
        until(lambda: server.get(SNAPSHOT)[0] == 503, timeout=5, what="all snapshots to be sent")
        until(
            lambda: server.get(SNAPSHOT)[0] == 200,
            timeout=3 * MAX_SENDING,
            what="a snapshot for who reads",
            interval=0.5,
        )
    assert "Traceback" not in server.log
