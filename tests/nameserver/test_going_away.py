"""Who is sent away when a server ends: nobody, unless the configuration asks for it."""

import asyncio

import pytest

from rocketmq_operator.nameserver import settings
from rocketmq_operator.nameserver.kvconfig import KvConfig
from rocketmq_operator.nameserver.processor import Processor
from rocketmq_operator.nameserver.service import Clock, Service
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.command import request
from rocketmq_operator.protocol.framing import FrameDecoder
from rocketmq_operator.protocol.tlssettings import TlsSettings
from rocketmq_operator.transport.tls import ServerTls


@pytest.mark.parametrize(("graceful", "code"), [("false", 22), ("true", 1500)])
async def test_clients_are_sent_away_only_by_a_graceful_end(tmp_path, graceful, code):
    configuration = settings.defaults({}).updated({"enableShutdownGracefully": graceful})
    processor = Processor(configuration, KvConfig())
    paths = tmp_path / "kvConfig.json", tmp_path / "namesrv.properties"
    service = Service(processor, *paths, Clock(), ServerTls(TlsSettings()))
    at_once = asyncio.Event()
    at_once.set()
    service.server.connections.add("open")
    await service.go_away(at_once)
    codes = {}
    for connection in ("open", "new"):
        question = headers.encode(request(101, {"namespace": "n", "key": "k"}))[4:]
        answer = service.answer(connection, question)
        codes[connection] = headers.decode(FrameDecoder().feed(answer)[0]).code
    assert codes == {"open": code, "new": 22}
    assert service.stopping is (graceful == "true")
