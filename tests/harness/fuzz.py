"""Send a NameServer nonsense over many connections, while others see that it serves as before.

Every batch ends with a request whose answer must come: a server that hangs, or that dies, is
noticed within a deadline. Bytes of which nothing can be said follow it, and then the connection's
end, which the server must bring about.
"""

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Final

from harness.errors import HarnessError
from harness.frames import Answer, ask, take
from harness.memory import peak_memory, resident_memory
from harness.mutations import Mutator
from harness.registrations import body, member, registration

BATCH: Final = 16
WORKERS: Final = 24
DEADLINE: Final = 20.0
"""Seconds for anything that the server has to do; it is there to notice a hang."""
CANARY: Final = "canary-f3a9"
SENTINEL: Final = 1_999_999_999
_SOURCES: Final = [f"127.0.0.{number}" for number in range(2, 34)]


@dataclass
class Report:
    """What a run did. Memory in bytes, time in seconds."""

    seed: int
    frames: int = 0
    batches: int = 0
    closed_early: int = 0
    canary: int = 0
    seconds: float = 0.0
    memory_before: int = 0
    memory_peak: int = 0
    memory_after: int = 0

    def __str__(self) -> str:
        return (
            f"{self.frames} frames in {self.batches} batches, {self.closed_early} of them closed "
            f"early, in {self.seconds:.0f} s (seed {self.seed}); {self.canary} questions on other "
            f"connections answered right; memory {_mib(self.memory_before)} before, "
            f"{_mib(self.memory_peak)} at most, {_mib(self.memory_after)} after"
        )


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


@dataclass
class Fuzzer:
    """One run of ``frames`` frames against the server at ``address`` with process id ``pid``."""

    address: str
    pid: int
    frames: int
    seed: int
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        self.report = Report(self.seed, memory_before=resident_memory(self.pid))
        self._numbers = itertools.count()

    async def run(self) -> Report:
        """Send everything. Raises HarnessError if the server answered wrongly or not at all."""
        started = time.monotonic()
        canary = asyncio.create_task(self._canary())
        workers = asyncio.gather(*(self._work() for _ in range(WORKERS)))
        try:
            await asyncio.wait((canary, workers), return_when=asyncio.FIRST_COMPLETED)
            if canary.done():
                await canary
            await workers
        finally:
            canary.cancel()
            workers.cancel()
            await asyncio.gather(canary, workers, return_exceptions=True)
        report = self.report
        report.seconds = time.monotonic() - started
        report.memory_peak = peak_memory(self.pid)
        report.memory_after = resident_memory(self.pid)
        return report

    async def _work(self) -> None:
        while self.report.frames < self.frames:
            number = next(self._numbers)
            await self._send_batch(number)

    async def _send_batch(self, number: int) -> None:
        mutator = Mutator(self.seed * 1_000_003 + number)
        batch = mutator.batch(BATCH)
        source = (_SOURCES[number % len(_SOURCES)], 0)
        stream = await _Stream.open(self.address, local=source)
        try:
            data = b"".join(batch.frames) + ask(319, opaque=SENTINEL)
            served = await stream.reaches(mutator.pieces(data), SENTINEL)
            if served:
                await stream.ends(batch.broken)
        except TimeoutError:
            raise HarnessError(
                f"{self.address} hangs: no answer within {DEADLINE} s to batch {number} of seed "
                f"{self.seed}"
            ) from None
        finally:
            stream.close()
        self.report.batches += 1
        self.report.frames += BATCH if served else 0
        self.report.closed_early += not served

    async def _canary(self) -> None:
        """Be a broker, a client and an administrator who are not concerned by any of it."""
        stream = await _Stream.open(self.address)
        try:
            while True:
                for frame, wanted in _QUESTIONS:
                    answer = await stream.ask(frame)
                    if (answer.code, wanted in answer.text + str(answer.fields)) != (0, True):
                        raise HarnessError(f"a well-behaved peer got a wrong answer: {answer}")
                    self.report.canary += 1
                await asyncio.sleep(0.02)
        except TimeoutError:
            raise HarnessError(
                f"a well-behaved peer got no answer within {DEADLINE} s; seed {self.seed}"
            ) from None
        finally:
            stream.close()


_WHO = member(CANARY)
_QUESTIONS: Final = (
    (registration(_WHO, body({f"{CANARY}-t": 4, f"{CANARY}-u": 4})), ""),
    (ask(105, topic=f"{CANARY}-t"), _WHO["brokerAddr"]),
    (ask(100, namespace=CANARY, key="k", value=CANARY), ""),
    (ask(101, namespace=CANARY, key="k"), CANARY),
    (ask(901, brokerName=CANARY, clusterName="C1"), _WHO["brokerAddr"]),
    (ask(904, fields=_WHO), ""),
)


class _Stream:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._waiting = bytearray()

    @classmethod
    async def open(cls, address: str, *, local: tuple[str, int] | None = None) -> "_Stream":
        host, _, port = address.rpartition(":")
        async with asyncio.timeout(DEADLINE):
            return cls(*await asyncio.open_connection(host, int(port), local_addr=local))

    async def ask(self, frame: bytes) -> Answer:
        """The one answer to a request."""
        async with asyncio.timeout(DEADLINE):
            self._writer.write(frame)
            while (answer := take(self._waiting)) is None:
                self._waiting += await self._read()
        return answer

    async def reaches(self, pieces: list[bytes], opaque: int) -> bool:
        """Whether the answer with ``opaque`` comes; False if the connection is closed first."""
        async with asyncio.timeout(DEADLINE):
            try:
                for piece in pieces:
                    self._writer.write(piece)
                    await self._writer.drain()
                mark = b'"opaque":%d' % opaque
                seen = b""
                while mark not in seen:
                    seen = seen[-len(mark) :] + await self._read()
            except ConnectionError:
                return False
        return True

    async def ends(self, data: bytes) -> None:
        """Send the last bytes and wait until the server closes too."""
        async with asyncio.timeout(DEADLINE):
            try:
                self._writer.write(data)
                self._writer.write_eof()
                while True:
                    await self._read()
            except ConnectionError:
                return

    async def _read(self) -> bytes:
        data = await self._reader.read(1 << 20)
        if not data:
            raise ConnectionResetError("closed by the server")
        return data

    def close(self) -> None:
        self._writer.transport.abort()


def run(address: str, pid: int, *, frames: int, seed: int) -> Report:
    """One whole run; see :class:`Fuzzer`."""
    return asyncio.run(Fuzzer(address, pid, frames, seed).run())
