"""Loopback TCP proxies that can go silent or refuse, to cut a network without touching its ends.

A silent link forwards nothing and closes nothing, so that only timeouts can tell its ends. When it
speaks again it delivers what waited, except on connections that an end closed meanwhile: these
are gone at both ends, as after a router that forgot them.
"""

import asyncio
import select
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Self

from harness.java.jvm import new_address

PORT: Final = 9876
CALL_TIMEOUT: Final = 10.0
CHUNK: Final = 1 << 16
REGISTER_BROKER: Final = b'"code":103,'
"""What the header of a broker's registration begins with."""

Step = Coroutine[Any, Any, None]


class Network:
    """Links, and the thread that serves them. A context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies")
        self._links: list[Link] = []

    def link(self, target: str) -> "Link":
        """A new link to `host:port`, open."""
        link = Link(target, self._run)
        self._links.append(link)
        link.accept()
        return link

    def _run(self, step: Step) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(CALL_TIMEOUT)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for link in self._links:
            link.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_TIMEOUT)
        self._loop.close()


class Link:
    """One way to `target`: whoever connects to `address` reaches it while the link is open."""

    def __init__(self, target: str, run: Callable[[Step], None]) -> None:
        self.target = target
        self.address = f"{new_address()}:{PORT}"
        self._run = run
        self.last_traffic = 0.0
        """When something was forwarded last, either way (seconds, monotonic)."""
        self.announcements: list[float] = []
        """When a registration of the client, a broker, was forwarded."""
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._listener: asyncio.Task[None] | None = None
        self.speaks = asyncio.Event()
        self.speaks.set()

    def silence(self) -> None:
        """Forward nothing from now on, in both directions, and close nothing."""
        self._run(self._silence())

    def resume(self) -> None:
        """End the silence."""
        self._run(self._resume())

    def refuse(self) -> None:
        """Close all connections and refuse new ones, as a host without the server does."""
        self._run(self._refuse())

    def accept(self) -> None:
        """Take connections again."""
        self._run(self._accept())

    async def _silence(self) -> None:
        self.speaks.clear()

    async def _resume(self) -> None:
        closed = [task for task, each in self._connections.items() if each.is_half_closed()]
        await _end(closed)
        self.speaks.set()

    async def _refuse(self) -> None:
        listening = [self._listener] if self._listener is not None else []
        self._listener = None
        await _end([*listening, *self._connections])

    async def _accept(self) -> None:
        if self._listener is None:
            host, _, port = self.address.rpartition(":")
            listener = socket.create_server((host, int(port)), backlog=64)
            listener.setblocking(False)
            self._listener = asyncio.create_task(self._listen(listener))

    async def _listen(self, listener: socket.socket) -> None:
        with listener:
            while True:
                client, _ = await asyncio.get_running_loop().sock_accept(listener)
                connection = _Connection(client)
                task = asyncio.create_task(connection.serve(self))
                self._connections[task] = connection
                task.add_done_callback(self._connections.pop)


class _Connection:
    """Two sockets and what flows between them."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._server = socket.socket()
        self._server.setblocking(False)

    async def serve(self, link: Link) -> None:
        """Connect and forward until both ends are done or one is lost."""
        host, _, port = link.target.rpartition(":")
        with self._client, self._server:
            await link.speaks.wait()
            try:
                await asyncio.get_running_loop().sock_connect(self._server, (host, int(port)))
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._forward(self._client, self._server, link))
                    group.create_task(self._forward(self._server, self._client, link))
            except* OSError:
                pass

    def is_half_closed(self) -> bool:
        """Whether an end has closed, even if data that it sent before still waits."""
        poll = select.poll()
        for each in (self._client, self._server):
            poll.register(each, select.POLLRDHUP)
        return any(event & select.POLLRDHUP for _, event in poll.poll(0))

    async def _forward(self, source: socket.socket, sink: socket.socket, link: Link) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(source, CHUNK)
            await link.speaks.wait()
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            link.last_traffic = time.monotonic()
            if source is self._client and REGISTER_BROKER in data:
                link.announcements.append(link.last_traffic)
            await loop.sock_sendall(sink, data)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
