"""The program itself, against an API server that says what the test wants it to say.

What a cluster of the harness cannot do is tried here: logs, the pod proxy, refusals, watching.
"""

import asyncio
import json
import os
import signal
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

Made = Callable[..., dict[str, Any]]

PROGRAM: Final = Path(sys.executable).parent / "kubectl-nsc"
CLUSTERS: Final = "/apis/namesrv.dev/v1alpha1/namespaces/mq/nameserverclusters"
PODS: Final = "/api/v1/namespaces/mq/pods"
OPERATOR_PODS: Final = "/api/v1/namespaces/rocketmq-system/pods"
SECRET: Final = "hunter2-hunter2"
TIMEOUT: Final = 120


class Api:
    """Answers by path: JSON or text, with a status; empty lists for the rest."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.patched: list[tuple[str, Any]] = []

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "PATCH":
            self.patched.append((request.path, await request.json()))
            return web.json_response({})
        status, body = self.answers.get(request.path, (200, listed()))
        if isinstance(body, str):
            return web.Response(text=body, status=status)
        return web.json_response(body, status=status)


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "metadata": {"resourceVersion": "1"}}


def pod(name: str, namespace: str = "mq", **container: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": name}
    spec = {"containers": [{"name": "nameserver", **container}]}
    return {"metadata": metadata, "spec": spec, "status": {}}


@pytest.fixture
async def api(make: Made) -> Api:
    """One cluster, and the two pods of its servers."""
    found = Api()
    found.answers[CLUSTERS] = (200, listed(make()))
    found.answers[f"{CLUSTERS}/prod"] = (200, make())
    names = ("prod-nameserver-0", "prod-nameserver-1")
    found.answers[PODS] = (200, listed(*map(pod, names)))
    return found


@pytest.fixture
async def kubeconfig(api: Api, tmp_path: Path) -> AsyncIterator[Path]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield path
    await runner.cleanup()


def write_kubeconfig(path: Path, server: str) -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "mq"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    path.write_text(json.dumps(document))


async def start(
    kubeconfig: Path, *words: str | Path, **environment: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        PROGRAM,
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "KUBECONFIG": str(kubeconfig), **environment},
    )


async def run(
    kubeconfig: Path, *words: str | Path, **environment: str
) -> tuple[int | None, str, str]:
    """Exit code, stdout, stderr."""
    process = await start(kubeconfig, *words, **environment)
    async with asyncio.timeout(TIMEOUT):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def proxied(api: Api, path: str, **bodies: Any) -> None:
    for number, body in bodies.items():
        name = f"prod-nameserver-{number[-1]}"
        api.answers[f"{PODS}/{name}:8080/proxy/{path}"] = body


async def test_colours_are_for_terminals(kubeconfig: Path) -> None:
    plain = await run(kubeconfig, "status")
    assert plain[0] == 0
    assert "\x1b" not in plain[1]
    assert "\x1b[32mRunning" in (await run(kubeconfig, "status", FORCE_COLOR="1"))[1]
    quiet = await run(kubeconfig, "status", FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b[32m" not in quiet[1]


async def test_servers_are_asked_through_the_api_server(api: Api, kubeconfig: Path) -> None:
    tables = [{"namespaces": {"app": {"a": "1"}}}, {"namespaces": {"app": {"a": "2"}}}]
    proxied(api, "api/v1/kv", s0=(200, tables[0]), s1=(200, tables[1]))
    code, out, err = await run(kubeconfig, "kv", "get", "app", "a")
    assert (code, out) == (1, "1\n")
    assert err == "not the same on all servers: app/a\n"


async def test_a_topic_with_odd_letters_is_found(api: Api, kubeconfig: Path) -> None:
    route = {"brokerDatas": [], "queueDatas": []}
    proxied(api, "api/v1/routes/%RETRY%a/b", s0=(200, route), s1=(200, route))
    code, out, _ = await run(kubeconfig, "routes", "%RETRY%a/b", "--reach", "proxy")
    assert (code, out.splitlines()[0]) == (
        0,
        "%RETRY%a/b, as told by prod-nameserver-0, prod-nameserver-1",
    )


async def test_what_the_api_server_forbids_is_said_with_the_pod(api: Api, kubeconfig: Path) -> None:
    refusal = {"kind": "Status", "message": "pods/proxy is forbidden", "reason": "Forbidden"}
    proxied(api, "api/v1/config", s0=(403, refusal), s1=(403, refusal))
    code, _, err = await run(kubeconfig, "config", "diff", "--reach", "proxy")
    assert code == 1
    assert "  prod-nameserver-0: pod proxy: pods/proxy is forbidden\n" in err


async def test_an_older_server_without_the_view_is_told(api: Api, kubeconfig: Path) -> None:
    proxied(api, "api/v1/config", s0=(404, "404: Not Found"), s1=(404, "404: Not Found"))
    _, _, err = await run(kubeconfig, "config", "diff", "--reach", "proxy")
    assert "prod-nameserver-0: HTTP 404 for /api/v1/config" in err


async def test_a_change_names_the_version_that_it_is_of(api: Api, kubeconfig: Path) -> None:
    assert (await run(kubeconfig, "pause", "prod"))[0] == 0
    assert api.patched == [
        (f"{CLUSTERS}/prod", {"metadata": {"resourceVersion": "7"}, "spec": {"paused": True}})
    ]


async def test_a_pause_of_what_is_paused_changes_nothing(
    api: Api, kubeconfig: Path, make: Made
) -> None:
    api.answers[f"{CLUSTERS}/prod"] = (200, make({"paused": True}))
    _, out, _ = await run(kubeconfig, "pause", "prod")
    assert (out, api.patched) == ("prod is paused already\n", [])


async def test_a_watch_tells_each_change_once_and_ends_well(
    api: Api, kubeconfig: Path, make: Made
) -> None:
    process = await start(kubeconfig, "brokers", "prod", "--watch", "-o", "yaml")
    assert process.stdout is not None
    async with asyncio.timeout(TIMEOUT):
        assert await process.stdout.readline() == b"[]\n"
        broker = {"cluster": "c", "name": "a", "id": 0, "address": "a:1", "state": "Online"}
        changed = make(brokers=[broker], brokerSummary={"known": 1, "listed": 1})
        api.answers[f"{CLUSTERS}/prod"] = (200, changed)
        assert b"cluster: c" in await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.endswith(b"state: Online\n")


async def test_a_report_cleans_logs_and_tells_what_it_could_not_read(
    api: Api, kubeconfig: Path, tmp_path: Path
) -> None:
    server = pod("prod-nameserver-0", env=[{"name": "TOKEN", "value": SECRET}])
    server["spec"]["containers"].append({"name": "sidecar"})
    server["status"]["containerStatuses"] = [{"name": "sidecar", "restartCount": 1}]
    api.answers[PODS] = (200, listed(server))
    api.answers[f"{PODS}/prod-nameserver-0/log"] = (200, f"connected with {SECRET}\n")
    operator = pod("operator-0", "rocketmq-system", env=[{"name": "T", "value": "long-" + SECRET}])
    api.answers[OPERATOR_PODS] = (200, listed(operator))
    refusal = {"kind": "Status", "message": "no logs for you", "reason": "Forbidden"}
    api.answers[f"{OPERATOR_PODS}/operator-0/log"] = (403, refusal)
    api.answers["/api/v1/namespaces/mq/services"] = (403, refusal)
    proxied(api, "api/v1/server", s0=(200, {"version": "1", "said": SECRET}))
    file = tmp_path / "r.tar.gz"
    code, out, _ = await run(kubeconfig, "report", "-o", file, "--reach", "proxy")
    assert code == 0
    assert "look through it before you send it" in out
    texts = unpacked(file)
    assert SECRET not in "".join(texts.values())
    for log in ("nameserver", "sidecar", "sidecar-previous"):
        assert "connected with <removed" in texts[f"mq/prod/servers/prod-nameserver-0-{log}.log"]
    assert "prod-nameserver-0-server.json" in " ".join(texts)
    errors = texts["errors.txt"]
    assert "services: " in errors
    assert "operator/operator-0-nameserver.log: " in errors
    assert "no logs for you" in errors


def unpacked(file: Path) -> dict[str, str]:
    with tarfile.open(file) as archive:
        found = ((each.name, archive.extractfile(each)) for each in archive.getmembers())
        return {
            name.removeprefix("nsc-report/"): data.read().decode() for name, data in found if data
        }


async def test_a_report_that_cannot_be_written_says_so(kubeconfig: Path) -> None:
    code, _, err = await run(kubeconfig, "report", "-o", "/proc/nope/r.tar.gz", "--reach", "proxy")
    assert code == 1
    assert "name another file with -o" in err


@pytest.mark.parametrize(("words", "code"), [(["status", "nope"], 1), (["status", "-n", "x"], 1)])
async def test_what_is_not_there_is_1(
    api: Api, kubeconfig: Path, words: list[str], code: int
) -> None:
    missing = {"kind": "Status", "reason": "NotFound", "message": "not found"}
    api.answers[f"{CLUSTERS}/nope"] = (404, missing)
    found, _, err = await run(kubeconfig, *words)
    assert found == code
    assert "there is no NameServerCluster" in err
