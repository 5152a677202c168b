"""One running container: a bubblewrap process and the program that is process 1 in it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.node.sandbox import Sandbox, bwrap_arguments

ENTER = [sys.executable, "-I", "-S", str(Path(__file__).with_name("enter.py"))]
START_TIMEOUT = 30.0


class StartError(Exception):
    """The sandbox could not be made; the message is bubblewrap's."""


@dataclass(frozen=True)
class Launch:
    """What to start and where its output goes."""

    bwrap: str
    sandbox: Sandbox
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path


class Instance:
    """A started container."""

    def __init__(self, launch: Launch, process: asyncio.subprocess.Process, pid: int) -> None:
        self.pid = pid
        self._launch = launch
        self._process = process
        self._handle = _process_handle(pid)

    async def wait(self) -> int:
        """Exit code, 128 plus the signal's number if a signal ended it."""
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Signal the first process; does nothing if it has ended."""
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def close(self) -> None:
        """Free the handle, after the end."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    async def execute(self, command: Sequence[str]) -> int:
        """Run another program in the container and return its exit code.

        Cancelling the call kills the program.
        """
        words = [*ENTER, str(self.pid), self._launch.sandbox.working_dir, *command]
        with self._launch.log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=output,
                env=dict(self._launch.environment),
            )
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def start_instance(launch: Launch) -> Instance:
    """Start a container and return when its first process exists. Raises StartError."""
    reader, writer = os.pipe()
    words = bwrap_arguments(launch.sandbox, launch.command, writer)
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with launch.log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                launch.bwrap,
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[writer],
                env=dict(launch.environment),
            )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        pid = await _first_process(reader)
    except BaseException:
        process.kill()
        raise
    if pid is None:
        await process.wait()
        raise StartError(launch.log.read_text(errors="replace").strip()[-1000:])
    return Instance(launch, process, pid)


def _process_handle(pid: int) -> int | None:
    """A handle through which no signal hits a process that gets the number later."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


async def _first_process(reader: int) -> int | None:
    """Its process id as bubblewrap tells it, None if bubblewrap gave up."""
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reader, "rb")
    )
    try:
        async with asyncio.timeout(START_TIMEOUT):
            answer = await stream.read()
    finally:
        transport.close()
    return int(json.loads(answer)["child-pid"]) if answer.strip() else None
