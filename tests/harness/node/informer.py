"""A local copy of one kind of objects, kept by a watch."""

import asyncio
import logging
from collections.abc import Callable

from harness.node.api import TRANSIENT, Api, ApiError
from harness.node.objects import Key, Object, key_of, uid_of

RETRY_SECONDS = 1.0
GONE = 410

log = logging.getLogger(__name__)


class Informer:
    """Objects by (namespace, name); `on_change(object, exists)` is told of every change."""

    def __init__(self, api: Api, path: str, on_change: Callable[[Object, bool], None]) -> None:
        self.items: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._api = api
        self._path = path
        self._on_change = on_change

    async def run(self) -> None:
        """List, watch, and list again when the watch cannot go on."""
        while True:
            try:
                version = await self._list()
                self.synced.set()
                while True:
                    version = await self._follow(version)
            except TRANSIENT as error:
                if not (isinstance(error, ApiError) and error.status == GONE):
                    log.warning("watch of %s broke: %r", self._path, error)
                    await asyncio.sleep(RETRY_SECONDS)

    async def _list(self) -> str:
        answer = await self._api.get(self._path)
        found = {key_of(item): item for item in answer["items"]}
        for key, old in list(self.items.items()):
            if key not in found or uid_of(found[key]) != uid_of(old):
                self._forget(old)
        for item in found.values():
            self._store(item)
        version: str = answer["metadata"]["resourceVersion"]
        return version

    async def _follow(self, version: str) -> str:
        async for event in self._api.watch(self._path, version):
            item = event["object"]
            if event["type"] == "ERROR":
                raise ApiError(item.get("code", 0), item.get("message", ""))
            version = item["metadata"]["resourceVersion"]
            if event["type"] == "DELETED":
                self._forget(item)
            elif event["type"] != "BOOKMARK":
                self._store(item)
        return version

    def _store(self, item: Object) -> None:
        self.items[key_of(item)] = item
        self._on_change(item, True)

    def _forget(self, item: Object) -> None:
        self.items.pop(key_of(item), None)
        self._on_change(item, False)
