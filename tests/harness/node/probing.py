"""Asking containers how they are."""

import asyncio
from collections.abc import Callable

import aiohttp

from harness.node.instance import Instance
from harness.node.objects import Object
from harness.node.probes import Probe, Tally, port_number

USER_AGENT = "kube-probe/embedded"
EITHER = frozenset({True, False})
FAILURE = frozenset({False})


class Prober:
    """Runs the actions of probes and hooks against one instance of a container."""

    def __init__(self, container: Object, pod_ip: str, instance: Instance) -> None:
        self._container = container
        self._pod_ip = pod_ip
        self._instance = instance

    async def watch(self, probe: Probe, tell: Callable[[bool], None]) -> None:
        """Ask for ever and call `tell` with every answer that reaches its threshold."""
        tally = Tally(probe)
        await asyncio.sleep(probe.initial_delay)
        while True:
            verdict = tally.add(await self.ask(probe))
            if verdict is not None:
                tell(verdict)
            await asyncio.sleep(probe.period)

    async def verdict(self, probe: Probe, *, accepted: frozenset[bool] = EITHER) -> bool:
        """Ask until one of the accepted answers reaches its threshold."""
        first: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def settle(answer: bool) -> None:
            if answer in accepted and not first.done():
                first.set_result(answer)

        watching = asyncio.create_task(self.watch(probe, settle))
        try:
            return await first
        finally:
            watching.cancel()

    async def ask(self, probe: Probe) -> bool:
        """Ask once; no answer in time is a failure."""
        try:
            async with asyncio.timeout(probe.timeout):
                return await self.act(probe.action)
        except (TimeoutError, OSError, aiohttp.ClientError, ValueError):
            return False

    async def act(self, action: Object) -> bool:
        """Do what a probe or a life cycle hook says; raises what the action raises."""
        if command := action.get("exec"):
            return await self._instance.execute(command["command"]) == 0
        if request := action.get("httpGet"):
            return await self._get(request)
        if pause := action.get("sleep"):
            await asyncio.sleep(pause["seconds"])
            return True
        target = action["tcpSocket"]
        port = port_number(self._container, target["port"])
        _, writer = await asyncio.open_connection(target.get("host") or self._pod_ip, port)
        writer.close()
        return True

    async def _get(self, request: Object) -> bool:
        """Certificates are not checked, as by a kubelet."""
        scheme = request.get("scheme", "HTTP").lower()
        port = port_number(self._container, request["port"])
        host = request.get("host") or self._pod_ip
        path = "/" + request.get("path", "/").removeprefix("/")
        headers = {entry["name"]: entry["value"] for entry in request.get("httpHeaders", ())}
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session,
            session.get(
                f"{scheme}://{host}:{port}{path}",
                headers={"User-Agent": USER_AGENT} | headers,
                allow_redirects=False,
            ) as response,
        ):
            return 200 <= response.status < 400
