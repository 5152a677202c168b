"""The client side: answers find their calls, and a broken connection fails them at once."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from rocketmq_operator.errors import (
    ConnectFailed,
    ConnectionLost,
    RequestTimeout,
    SettingsError,
)
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.command import request
from rocketmq_operator.protocol.framing import FrameDecoder
from rocketmq_operator.transport.client import RemotingClient, split_address


@asynccontextmanager
async def peer(answer):
    """A server that hands every command and its writer to ``answer``; yields its address."""
    open_writers = []

    async def serve(reader, writer):
        open_writers.append(writer)
        decoder = FrameDecoder()
        while data := await reader.read(65536):
            for payload in decoder.feed(data):
                answer(headers.decode(payload), writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in open_writers:
            writer.close()
        await server.wait_closed()


def echo(command, writer):
    writer.write(headers.encode(command.reply(0, body=command.body)))


def silence(command, writer):
    pass


async def test_a_call_gets_its_answer_over_one_lasting_connection():
    async with peer(echo) as address, RemotingClient(address) as client:
        assert not client.connected
        for body in (b"one", b"two"):
            assert (await client.invoke(request(106, body=body), 5)).body == body
        assert client.connected


async def test_answers_out_of_order_find_their_calls():
    held = []

    def reverse(command, writer):
        held.append(command)
        if len(held) == 3:
            for each in reversed(held):
                echo(each, writer)

    async with peer(reverse) as address, RemotingClient(address) as client:
        calls = [client.invoke(request(106, body=body), 5) for body in (b"a", b"b", b"c")]
        assert [answer.body for answer in await asyncio.gather(*calls)] == [b"a", b"b", b"c"]


async def test_a_lost_connection_fails_every_waiting_call_and_the_next_one_reconnects():
    seen = []

    def hang_up_on_the_second(command, writer):
        seen.append(command)
        if len(seen) == 2:
            writer.close()
        elif len(seen) > 2:
            echo(command, writer)

    async with peer(hang_up_on_the_second) as address, RemotingClient(address) as client:
        calls = [client.invoke(request(106), 30) for _ in range(2)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, ConnectionLost) for result in results)
        assert (await client.invoke(request(106), 5)).code == 0


async def test_a_silent_peer_runs_into_the_deadline_and_is_dropped():
    async with peer(silence) as address, RemotingClient(address) as client:
        with pytest.raises(RequestTimeout, match=r"did not answer request 106 within 0\.05 s"):
            await client.invoke(request(106), 0.05)
        assert not client.connected


async def test_nobody_listening_is_a_connect_failure_that_names_the_address():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        async with RemotingClient(address) as client:
            with pytest.raises(ConnectFailed, match=f"connect to {address} failed"):
                await client.invoke(request(106), 5)


async def test_garbage_from_the_peer_ends_the_connection():
    def say_http(_, writer):
        writer.write(b"HTTP/1.1 400\r\n\r\n")

    async with peer(say_http) as address, RemotingClient(address) as client:
        with pytest.raises(ConnectionLost, match="unreadable"):
            await client.invoke(request(106), 5)


async def test_closing_fails_what_is_in_flight():
    arrived = asyncio.Event()
    async with peer(lambda *_: arrived.set()) as address:
        client = RemotingClient(address)
        call = asyncio.ensure_future(client.invoke(request(106), 30))
        await asyncio.wait_for(arrived.wait(), 5)
        await client.close()
        with pytest.raises(ConnectionLost, match="closed by us"):
            await call


async def test_oneway_is_sent_and_waits_for_nothing():
    got = asyncio.get_running_loop().create_future()

    def keep(command, _):
        got.set_result(command)

    async with peer(keep) as address, RemotingClient(address) as client:
        await client.invoke_oneway(request(904, {"brokerName": "b"}, oneway=True), 5)
        assert (await asyncio.wait_for(got, 5)).ext_fields == {"brokerName": "b"}


@pytest.mark.parametrize(
    ("address", "parts"),
    [("ns-0.ns:9876", ("ns-0.ns", 9876)), ("::1:9876", ("::1", 9876)), ("[::1]:1", ("::1", 1))],
)
def test_addresses_split_at_the_last_colon(address, parts):
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["", "host", "host:", ":9876", "host:x", "host:70000"])
def test_what_is_not_an_address_is_named(address):
    with pytest.raises(SettingsError, match="host:port"):
        split_address(address)
