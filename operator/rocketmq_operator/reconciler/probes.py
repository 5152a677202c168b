"""The operator's own HTTP side: liveness, readiness and metrics, on every replica."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from rocketmq_operator.reconciler.metrics import REGISTRY
from rocketmq_operator.transport.listening import listener

Check = Callable[[], str]
"""Tells what is wrong in a sentence, or "" when all is well."""

SHUTDOWN_TIMEOUT: Final = 2.0


@asynccontextmanager
async def serving(host: str, port: int, *, alive: Check, ready: Check) -> AsyncIterator[None]:
    """Serve ``/livez``, ``/readyz`` and ``/metrics`` while the context is open.

    That ``/livez`` answers at all proves that the loop turns; ``alive`` tells what only another
    process can mend.

    OSError where the address cannot be listened on.
    """
    app = web.Application()
    app.router.add_get("/livez", _probe(alive))
    app.router.add_get("/readyz", _probe(ready))
    app.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await web.SockSite(runner, listener(host, port)).start()
        yield
    finally:
        await asyncio.shield(runner.cleanup())


def _probe(check: Check) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        trouble = check()
        return web.Response(status=503 if trouble else 200, text=f"{trouble or 'ok'}\n")

    return answer


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )
