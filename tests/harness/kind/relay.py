"""Connections into a cluster's network: a relay in a pod, and its other end here.

The first line that the relay gets on a connection says where the rest of it goes, `host:port` as
programs in the cluster write it; the relay answers with an empty line once it is connected. The
pod runs this file with any Python, so nothing but the standard library is imported.
"""

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future

CONNECT_TIMEOUT = 5.0
CHUNK = 64 * 1024

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_joined: set[asyncio.Task[None] | None] = set()
"""Tasks that wait for a peer; asyncio itself keeps no hold of one whose other peer has gone."""


async def pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on all that comes, and then that nothing more will."""
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    with contextlib.suppress(OSError):
        target.write_eof()


@contextlib.asynccontextmanager
async def ending(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close a connection after the body, and wait until it is closed."""
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def join(one: Connection, other: Connection) -> None:
    """Pass on what either side sends until both have ended."""
    task = asyncio.current_task()
    _joined.add(task)
    try:
        await asyncio.gather(pour(one[0], other[1]), pour(other[0], one[1]))
    finally:
        _joined.discard(task)


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection of the relay in the pod."""
    async with ending(writer):
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(CONNECT_TIMEOUT):
                host, _, port = (await reader.readline()).decode().strip().rpartition(":")
                target = await asyncio.open_connection(host, int(port))
            async with ending(target[1]):
                writer.write(b"\n")
                await join((reader, writer), target)


async def serve(port: int) -> None:
    """Be the relay, at all addresses, for ever."""
    server = await asyncio.start_server(relay, "0.0.0.0", port)
    await server.serve_forever()


class Tunnels:
    """Local addresses that lead through the relay at `host:port`, each to one address there."""

    def __init__(self, host: str, port: int) -> None:
        self._relay = host, port
        self._local: dict[str, str] = {}
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=[self._run()], name="tunnels")
        self._thread.start()
        self._loop = self._started.result(CONNECT_TIMEOUT)

    def address(self, in_cluster: str) -> str:
        """Where the address is reachable from here, as long as these tunnels are open."""
        if in_cluster not in self._local:
            opening: Future[str] = asyncio.run_coroutine_threadsafe(
                self._open(in_cluster), self._loop
            )
            self._local[in_cluster] = opening.result(CONNECT_TIMEOUT)
        return self._local[in_cluster]

    def close(self) -> None:
        """End all connections, and take no more."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as self._servers:
            self._started.set_result(asyncio.get_running_loop())
            await self._closing.wait()
            # Connections end with the loop's tasks; from Python 3.12 on, servers wait for theirs.
            connections = asyncio.all_tasks() - {asyncio.current_task()}
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    async def _open(self, in_cluster: str) -> str:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # A cancelled task of this kind is reported as a failure by asyncio up to 3.11.
            with contextlib.suppress(asyncio.CancelledError):
                await self._connect(in_cluster, (reader, writer))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        await self._servers.enter_async_context(server)
        host, port = server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def _connect(self, in_cluster: str, near: Connection) -> None:
        async with ending(near[1]):
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    far = await asyncio.open_connection(*self._relay)
                async with ending(far[1]):
                    far[1].write(f"{in_cluster}\n".encode())
                    async with asyncio.timeout(2 * CONNECT_TIMEOUT):
                        accepted = await far[0].readline()
                    if accepted:
                        await join(near, far)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
