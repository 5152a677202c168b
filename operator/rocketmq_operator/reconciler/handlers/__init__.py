"""Kopf's side of the operator: which objects are watched, and where their events go.

Kopf discovers, watches, reconnects and authenticates. Only event handlers are used, so Kopf
itself never writes to the cluster: no annotation, no finalizer. See docs/adr/.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import kopf

from rocketmq_operator.reconciler.kinds import WATCHED, WRITTEN, Kind, Object
from rocketmq_operator.reconciler.names import MANAGED_BY_SELECTOR

Sink = Callable[[Kind, str | None, Object], None]
"""Takes a kind, Kopf's event type (None for a listed object) and the object."""


class _NoDiffBase(kopf.DiffBaseStorage):
    """Remembers nothing: there are no change-detecting handlers."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:
        del body, extra_fields
        return kopf.BodyEssence({})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        del body
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        del body, patch, essence


@dataclass(frozen=True)
class _Backoffs:
    """Seconds between attempts at a failing API request; iterable again and again."""

    total: float = 600.0
    longest: float = 30.0

    def __iter__(self) -> Iterator[float]:
        spent, pause = 0.0, 1.0
        while spent < self.total:
            yield pause
            spent += pause
            pause = min(self.longest, pause * 2)


API_BACKOFFS: Final = _Backoffs()


def registry(sink: Sink, *, everywhere: bool) -> kopf.OperatorRegistry:
    """Every handler of the operator: each watched kind's events go to ``sink``.

    Unless it is for all namespaces, nothing is asked of the API beyond the namespaces given.
    """
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(kopf.login_via_client)
    kopf.on.startup(registry=handlers)(partial(configure, everywhere=everywhere))
    for kind in WATCHED:
        _forward(handlers, kind, sink)
    return handlers


def _forward(handlers: kopf.OperatorRegistry, kind: Kind, sink: Sink) -> None:
    @kopf.on.event(
        group=kind.group,
        version=kind.version,
        plural=kind.plural,
        id=kind.plural,
        registry=handlers,
    )
    async def forward(event: kopf.RawEvent, **_: Any) -> None:
        obj = dict(event["object"])
        obj.update(apiVersion=kind.api_version, kind=kind.name)
        sink(kind, event["type"], obj)


async def configure(settings: kopf.OperatorSettings, *, everywhere: bool, **_: Any) -> None:
    """Kopf as a quiet watcher; the reasons for each value are in docs/adr/."""
    settings.peering.standalone = True
    # Kopf asks for lists of namespaces and CRDs again for ten minutes before it takes a no.
    settings.scanning.disabled = not everywhere
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.consistency_timeout = 0
    settings.persistence.finalizer = "namesrv.dev/unused"
    settings.queueing.idle_timeout = 1.0
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1.0
    settings.watching.chunk_size = 500
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 60
    settings.networking.error_backoffs = API_BACKOFFS
    settings.process.ultimate_exiting_timeout = 20
    for kind in WATCHED[len(WRITTEN) :]:
        resource = (kind.group, kind.version, kind.plural) if kind.group else ("v1", kind.plural)
        settings.watching.label_selectors[resource] = MANAGED_BY_SELECTOR
