"""The ways to the HTTP side of a server.

Through the API server's pod proxy, as kubectl does it. A NetworkPolicy or missing rights may
forbid that; then by ``kubectl port-forward``, which ends in the pod itself. From inside the cluster
the pod's own address does.
"""

import asyncio
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import aiohttp

from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.plugin.access import MANAGER
from rocketmq_operator.plugin.options import Way
from rocketmq_operator.reconciler.kinds import POD, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError

SECONDS: Final = 5.0
"""For one answer of a server."""
FORWARD_SECONDS: Final = 10.0
"""For kubectl to begin with forwarding."""
FORWARDING: Final = "Forwarding from 127.0.0.1:"
GRACE: Final = 2.0


class UnreachableError(RocketMQError):
    """No answer came from a server."""


class RefusedError(RocketMQError):
    """A server answered, and said no."""


class Reach(ABC):
    """One way to servers."""

    @abstractmethod
    async def answer(self, pod: Object, port: int, path: str) -> tuple[int, bytes]:
        """HTTP status and body of GET ``path`` at a pod. Raises UnreachableError."""

    async def get(self, pod: Object, port: int, path: str) -> Mapping[str, Any]:
        """A server's JSON object. Raises UnreachableError, RefusedError."""
        status, data = await self.answer(pod, port, path)
        body = _decoded(data)
        if status >= 400:
            words = body.get("error") or f"HTTP {status} for /{path}"
            raise RefusedError(str(words))
        return body


class Proxy(Reach):
    """By the API server."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    async def answer(self, pod: Object, port: int, path: str) -> tuple[int, bytes]:
        """As of :class:`Reach`."""
        metadata = pod["metadata"]
        where = POD.path(metadata["namespace"], f"{metadata['name']}:{port}", "proxy")
        try:
            async with asyncio.timeout(SECONDS):
                status, data = await self._api.raw(f"{where}/{path}")
        except TimeoutError:
            raise UnreachableError(f"pod proxy: no answer in {SECONDS:g} s") from None
        except KubeError as error:
            raise UnreachableError(f"pod proxy: {error}") from error
        said = _decoded(data) if status >= 400 else {}
        if said.get("kind") == "Status":
            raise UnreachableError(f"pod proxy: {said.get('message')}")
        return status, data


class Direct(Reach):
    """At the pod's own address."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def answer(self, pod: Object, port: int, path: str) -> tuple[int, bytes]:
        """As of :class:`Reach`."""
        address = pod.get("status", {}).get("podIP")
        if not address:
            raise UnreachableError("the pod has no address yet")
        host = f"[{address}]" if ":" in address else address
        return await fetch(self._session, f"http://{host}:{port}/{path}")


class Forward(Reach):
    """By ``kubectl port-forward``, one process for each pod, until the end of ``stack``."""

    def __init__(
        self, session: aiohttp.ClientSession, options: list[str], stack: AsyncExitStack
    ) -> None:
        self._session = session
        self._options = options
        self._stack = stack
        self._ports: dict[tuple[str, int], asyncio.Task[int]] = {}

    async def answer(self, pod: Object, port: int, path: str) -> tuple[int, bytes]:
        """As of :class:`Reach`."""
        key = (pod["metadata"]["uid"], port)
        if key not in self._ports:
            self._ports[key] = asyncio.create_task(self._start(pod, port))
        local = await self._ports[key]
        return await fetch(self._session, f"http://127.0.0.1:{local}/{path}")

    async def _start(self, pod: Object, port: int) -> int:
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            raise UnreachableError("port-forward: there is no kubectl in PATH")
        metadata = pod["metadata"]
        words = ["-n", metadata["namespace"], "port-forward", f"pod/{metadata['name']}", f":{port}"]
        process = await asyncio.create_subprocess_exec(
            kubectl,
            *self._options,
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._stack.push_async_callback(_end, process)
        return await _local_port(process)


class Auto(Reach):
    """By the first of several ways that leads to a pod; that one is tried first from then on."""

    def __init__(self, ways: list[Reach]) -> None:
        self._ways = ways
        self._worked: dict[str, Reach] = {}

    async def answer(self, pod: Object, port: int, path: str) -> tuple[int, bytes]:
        """As of :class:`Reach`."""
        uid, reasons = pod["metadata"]["uid"], []
        known = self._worked.get(uid)
        for way in sorted(self._ways, key=lambda way: way is not known):
            try:
                found = await way.answer(pod, port, path)
            except UnreachableError as error:
                reasons.append(str(error))
            else:
                self._worked[uid] = way
                return found
        raise UnreachableError("; ".join(reasons))


def reach(
    way: Way,
    api: KubeApi,
    session: aiohttp.ClientSession,
    kubectl: list[str],
    stack: AsyncExitStack,
) -> Reach:
    """The way that was asked for; ``kubectl`` are its options that name the cluster."""
    proxy, forward = Proxy(api), Forward(session, kubectl, stack)
    ways: dict[Way, Reach] = {
        Way.AUTO: Auto([proxy, forward]),
        Way.PROXY: proxy,
        Way.FORWARD: forward,
        Way.DIRECT: Direct(session),
    }
    return ways[way]


def session() -> aiohttp.ClientSession:
    """For what goes to servers without the API server."""
    return aiohttp.ClientSession(headers={"User-Agent": MANAGER})


async def fetch(http: aiohttp.ClientSession, url: str) -> tuple[int, bytes]:
    """HTTP status and body. Raises UnreachableError."""
    limits = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with http.get(url, timeout=limits) as response:
            return response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnreachableError(f"{url}: {str(error) or 'no answer'}") from error


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def _local_port(process: asyncio.subprocess.Process) -> int:
    if process.stdout is None or process.stderr is None:
        raise SettingsError("port-forward: its output is not read")
    try:
        async with asyncio.timeout(FORWARD_SECONDS):
            line = (await process.stdout.readline()).decode()
            if line.startswith(FORWARDING):
                return int(line.removeprefix(FORWARDING).split()[0])
            said = (await process.stderr.read()).decode().strip()
    except TimeoutError:
        said = f"no answer in {FORWARD_SECONDS:g} s"
    raise UnreachableError(f"port-forward: {said}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), GRACE)
    except TimeoutError:
        process.kill()
        await process.wait()
