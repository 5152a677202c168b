"""Connections through the relay: nothing is lost, and nothing stays open."""

import gc
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kind import relay
from harness.kind.relay import Tunnels
from harness.loopback import free_ports
from harness.wait import until

HOST = "127.0.0.1"
TIMEOUT = 5.0


@pytest.fixture
def tunnels(tmp_path: Path) -> Iterator[Tunnels]:
    """Tunnels through a relay that runs as it does in its pod: the file alone, by any Python."""
    (port,) = free_ports(HOST, 1)
    words = [sys.executable, "-I", "-c", Path(relay.__file__).read_text(), str(port)]
    with subprocess.Popen(words, cwd=tmp_path) as process:
        until(lambda: accepts(port), timeout=TIMEOUT, what="the relay", retry_on=(OSError,))
        opened = Tunnels(HOST, port)
        yield opened
        opened.close()
        process.kill()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(TIMEOUT)
        yield listening


def accepts(port: int) -> bool:
    socket.create_connection((HOST, port), TIMEOUT).close()
    return True


def connect(tunnels: Tunnels, in_cluster: str) -> socket.socket:
    host, _, port = tunnels.address(in_cluster).rpartition(":")
    return socket.create_connection((host, int(port)), TIMEOUT)


def target(server: socket.socket) -> str:
    return f"localhost:{server.getsockname()[1]}"


def read_all(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read()


def test_both_sides_get_all_that_the_other_sends(tunnels: Tunnels, server: socket.socket) -> None:
    question, answer = b"q" * 300_000, b"a" * 300_000
    with connect(tunnels, target(server)) as ours:
        theirs, _ = server.accept()
        with theirs:
            ours.sendall(question)
            ours.shutdown(socket.SHUT_WR)
            assert read_all(theirs) == question
            theirs.sendall(answer)
            theirs.shutdown(socket.SHUT_WR)
            assert read_all(ours) == answer


def test_a_connection_that_the_server_ends_ends_here(
    tunnels: Tunnels, server: socket.socket
) -> None:
    with connect(tunnels, target(server)) as ours:
        server.accept()[0].close()
        assert read_all(ours) == b""


def test_a_connection_to_where_nobody_listens_is_closed(tunnels: Tunnels) -> None:
    (unused,) = free_ports(HOST, 1)
    with connect(tunnels, f"localhost:{unused}") as ours:
        assert read_all(ours) == b""


def test_an_address_stays_while_what_it_leads_to_comes_and_goes(tunnels: Tunnels) -> None:
    (port,) = free_ports(HOST, 1)
    with connect(tunnels, f"localhost:{port}") as refused:
        assert read_all(refused) == b""
    with (
        socket.create_server((HOST, port)) as server,
        connect(tunnels, f"localhost:{port}") as ours,
    ):
        theirs, _ = server.accept()
        with theirs:
            theirs.sendall(b"here")
        assert read_all(ours) == b"here"


def test_what_a_peer_says_after_the_other_has_gone_is_lost_in_silence(
    tunnels: Tunnels, server: socket.socket
) -> None:
    ours = connect(tunnels, target(server))
    theirs, _ = server.accept()
    with theirs:
        ours.close()
        assert read_all(theirs) == b""
        gc.collect()  # would take tasks that nobody holds, and say so
        theirs.sendall(b"too late")
    with connect(tunnels, target(server)):
        server.accept()[0].close()
