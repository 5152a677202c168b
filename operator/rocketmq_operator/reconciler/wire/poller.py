"""All servers of all clusters, each with its session."""

import asyncio
from collections.abc import Callable, Iterable

import aiohttp

from rocketmq_operator.reconciler.kinds import Key
from rocketmq_operator.reconciler.reports import Orders, Report, Target
from rocketmq_operator.reconciler.wire.httpview import HttpViewClient
from rocketmq_operator.reconciler.wire.session import Session


class Poller:
    """Owns the sessions; ``on_change`` is called with the cluster whose reports changed."""

    def __init__(self, on_change: Callable[[Key], None], may_write: Callable[[], bool]) -> None:
        self._on_change = on_change
        self._may_write = may_write
        self._sessions: dict[Key, dict[str, Session]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        connector = aiohttp.TCPConnector(limit=0, force_close=False)
        self._http = aiohttp.ClientSession(connector=connector)

    def ensure(self, key: Key, targets: Iterable[Target], orders: Orders) -> None:
        """Watch exactly these servers of a cluster, under these orders; never waits."""
        sessions = self._sessions.setdefault(key, {})
        wanted = {target.pod: target for target in targets}
        for pod, session in list(sessions.items()):
            if wanted.get(pod) != session.target:
                self._end(sessions.pop(pod))
        for pod, target in wanted.items():
            if pod in sessions:
                sessions[pod].order(orders)
            else:
                sessions[pod] = self._begin(key, target, orders)

    def reports(self, key: Key) -> dict[str, Report]:
        """The last report of each watched server of a cluster, by pod."""
        return {pod: session.report for pod, session in self._sessions.get(key, {}).items()}

    async def still_answer(self, key: Key, without: str) -> bool:
        """Ask now whether those that last answered still do, all but one pod."""
        sessions = self._sessions.get(key, {}).items()
        asked = (each.answers() for pod, each in sessions if pod != without and each.report.view)
        return all(await asyncio.gather(*asked))

    def forget(self, key: Key) -> None:
        """Stop watching a cluster; never waits."""
        for session in self._sessions.pop(key, {}).values():
            self._end(session)

    async def close(self) -> None:
        """End all sessions and wait for their ends."""
        for key in list(self._sessions):
            self.forget(key)
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._http.close()

    def _begin(self, key: Key, target: Target, orders: Orders) -> Session:
        view = HttpViewClient(self._http, target.http)
        return Session(target, orders, view, lambda: self._on_change(key), self._may_write)

    def _end(self, session: Session) -> None:
        task = asyncio.create_task(session.close(), name=f"close {session.target.pod}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
