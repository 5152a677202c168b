"""The operator's log: plain or JSON, each line with the object that it is about."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from pythonjsonlogger.json import JsonFormatter

FORMATS: Final = ("plain", "json")
PLAIN: Final = "%(asctime)s %(levelname)s %(name)s [%(object)s] %(message)s"
FIELDS: Final = ("asctime", "levelname", "name", "object", "message")
NAMES: Final = {"asctime": "time", "levelname": "level", "name": "logger"}
CHATTY: Final = ("kopf.objects", "kopf.activities", "kopf._core", "aiohttp.access")
DISCOVERY: Final = "kopf._core.reactor.observation"
"""Warns of each API that is not installed; those of optional objects often are not."""

_object: ContextVar[str] = ContextVar("object", default="-")


@contextmanager
def about(what: object) -> Iterator[None]:
    """Log lines from here on, and those of tasks begun here, are about ``what``."""
    token = _object.set(str(what))
    try:
        yield
    finally:
        _object.reset(token)


def configure(level: str, form: str) -> None:
    """Log to stderr from ``level`` on, in one of :data:`FORMATS`."""
    handler = logging.StreamHandler()
    handler.addFilter(_tell_object)
    if form == "json":
        handler.setFormatter(JsonFormatter(list(FIELDS), rename_fields=NAMES))
    else:
        handler.setFormatter(logging.Formatter(PLAIN))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(DISCOVERY).setLevel(logging.ERROR)


def _tell_object(record: logging.LogRecord) -> bool:
    record.object = _object.get()
    return True
