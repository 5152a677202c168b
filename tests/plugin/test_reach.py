"""The ways to a server: what is tried, and what is said when none leads there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from rocketmq_operator.plugin.options import Way
from rocketmq_operator.plugin.reach import (
    Direct,
    Forward,
    RefusedError,
    UnreachableError,
    reach,
    session,
)
from rocketmq_operator.reconciler.kube.api import KubeError

POD = {
    "metadata": {"name": "s-0", "namespace": "mq", "uid": "u"},
    "status": {"podIP": "127.0.0.1"},
}


class Api:
    """The part of KubeApi that the pod proxy needs."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body
        self.paths: list[str] = []

    async def raw(self, path: str, query: Any = None) -> tuple[int, bytes]:
        assert query is None
        self.paths.append(path)
        if self.status == 0:
            raise KubeError(0, "Unreachable", "no route")
        return self.status, json.dumps(self.body).encode()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server with one view and one refusal."""

    async def view(_: web.Request) -> web.Response:
        return web.json_response({"version": "1"})

    async def refusal(_: web.Request) -> web.Response:
        return web.json_response({"error": "no such topic"}, status=404)

    app = web.Application()
    app.add_routes([web.get("/view", view), web.get("/refusal", refusal)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
def no_kubectl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


async def got(way: Way, api: Api, path: str = "view", port: int = 8080) -> Any:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(session())
        found = reach(way, api, http, [], stack)  # type: ignore[arg-type]
        return await found.get(POD, port, path)


async def test_the_pod_proxy_is_asked_at_the_port_of_the_server() -> None:
    api = Api(200, {"version": "1"})
    assert await got(Way.PROXY, api, port=81) == {"version": "1"}
    assert api.paths == ["/api/v1/namespaces/mq/pods/s-0:81/proxy/view"]


async def test_a_refusal_of_the_server_is_not_one_of_the_api() -> None:
    with pytest.raises(RefusedError, match="no such topic"):
        await got(Way.PROXY, Api(404, {"error": "no such topic"}))
    status = {"kind": "Status", "message": "pods is forbidden", "reason": "Forbidden"}
    with pytest.raises(UnreachableError, match="pods is forbidden"):
        await got(Way.PROXY, Api(403, status))


async def test_an_api_that_is_away_is_no_answer() -> None:
    with pytest.raises(UnreachableError, match="no route"):
        await got(Way.PROXY, Api(0, {}))


@pytest.mark.usefixtures("no_kubectl")
async def test_auto_tells_all_that_was_tried() -> None:
    with pytest.raises(UnreachableError, match=r"pod proxy: no route; port-forward: there is no"):
        await got(Way.AUTO, Api(0, {}))


async def test_a_pod_is_asked_at_its_own_address(port: int) -> None:
    assert await got(Way.DIRECT, Api(0, {}), port=port) == {"version": "1"}
    with pytest.raises(RefusedError, match="no such topic"):
        await got(Way.DIRECT, Api(0, {}), "refusal", port)


async def test_a_pod_without_an_address_is_no_answer() -> None:
    async with session() as http:
        with pytest.raises(UnreachableError, match="no address yet"):
            await Direct(http).get({"metadata": {}, "status": {}}, 80, "view")


def kubectl(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A kubectl that does what is to be tried."""
    program = directory / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


def lives(pid: Path) -> bool:
    return Path(f"/proc/{pid.read_text().strip()}").exists()


async def test_port_forward_is_started_once_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    words, pid = tmp_path / "words", tmp_path / "pid"
    kubectl(
        tmp_path,
        monkeypatch,
        f'echo "$@" >>{words}; echo $$ >{pid}\n'
        f'echo "Forwarding from 127.0.0.1:{port} -> 8080"; exec sleep 60',
    )
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(session())
        forward = Forward(http, ["--context=c"], stack)
        answers = await asyncio.gather(*(forward.get(POD, 8080, "view") for _ in range(2)))
    assert answers == [{"version": "1"}] * 2
    assert words.read_text() == "--context=c -n mq port-forward pod/s-0 :8080\n"
    assert not lives(pid)


async def test_what_kubectl_says_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl(tmp_path, monkeypatch, 'echo "error: not allowed" >&2; exit 1')
    with pytest.raises(UnreachableError, match="port-forward: error: not allowed"):
        await got(Way.FORWARD, Api(0, {}))


async def test_auto_goes_on_with_the_way_that_led_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    script = f'echo "Forwarding from 127.0.0.1:{port} -> 8080"; exec sleep 60'
    kubectl(tmp_path, monkeypatch, script)
    api = Api(0, {})
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(session())
        auto = reach(Way.AUTO, api, http, [], stack)  # type: ignore[arg-type]
        for _ in range(2):
            assert await auto.get(POD, 8080, "view") == {"version": "1"}
    assert len(api.paths) == 1
