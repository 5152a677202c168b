"""The server side: answers in one go, back-pressure both ways, and no hoarding."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest
import uvloop

from rocketmq_operator.errors import HeaderError
from rocketmq_operator.protocol.framing import FrameDecoder, encode_frame
from rocketmq_operator.transport.connection import MAX_HELD
from rocketmq_operator.transport.server import RemotingServer


class Echo:
    """Answers every frame with itself; what starts with ``later`` is held, ``bad`` is refused."""

    def __init__(self):
        self.held = []
        self.errors = []
        self.gone = asyncio.Event()

    def answer(self, connection, payload):
        if payload.startswith(b"bad "):
            raise HeaderError("told to")
        if payload.startswith(b"later"):
            connection.hold()
            self.held.append((connection, payload))
            return None
        return encode_frame(payload)

    def lost(self, connection):
        self.gone.set()

    def rejected(self, peer, error):
        self.errors.append(str(error))


@asynccontextmanager
async def serving(**options):
    handler = Echo()
    server = RemotingServer(handler, **options)
    host, port = await server.listen("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield handler, server, reader, writer
    finally:
        writer.close()
        await server.close(1)


async def frames(reader, count):
    decoder, found = FrameDecoder(), []
    async with asyncio.timeout(10):
        while len(found) < count:
            data = await reader.read(65536)
            if not data:
                break
            found += decoder.feed(data)
    return found


async def eventually(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_pipelined_frames_are_answered_in_order():
    async with serving() as (_, _, reader, writer):
        sent = [b"frame%d" % n for n in range(1000)]
        writer.write(b"".join(map(encode_frame, sent)))
        assert await frames(reader, 1000) == sent


async def test_answers_before_a_bad_frame_are_sent_and_then_it_ends():
    async with serving() as (handler, _, reader, writer):
        writer.write(encode_frame(b"good") + encode_frame(b"bad one") + encode_frame(b"more"))
        assert await frames(reader, 2) == [b"good"]
        assert handler.errors == ["told to"]
        await handler.gone.wait()


async def test_a_peer_with_many_waiting_answers_is_not_read_until_some_are_given():
    async with serving() as (handler, _, reader, writer):
        later = [b"later%d" % n for n in range(MAX_HELD * 2)]
        writer.write(b"".join(map(encode_frame, later)) + encode_frame(b"right now"))
        await eventually(lambda: len(handler.held) == MAX_HELD)
        for connection, payload in list(handler.held):
            connection.release(encode_frame(payload))
        await eventually(lambda: len(handler.held) == MAX_HELD * 2)
        for connection, payload in handler.held[MAX_HELD:]:
            connection.release(encode_frame(payload))
        assert sorted(await frames(reader, len(later) + 1)) == sorted([*later, b"right now"])


async def test_an_answer_after_the_peer_left_is_dropped():
    async with serving() as (handler, _, _, writer):
        writer.write(encode_frame(b"later"))
        await eventually(lambda: handler.held)
        writer.close()
        await handler.gone.wait()
        handler.held[0][0].release(encode_frame(b"late"))


@pytest.mark.parametrize("active", [True, False])
async def test_idle_connections_are_aborted_and_active_ones_kept(active):
    async with serving() as (handler, server, reader, writer):
        writer.write(encode_frame(b"hello"))
        await frames(reader, 1)
        server.sweep(0.0)
        server.sweep(119.0)
        if active:
            writer.write(encode_frame(b"again"))
            await frames(reader, 1)
        server.sweep(120.0)
        await asyncio.sleep(0)
        await eventually(lambda: len(server.connections) == int(active))
        assert handler.gone.is_set() is not active


async def test_after_a_pause_of_the_server_everybody_has_their_time_again():
    async with serving() as (handler, server, reader, writer):
        writer.write(encode_frame(b"hello"))
        await frames(reader, 1)
        server.sweep(0.0)
        server.sweep(1.0)
        server.forgive_silence()
        server.sweep(500.0)
        server.sweep(619.0)
        assert not handler.gone.is_set()
        server.sweep(620.0)
        await asyncio.wait_for(handler.gone.wait(), 5)


async def test_the_largest_half_sent_frame_is_closed_when_memory_runs_out():
    async with serving(max_partial=1000) as (handler, server, _, writer):
        small = await asyncio.open_connection(*writer.get_extra_info("peername"))
        small[1].write((100_000).to_bytes(4, "big") + bytes(50))
        writer.write((100_000).to_bytes(4, "big") + bytes(900))
        await eventually(lambda: sum(each.partial for each in server.connections) == 958)
        assert not handler.gone.is_set()
        writer.write(bytes(100))
        await asyncio.wait_for(handler.gone.wait(), 5)
        assert [each.partial for each in server.connections] == [54]
        small[1].close()


async def served_at_once(count):
    """How many of a crowd that has come and asked are connected after a few turns of the loop."""
    async with serving() as (_, server, _, writer):
        crowd = [socket.create_connection(writer.get_extra_info("peername")) for _ in range(count)]
        for peer in crowd:
            peer.sendall(encode_frame(b"hello"))
        for _ in range(50):
            await asyncio.sleep(0)
        for peer in crowd:
            peer.close()
        return len(server.connections)


def test_a_crowd_is_let_in_within_a_few_turns_of_the_loop_that_serves():
    assert uvloop.run(served_at_once(300)) == 300
