"""The proxies that cut networks: silence is silent, and its end delivers what waited."""

import socket
import threading
from collections.abc import Iterator

import pytest

from harness.proxy import Link, Network


@pytest.fixture
def link() -> Iterator[Link]:
    """A link to a server that echoes."""

    def echo(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(1024):
                connection.sendall(data)

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,)).start()

    with socket.create_server(("127.0.0.1", 0)) as listener, Network() as network:
        accepting = threading.Thread(target=serve, args=(listener,))
        accepting.start()
        yield network.link(f"127.0.0.1:{listener.getsockname()[1]}")
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)


def connect(link: Link) -> socket.socket:
    host, _, port = link.address.rpartition(":")
    connection = socket.create_connection((host, int(port)), 5)
    connection.settimeout(5)
    return connection


def test_it_forwards_both_ways(link: Link) -> None:
    with connect(link) as connection:
        connection.sendall(b"a" * 300_000)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            assert stream.read() == b"a" * 300_000


def test_silence_forwards_nothing_and_closes_nothing(link: Link) -> None:
    with connect(link) as connection:
        connection.sendall(b"a")
        assert connection.recv(9) == b"a"
        link.silence()
        connection.sendall(b"b")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(9)
        connection.settimeout(5)
        link.resume()
        assert connection.recv(9) == b"b"


def test_a_connection_made_in_silence_works_after_it(link: Link) -> None:
    link.silence()
    with connect(link) as connection:
        connection.sendall(b"a")
        link.resume()
        assert connection.recv(9) == b"a"


def test_refused_means_closed_and_nobody_there(link: Link) -> None:
    with connect(link) as connection:
        connection.sendall(b"a")
        assert connection.recv(9) == b"a"
        link.refuse()
        assert connection.recv(9) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(link)
    link.accept()
    with connect(link) as connection:
        connection.sendall(b"b")
        assert connection.recv(9) == b"b"
