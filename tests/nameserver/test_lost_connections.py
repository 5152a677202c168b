"""Brokers lose their connections at any moment, and are heard late, twice or over an old one.

Whatever happened, who is shown has an open connection, every request on one is answered, and one
more registration of everybody shows everybody.
"""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.registrations import body, member, registration
from rocketmq_operator.nameserver import settings as properties
from rocketmq_operator.nameserver import topics
from rocketmq_operator.nameserver.kvconfig import KvConfig
from rocketmq_operator.nameserver.processor import Processor
from rocketmq_operator.nameserver.service import Service, supervised
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol import registration as layout
from rocketmq_operator.protocol.command import request
from rocketmq_operator.protocol.framing import FrameDecoder
from rocketmq_operator.protocol.tlssettings import TlsMode
from rocketmq_operator.transport.connection import Connection, Limits

BROKERS = (member("ba", 0), member("ba", 1), member("bb", 0))
TOPICS = {f"T{number}": 4 for number in range(12)}
TURNS = 300

WHAT = ("register", "register_late", "reconnect", "lose", "beat", "leave", "wait", "turn", "turn")
STEPS = st.tuples(st.sampled_from(WHAT), st.sampled_from(range(len(BROKERS))), st.integers(0, 9))


class Socket:
    """What a connection writes to; ``lost`` is called in the loop's next turn, as by uvloop."""

    def __init__(self, lost):
        self.closing, self.answers, self.decoder, self._lost = False, 0, FrameDecoder(), lost

    def set_write_buffer_limits(self, *_):
        pass

    def write(self, data):
        self.answers += len(self.decoder.feed(data))

    def is_closing(self):
        return self.closing

    def abort(self):
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self._lost)


class Peer:
    """One connection of a broker."""

    def __init__(self, service):
        self.connection = Connection(service.server, service, "a broker", Limits())
        self.socket = Socket(lambda: self.connection.connection_lost(None))
        self.asked = 0
        self.connection.connection_made(self.socket)

    def send(self, frame, *, answered=True):
        if not self.socket.closing:
            self.asked += answered
            self.connection.data_received(frame)


class World:
    """A server with a clock of its own, and brokers."""

    def __init__(self):
        self.now = 1_000_000
        self.processor = Processor(properties.defaults({}), KvConfig())
        tls = SimpleNamespace(mode=TlsMode.DISABLED, has_files=False)
        self.service = Service(self.processor, Path("kv"), Path("conf"), lambda: self.now, tls)
        self.peers = []
        self.current = {}
        self.counters = [1] * len(BROKERS)

    def connect(self, index):
        self.current[index] = Peer(self.service)
        self.peers.append(self.current[index])
        return self.current[index]

    def peer(self, index):
        found = self.current.get(index)
        return self.connect(index) if found is None or found.socket.closing else found

    def registration(self, index):
        version = {"counter": self.counters[index], "stateVersion": 0, "timestamp": 5}
        fields = {"enableActingMaster": "true", "heartbeatTimeoutMillis": "6000"}
        return registration(BROKERS[index], body(TOPICS, version=version), fields=fields)

    def register(self, index, counter):
        self.counters[index] += counter % 2
        self.peer(index).send(self.registration(index))

    def register_late(self, index, peer):
        if self.peers:
            self.peers[peer % len(self.peers)].send(self.registration(index))

    def reconnect(self, index, _):
        self.connect(index)

    def lose(self, _, peer):
        if self.peers:
            self.peers[peer % len(self.peers)].socket.abort()

    def beat(self, index, _):
        frame = headers.encode(request(904, BROKERS[index], oneway=True))
        self.peer(index).send(frame, answered=False)

    def leave(self, index, _):
        self.peer(index).send(headers.encode(request(104, BROKERS[index])))

    def wait(self, _, seconds):
        self.now += 1000 * seconds
        self.service._apply(self.service._expire())

    async def turns(self, count):
        for _ in range(count):
            await asyncio.sleep(0)

    def shown(self):
        groups = self.processor.routes.groups.values()
        return sorted(address for group in groups for address in group.addresses.values())

    def require_sound(self):
        routes, open_ones = self.processor.routes, self.service.server.connections
        assert self.shown() == sorted(address for _, address in routes.live)
        assert {live.channel for live in routes.live.values()} <= open_ones
        for peer in self.peers:
            assert peer.socket.closing or peer.socket.answers == peer.asked


async def scenario(steps):
    world = World()
    loop = asyncio.create_task(supervised(world.service._change_loop))
    for what, index, number in steps:
        if what == "turn":
            await world.turns(1 + number // 3)
        else:
            getattr(world, what)(index, number)
    await world.turns(TURNS)
    world.require_sound()
    for index in range(len(BROKERS)):
        world.peer(index).send(world.registration(index))
    await world.turns(TURNS)
    world.require_sound()
    assert world.shown() == sorted(each["brokerAddr"] for each in BROKERS)
    for entries in (world.processor.routes.topics.get(topic) for topic in TOPICS):
        assert {queue.broker_name: queue.perm for queue in entries} == {"ba": 6, "bb": 6}
    for peer in world.peers:
        peer.socket.abort()
    await world.turns(TURNS)
    assert world.shown() == list(world.processor.routes.topics) == []
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


@pytest.fixture
def small_slices(monkeypatch):
    """A registration takes several turns, in which anything may happen."""
    monkeypatch.setattr(topics, "SLICE", 3)
    monkeypatch.setattr(layout, "SLICE", 300)


@settings(
    max_examples=400,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it only sets what stays
)
@given(steps=st.lists(STEPS, min_size=5, max_size=30))
def test_nobody_stays_shown_without_a_connection_and_nobody_stays_away(small_slices, steps):
    asyncio.run(scenario(steps))
