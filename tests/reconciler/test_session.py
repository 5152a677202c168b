"""One watched server: pushed to, read back, followed; ours and the Java one."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from harness import java
from harness.loopback import claimed_range
from harness.processes import Child, start
from harness.server import Server
from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.reconciler.kinds import Key
from rocketmq_operator.reconciler.reports import Orders, Target
from rocketmq_operator.reconciler.sync import Wanted, drift
from rocketmq_operator.reconciler.wire.httpview import HttpViewClient
from rocketmq_operator.reconciler.wire.poller import Poller
from rocketmq_operator.reconciler.wire.session import Session

PROGRAM = Path(sys.executable).with_name("rocketmq-nameserver")
STARTED = datetime.now(UTC) - timedelta(hours=1)
WANTED = Wanted({"orderMessageEnable": "true"}, kv={"app": {"a": "1"}})
ORDERS = Orders(WANTED, probe_interval=60, drift_interval=60, stale_after=45, writable=True)


class Watched:
    """A session on one server, and how often its report changed."""

    def __init__(self, http: aiohttp.ClientSession, address: str, orders: Orders) -> None:
        host, _, port = address.rpartition(":")
        target = Target("pod-0", "uid", host, int(port), 8080, STARTED)
        view = HttpViewClient(http, target.http)
        self.changes = 0
        self.session = Session(target, orders, view, self._changed, lambda: True)

    def _changed(self) -> None:
        self.changes += 1

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.02)

    @property
    def in_sync(self) -> bool:
        held = self.session.report.held
        found = drift(WANTED, held) if held else None
        return bool(found and found.config_in_sync and found.kv_in_sync)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[dict[str, Child]]:
    """Two of our own servers by address, each with its HTTP view on port 8080 beside it."""
    with claimed_range() as prefix:
        found = {}
        for host in (f"{prefix}.0.9", f"{prefix}.0.10"):
            command = [PROGRAM, "--listen", f"{host}:9876", "--http", f"{host}:8080"]
            directory = tmp_path / host
            directory.mkdir()
            command += ["--data-dir", str(directory)]
            found[f"{host}:9876"] = start(command, log=directory / "log")
        yield found
        for child in found.values():
            await asyncio.to_thread(child.kill)


@pytest.fixture
def ours(pair: dict[str, Child]) -> str:
    """The address of one of them."""
    return next(iter(pair))


async def test_a_server_gets_what_is_wanted_and_is_read_back(
    http: aiohttp.ClientSession, ours: str
) -> None:
    watched = Watched(http, ours, ORDERS)
    await watched.until(lambda: watched.in_sync)
    assert (await asyncio.to_thread(Server(ours).kv, "app")) == {"a": "1"}
    await watched.session.close()


async def test_drift_is_seen_and_mended_at_once_by_the_long_poll(
    http: aiohttp.ClientSession, ours: str
) -> None:
    watched = Watched(http, ours, ORDERS)
    await watched.until(lambda: watched.in_sync and bool(watched.session.report.version))
    await asyncio.to_thread(Server(ours).put, "app", "a", "tampered")
    async with asyncio.timeout(10):
        while await asyncio.to_thread(Server(ours).kv, "app") != {"a": "1"}:
            await asyncio.sleep(0.05)
    await watched.session.close()


async def test_new_orders_are_carried_out_at_once(http: aiohttp.ClientSession, ours: str) -> None:
    watched = Watched(http, ours, replace(ORDERS, wanted=Wanted()))
    await watched.until(lambda: watched.session.report.held is not None)
    watched.session.order(ORDERS)
    await watched.until(lambda: watched.in_sync)
    await watched.session.close()


async def test_nothing_is_written_where_it_must_not(http: aiohttp.ClientSession, ours: str) -> None:
    watched = Watched(http, ours, replace(ORDERS, writable=False))
    await watched.until(lambda: watched.session.report.held is not None)
    assert not watched.in_sync
    assert (await asyncio.to_thread(Server(ours).kv, "app")) == {}
    await watched.session.close()


async def test_no_more_is_written_once_the_orders_changed(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {f"k{n}": "v" for n in range(9)}
    watched = Watched(http, "127.0.0.1:1", replace(ORDERS, wanted=Wanted(kv={"app": table})))
    written: dict[str, str] = {}

    async def put(
        self: object, address: str, namespace: str, key: str, value: str, **_: float
    ) -> None:
        written[key] = value
        watched.session.order(replace(ORDERS, writable=False))

    async def config(self: object, address: str, **_: float) -> dict[str, str]:
        return {}

    async def kv(self: object, address: str, namespace: str, **_: float) -> dict[str, str]:
        return dict(written)

    monkeypatch.setattr(AdminClient, "put_kv", put)
    monkeypatch.setattr(AdminClient, "get_namesrv_config", config)
    monkeypatch.setattr(AdminClient, "kv_list", kv)
    await watched.until(lambda: bool(watched.changes))
    assert written == {"k0": "v"}
    await watched.session.close()


async def test_a_server_that_is_not_there_is_told_and_has_no_view(
    http: aiohttp.ClientSession,
) -> None:
    watched = Watched(http, "127.0.0.1:1", ORDERS)
    await watched.until(lambda: bool(watched.session.report.error))
    assert watched.session.report.view is None
    assert "127.0.0.1:1" in watched.session.report.error
    await watched.session.close()


async def test_a_server_that_dies_is_noticed_at_once_by_the_long_poll(
    http: aiohttp.ClientSession, ours: str, pair: dict[str, Child]
) -> None:
    watched = Watched(http, ours, ORDERS)
    await watched.until(lambda: watched.in_sync and bool(watched.session.report.version))
    await asyncio.to_thread(pair[ours].kill)
    await watched.until(lambda: watched.session.report.view is None)
    await watched.session.close()


async def test_a_server_that_answered_before_is_asked_whether_it_still_does(
    pair: dict[str, Child],
) -> None:
    key, poller = Key("ns", "prod"), Poller(lambda _: None, lambda: True)
    hosts = [address.partition(":")[0] for address in pair]
    targets = [Target(f"pod-{n}", "uid", host, 9876, 8080, STARTED) for n, host in enumerate(hosts)]
    poller.ensure(key, targets, ORDERS)
    async with asyncio.timeout(10):
        while not all(report.view for report in poller.reports(key).values()):
            await asyncio.sleep(0.02)
    assert await poller.still_answer(key, without="pod-0")
    list(pair.values())[1].signal(signal.SIGSTOP)
    assert await poller.still_answer(key, without="pod-1")
    assert not await poller.still_answer(key, without="pod-0")
    async with asyncio.timeout(10):
        while poller.reports(key)["pod-1"].view is not None:
            await asyncio.sleep(0.02)
    await poller.close()


async def test_a_java_nameserver_is_kept_in_sync_too(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    server = java.NameServer(tmp_path / "java")
    await asyncio.to_thread(server.start)
    watched = Watched(http, server.address, ORDERS)
    await watched.until(lambda: watched.in_sync)
    assert watched.session.report.view is not None
    await watched.session.close()
    await asyncio.to_thread(server.kill)
