"""Edits of KV and configuration on their way to the disk: answered when they are durable.

Everything that waits is written in one round, at most one file for KV and one for the
configuration, so that many writers wait as long as one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from rocketmq_operator.errors import StorageError
from rocketmq_operator.nameserver import processor as rules
from rocketmq_operator.nameserver import storage
from rocketmq_operator.nameserver.kvconfig import KvEdit
from rocketmq_operator.nameserver.processor import Call, ConfigWrite, KvWrite, Processor
from rocketmq_operator.protocol import properties
from rocketmq_operator.protocol.command import RemotingCommand

_log = logging.getLogger(__name__)


class Write(NamedTuple):
    """What to write, for which request, and who sends the answer."""

    what: KvWrite | ConfigWrite
    call: Call
    done: Callable[[RemotingCommand], None]


class WriteQueue:
    """The writes of one server. ``written`` is called after each round.

    ``kv_edits``, ``config_updates`` and ``errors`` count since the start.
    """

    def __init__(
        self,
        processor: Processor,
        kv_path: Path,
        config_path: Path,
        written: Callable[[], None],
    ) -> None:
        self.kv_edits = 0
        self.config_updates = 0
        self.errors = 0
        self._processor = processor
        self._kv_path = kv_path
        self._config_path = config_path
        self._written = written
        self._waiting: deque[Write] = deque()
        self._due = asyncio.Event()

    def __len__(self) -> int:
        """How many wait for their answer."""
        return len(self._waiting)

    def add(self, write: Write) -> None:
        """Take one more; it is answered by its ``done``."""
        self._waiting.append(write)
        self._due.set()

    async def run(self) -> None:
        """Write round after round, until cancelled."""
        while True:
            await self._due.wait()
            while self._waiting:
                await self._round(list(self._waiting))
            self._due.clear()

    async def _round(self, batch: Sequence[Write]) -> None:
        kv = await self._write_kv([w.what.edit for w in batch if isinstance(w.what, KvWrite)])
        changes = [w.what.changes for w in batch if isinstance(w.what, ConfigWrite)]
        configuration = await self._write_configuration(changes)
        for write in batch:
            self._waiting.popleft()
            error = kv if isinstance(write.what, KvWrite) else configuration
            write.done(_answer(write.call, error))
        self._written()

    async def _write_kv(self, edits: list[KvEdit]) -> StorageError | None:
        if not edits:
            return None
        kv = self._processor.kv.edited(edits)
        error = await self._saved(self._kv_path, kv.written)
        if error is None:
            self._processor.kv_written(kv, edits)
            self.kv_edits += len(edits)
        return error

    async def _write_configuration(self, changes: list[dict[str, str]]) -> StorageError | None:
        if not changes:
            return None
        fresh = self._processor.configuration
        for each in changes:
            fresh = fresh.updated(each)
        text = properties.dump(fresh.printed())
        error = await self._saved(self._config_path, text.encode, backup=True)
        if error is None:
            self._processor.configuration_written(fresh)
            self.config_updates += len(changes)
        return error

    async def _saved(
        self, path: Path, content: Callable[[], bytes], *, backup: bool = False
    ) -> StorageError | None:
        try:
            await asyncio.to_thread(lambda: storage.save(path, content(), backup=backup))
        except StorageError as error:
            self.errors += 1
            _log.error("%s", error)
            return error
        return None


def _answer(call: Call, error: StorageError | None) -> RemotingCommand:
    return rules.success(call) if error is None else rules.failure(call, str(error))
