"""Edits reach the disk in rounds; nobody is told of success before that, or wrongly."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from rocketmq_operator.nameserver import settings, storage
from rocketmq_operator.nameserver.kvconfig import KvConfig, KvEdit
from rocketmq_operator.nameserver.processor import Call, ConfigWrite, KvWrite, Processor
from rocketmq_operator.nameserver.writes import Write, WriteQueue
from rocketmq_operator.protocol.command import request


class Desk:
    """A queue of writes to ``directory``, and the answers it gave, by number."""

    def __init__(self, directory):
        self.processor = Processor(settings.defaults({}), KvConfig())
        self.answers = {}
        self.rounds = 0
        paths = directory / "kvConfig.json", directory / "namesrv.properties"
        self.queue = WriteQueue(self.processor, *paths, self._written)

    def _written(self):
        self.rounds += 1

    def put(self, number):
        self._add(number, KvWrite(KvEdit("n", f"k{number}", "v")))

    def configure(self, number, **changes):
        self._add(number, ConfigWrite(changes))

    def _add(self, number, what):
        def done(reply):
            self.answers[number] = reply.code

        self.queue.add(Write(what, Call(request(100), b"", "c", 0), done))

    @asynccontextmanager
    async def open(self):
        running = asyncio.create_task(self.queue.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def answered(self, count):
        async with asyncio.timeout(10):
            while len(self.answers) < count:
                await asyncio.sleep(0.001)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


async def test_all_that_wait_share_a_round_whatever_their_order(desk, tmp_path, monkeypatch):
    saved = []
    save = storage.save
    monkeypatch.setattr(
        storage, "save", lambda path, *a, **k: (saved.append(path), save(path, *a, **k))
    )
    for number in range(0, 20, 2):
        desk.put(number)
        desk.configure(number + 1, waitSecondsForService=str(number))
    async with desk.open():
        await desk.answered(20)
    assert set(desk.answers.values()) == {0}
    assert sorted(path.name for path in saved) == ["kvConfig.json", "namesrv.properties"]
    assert desk.rounds == 1
    assert len(storage.load_kv(tmp_path / "kvConfig.json").table("n")) == 10
    stored = storage.load_properties(tmp_path / "namesrv.properties", required=True)
    assert stored["waitSecondsForService"] == "18"


async def test_what_comes_during_a_round_is_in_the_next(desk):
    async with desk.open():
        desk.put(0)
        await desk.answered(1)
        desk.put(1)
        await desk.answered(2)
    assert (desk.rounds, desk.queue.kv_edits, len(desk.queue)) == (2, 2, 0)


async def test_a_failure_is_answered_and_changes_nothing(desk, tmp_path):
    (tmp_path / "kvConfig.json").mkdir()
    async with desk.open():
        desk.put(0)
        desk.configure(1, waitSecondsForService="7")
        await desk.answered(2)
    assert desk.answers == {0: 1, 1: 0}
    assert desk.processor.kv.table("n") is None
    assert desk.processor.configuration.values["waitSecondsForService"] == "7"
