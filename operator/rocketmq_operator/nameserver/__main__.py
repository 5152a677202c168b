"""``rocketmq-nameserver``: start, serve until SIGTERM or SIGINT, stop."""

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence

import uvloop

from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.nameserver import startup
from rocketmq_operator.nameserver.loglimit import LogLimit
from rocketmq_operator.nameserver.processor import Processor
from rocketmq_operator.nameserver.service import Clock, Service, supervised
from rocketmq_operator.nameserver.startup import Startup
from rocketmq_operator.protocol import properties
from rocketmq_operator.transport.tls import ServerTls

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Of glibc's `mallopt`."""
_LARGE = 4 * 1024 * 1024
_SPARE = 16 * 1024 * 1024

_log = logging.getLogger("rocketmq_operator.nameserver")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a server. Exit code 0 after a signal, 2 for wrong settings, 1 for anything else."""
    arguments = startup.parse(sys.argv[1:] if argv is None else argv)
    try:
        setup = startup.read(arguments, os.environ)
    except SettingsError as error:
        print(f"rocketmq-nameserver: {error}", file=sys.stderr)
        return 2
    except RocketMQError as error:
        print(f"rocketmq-nameserver: {error}", file=sys.stderr)
        return 1
    if arguments.printConfigItem:
        print(properties.print_raw(setup.configuration.printed()), end="")
        return 0
    _log_to_stderr(setup)
    _allow_many_connections()
    _return_large_buffers()
    try:
        uvloop.run(_serve(setup))
    except SettingsError as error:
        print(f"rocketmq-nameserver: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"rocketmq-nameserver: {error}; free the address or name another", file=sys.stderr)
        return 1
    return 0


def _log_to_stderr(setup: Startup) -> None:
    logging.basicConfig(
        level=setup.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    for warning in setup.warnings:
        _log.warning("%s", warning)
    for handler in logging.getLogger().handlers:
        handler.addFilter(LogLimit(time.monotonic))


async def _serve(setup: Startup) -> None:
    clock = Clock()
    processor = Processor(
        setup.configuration, setup.kv, started=clock(), serialize_type=setup.serialize_type
    )
    tls = ServerTls(setup.tls)
    service = Service(processor, setup.kv_path, setup.config_path, clock, tls)
    stop, at_once = _stop_signals()
    async with _http(setup, service) as instance:
        try:
            async with _warm(setup, service, instance):
                await service.start(*setup.listen)
                gc.collect()
                gc.freeze()
                _announce(setup, service.address)
                await stop.wait()
                _log.info("stopping")
                await service.go_away(at_once)
        finally:
            await service.stop()


@contextlib.asynccontextmanager
async def _http(setup: Startup, service: Service) -> AsyncIterator[str]:
    """Answer HTTP inside, if that is wanted; the name by which this server goes there."""
    if setup.http is None:
        yield ""
        return
    # Imported here: it takes a quarter of a second to load.
    from rocketmq_operator.nameserver.http_side import HttpSide  # noqa: PLC0415

    http = HttpSide(service, setup.address_list)
    try:
        _log.info("HTTP on %s", await http.start(*setup.http))
        yield http.instance
    finally:
        await http.stop()


@contextlib.asynccontextmanager
async def _warm(setup: Startup, service: Service, instance: str) -> AsyncIterator[None]:
    """Serve inside: with what the peers know, and watching whether it is still true."""
    if not setup.peers:
        yield
        return
    # Imported here: it takes a quarter of a second to load.
    from rocketmq_operator.nameserver.warmstart import WarmStart  # noqa: PLC0415

    start = WarmStart(service, setup.peers, instance)
    await start.gather()
    following = asyncio.create_task(supervised(start.follow), name="follow")
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _stop_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first signal, and by the second: somebody is in a hurry."""
    stop, at_once = asyncio.Event(), asyncio.Event()

    def signalled() -> None:
        (at_once if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signalled)
    return stop, at_once


def _return_large_buffers() -> None:
    """Let glibc give large buffers, and what is spare beyond some, back to the kernel when freed.

    Left alone it raises the first threshold with the first large registration and keeps later ones.
    Smaller buffers are kept: the kernel takes 5 ms to hand out anew what a registration of 2 MB
    needs.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _SPARE)


def _allow_many_connections() -> None:
    """Raise the soft limit of open files to the hard one, as a JVM does for itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _announce(setup: Startup, address: str) -> None:
    """Java's lines on stdout; a closed stdout is no reason to stop."""
    with contextlib.suppress(OSError):
        if setup.loaded_file:
            print(f"load config properties file OK, {setup.loaded_file}")
        kind = setup.serialize_type.name
        print(f"The Name Server boot success. serializeType={kind}, address {address}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
