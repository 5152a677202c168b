"""``rocketmq-nameserver``: start, serve until SIGTERM or SIGINT, stop."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence

import uvloop

from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.nameserver import startup
from rocketmq_operator.nameserver.http_side import HttpSide
from rocketmq_operator.nameserver.processor import Processor
from rocketmq_operator.nameserver.service import Clock, Service
from rocketmq_operator.nameserver.startup import Startup
from rocketmq_operator.protocol import properties

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
    try:
        uvloop.run(_serve(setup))
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


async def _serve(setup: Startup) -> None:
    clock = Clock()
    processor = Processor(
        setup.configuration, setup.kv, started=clock(), serialize_type=setup.serialize_type
    )
    service = Service(processor, setup.kv_path, setup.config_path, clock)
    http = HttpSide(service)
    stop = _stop_signal()
    try:
        host, port = await service.start(*setup.listen)
        if setup.http is not None:
            _log.info("HTTP on %s", await http.start(*setup.http, f"{host}:{port}"))
        gc.collect()
        gc.freeze()
        _announce(setup, f"{host}:{port}")
        await stop.wait()
        _log.info("stopping")
    finally:
        await service.stop()
        await http.stop()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _announce(setup: Startup, address: str) -> None:
    """Java's lines on stdout; a closed stdout is no reason to stop."""
    with contextlib.suppress(OSError):
        if setup.loaded_file:
            print(f"load config properties file OK, {setup.loaded_file}")
        kind = setup.serialize_type.name
        print(f"The Name Server boot success. serializeType={kind}, address {address}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
