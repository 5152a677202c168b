"""The first bytes of a connection decide what it is; nobody is let in by mistake."""

import asyncio
import ssl
import struct
from contextlib import asynccontextmanager

import pytest
import trustme

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.framing import FrameDecoder, encode_frame
from rocketmq_operator.protocol.proxyprotocol import V2_START
from rocketmq_operator.protocol.tlssettings import ClientAuth, TlsMode, TlsSettings
from rocketmq_operator.transport.server import RemotingServer
from rocketmq_operator.transport.tls import ServerTls

V1 = b"PROXY TCP4 10.1.2.3 10.0.0.2 5000 9876\r\n"
V2 = (
    V2_START + b"\x21\x11\x00\x0c" + bytes([10, 1, 2, 3, 10, 0, 0, 2]) + struct.pack(">HH", 5000, 1)
)
FRAME = encode_frame(b"hello")


class Echo:
    """Answers every frame with the peer's address and the frame."""

    def __init__(self):
        self.errors = []
        self.gone = asyncio.Event()

    def answer(self, connection, payload):
        return encode_frame(connection.peer.encode() + b" " + payload)

    def lost(self, connection):
        self.gone.set()

    def rejected(self, peer, error):
        self.errors.append(f"{peer}: {error}")


class Client:
    def __init__(self, address, handler):
        self._address = address
        self.handler = handler
        self._writers = []

    async def open(self, **options):
        reader, writer = await asyncio.open_connection(*self._address, **options)
        self._writers.append(writer)
        return reader, writer

    async def ask(self, *pieces, **options):
        """Send `pieces` one by one; the first frame of the answer, None if it was closed."""
        reader, writer = await self.open(**options)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        return await first_frame(reader)

    def close(self):
        for writer in self._writers:
            writer.transport.abort()


async def first_frame(reader):
    decoder = FrameDecoder()
    async with asyncio.timeout(10):
        while True:
            try:
                data = await reader.read(65536)
            except ConnectionError:
                data = b""
            if not data:
                return None
            for frame in decoder.feed(data):
                return frame


@asynccontextmanager
async def serving(settings=None):
    handler = Echo()
    server = RemotingServer(handler, tls=None if settings is None else ServerTls(settings))
    client = Client(await server.listen("127.0.0.1", 0), handler)
    client.server = server
    try:
        yield client
    finally:
        client.close()
        await server.close(1)


def trusting(authority=None):
    context = ssl.create_default_context()
    if authority is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    else:
        authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def files(authority, tmp_path):
    return Files(tmp_path, authority)


class Files:
    """A certificate with its key and the authority, as PEM files."""

    def __init__(self, directory, authority):
        self.certificate = directory / "tls.crt"
        self.key = directory / "tls.key"
        self.trust = directory / "ca.crt"
        authority.cert_pem.write_to_path(self.trust)
        self.write(authority.issue_cert("127.0.0.1"))

    def write(self, issued):
        issued.private_key_pem.write_to_path(self.key)
        self.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    def settings(self, mode=TlsMode.ENFORCING, **more):
        return TlsSettings(mode, False, str(self.certificate), str(self.key), **more)


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
async def test_the_peer_is_who_the_load_balancer_says(header):
    async with serving() as client:
        assert await client.ask(header + FRAME) == b"10.1.2.3:5000 hello"


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
async def test_a_header_may_come_in_pieces_of_any_size(header):
    async with serving() as client:
        sent = header + FRAME
        assert await client.ask(*(sent[n : n + 1] for n in range(len(sent)))) == (
            b"10.1.2.3:5000 hello"
        )


async def test_a_header_counts_once():
    async with serving() as client:
        assert await client.ask(V1 + V1 + FRAME) is None


@pytest.mark.parametrize(
    "data", [b"PROXY nonsense\r\n", b"POST / HTTP/1.1\r\n", V1[:-2] + b"x" * 99]
)
async def test_what_only_looks_like_a_header_is_closed_and_named(data):
    async with serving() as client:
        assert await client.ask(data) is None
        assert len(client.handler.errors) == 1


async def test_a_peer_that_leaves_before_it_says_anything_is_forgotten():
    async with serving() as client:
        _, writer = await client.open()
        writer.close()
        await writer.wait_closed()
        assert await client.ask(FRAME) is not None
        assert client.handler.errors == []


async def test_a_peer_that_says_nothing_is_closed_when_its_time_is_over():
    async with serving() as client:
        silent, _ = await client.open()
        half, writer = await client.open()
        writer.write(V1[:10])
        assert await client.ask(FRAME) is not None
        client.server.sweep(0.0)
        client.server.sweep(120.0)
        assert await first_frame(silent) is None
        assert await first_frame(half) is None


async def test_silent_peers_end_with_the_server():
    async with serving() as client:
        silent, _ = await client.open()
        assert await client.ask(FRAME) is not None
        await client.server.close(1)
        assert await first_frame(silent) is None


@pytest.mark.parametrize(
    ("mode", "plain", "secure"),
    [
        (TlsMode.DISABLED, True, False),
        (TlsMode.PERMISSIVE, True, True),
        (TlsMode.ENFORCING, False, True),
    ],
)
async def test_each_mode_takes_what_it_says(files, authority, mode, plain, secure):
    async with serving(files.settings(mode)) as client:
        assert (await client.ask(FRAME) is not None) is plain
        if secure:
            assert await client.ask(FRAME, ssl=trusting(authority)) is not None
        else:
            with pytest.raises(ConnectionError):
                await client.ask(FRAME, ssl=trusting(authority))


async def test_test_mode_needs_no_files():
    async with serving(TlsSettings(TlsMode.ENFORCING)) as client:
        assert await client.ask(FRAME, ssl=trusting()) is not None


async def test_tls_may_follow_the_header_of_a_load_balancer(files, authority):
    async with serving(files.settings()) as client:
        reader, writer = await client.open()
        writer.write(V1)
        await writer.drain()
        await writer.start_tls(trusting(authority), server_hostname="127.0.0.1")
        writer.write(FRAME)
        assert await first_frame(reader) == b"10.1.2.3:5000 hello"


async def test_large_answers_and_many_frames_pass_through_tls(files, authority):
    async with serving(files.settings()) as client:
        reader, writer = await client.open(ssl=trusting(authority))
        payloads = [bytes([n]) * 100_000 for n in range(50)]
        writer.write(b"".join(map(encode_frame, payloads)))
        decoder, found = FrameDecoder(), []
        async with asyncio.timeout(20):
            while len(found) < len(payloads):
                found += decoder.feed(await reader.read(1 << 20))
        assert [frame.partition(b" ")[2] for frame in found] == payloads


async def test_a_required_client_certificate_is_checked(files, authority):
    required = files.settings(client_auth=ClientAuth.REQUIRE, trust_path=str(files.trust))
    async with serving(required) as client:
        with_certificate, stranger = trusting(authority), trusting(authority)
        authority.issue_cert("client").configure_cert(with_certificate)
        trustme.CA().issue_cert("client").configure_cert(stranger)
        assert await client.ask(FRAME, ssl=with_certificate) is not None
        for context in (stranger, trusting(authority)):
            assert await _refused(client, context)
        assert len(client.handler.errors) == 2


async def _refused(client, context):
    """With TLS 1.3 a client hears of a refusal only when it reads."""
    try:
        return await client.ask(FRAME, ssl=context) is None
    except (ssl.SSLError, ConnectionError):
        return True


async def test_noise_after_a_tls_hello_is_closed_and_others_are_served(files, authority):
    async with serving(files.settings()) as client:
        assert await client.ask(b"\x16\x03\x01\x00\x05junk!" + bytes(50)) is None
        assert await client.ask(FRAME, ssl=trusting(authority)) is not None
        assert len(client.handler.errors) == 1


async def test_a_new_certificate_is_for_new_connections_and_the_old_stay_open(files, authority):
    settings = files.settings()
    handler = Echo()
    tls = ServerTls(settings)
    server = RemotingServer(handler, tls=tls)
    client = Client(await server.listen("127.0.0.1", 0), handler)
    reader, writer = await client.open(ssl=trusting(authority))
    successor = trustme.CA()
    files.write(successor.issue_cert("127.0.0.1"))
    assert tls.refresh()
    assert not tls.refresh()
    assert await client.ask(FRAME, ssl=trusting(successor)) is not None
    writer.write(FRAME)
    assert await first_frame(reader) is not None
    client.close()
    await server.close(1)


async def test_half_a_change_is_told_and_the_certificate_stays_until_it_is_whole(files):
    tls = ServerTls(files.settings())
    before = await tls.context()
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(files.key)
    with pytest.raises(SettingsError, match=r"tls\.crt with key .*tls\.key cannot be used"):
        tls.refresh()
    assert await tls.context() is before
    files.write(issued)
    assert tls.refresh()
    assert await tls.context() is not before


async def test_a_file_that_is_gone_for_a_moment_changes_nothing(files):
    tls = ServerTls(files.settings())
    files.key.rename(files.key.with_suffix(".old"))
    assert not tls.refresh()
    files.key.with_suffix(".old").rename(files.key)
    tls.refresh()
