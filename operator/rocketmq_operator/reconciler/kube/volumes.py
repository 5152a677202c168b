"""The volumes of clusters: grown one by one, as the StatefulSet's template of them is fixed."""

import asyncio
import math
from dataclasses import replace
from typing import Final, NamedTuple

from rocketmq_operator.reconciler import metrics
from rocketmq_operator.reconciler.kinds import VOLUME_CLAIM, Key
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.progress import ASK_AGAIN, Progress, attempt, missed
from rocketmq_operator.reconciler.names import CLUSTER_LABEL
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.resources import claims
from rocketmq_operator.reconciler.spec import Cluster

REFUSED_PAUSE: Final = 300.0
"""Seconds until another attempt at volumes that may not grow; another size is tried at once."""


class _Looked(NamedTuple):
    size: str
    servers: int
    until: float
    progress: Progress


class Volumes:
    """Grows volumes; looks again when the size or the servers changed, or one is awaited."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._looked: dict[Key, _Looked] = {}

    async def grow(self, cluster: Cluster, servers: int) -> Progress:
        """Make no volume smaller than wanted; ``servers`` is how many pods there are."""
        storage, key, now = cluster.spec.storage, cluster.key, asyncio.get_running_loop().time()
        if storage is None:
            self.forget(key)
            return Progress()
        last, size = self._looked.get(key), str(storage.size)
        if last is None or last[:2] != (size, servers) or now >= last.until:
            progress = await self._grow(cluster)
            until = math.inf if progress.again is None else now + progress.again
            last = _Looked(size, servers, until, progress)
            self._looked[key] = last
            if progress.failure:
                self.forget(key)
        again = None if last.progress.again is None else last.until - now
        return replace(last.progress, again=again)

    def forget(self, key: Key) -> None:
        """Keep nothing of a cluster."""
        self._looked.pop(key, None)

    async def _grow(self, cluster: Cluster) -> Progress:
        """Each is tried, whatever comes of the others."""
        namespace, labels = cluster.key.namespace, f"{CLUSTER_LABEL}={cluster.key.name}"
        try:
            pages = self._api.pages(VOLUME_CLAIM, namespace, labels)
            live = [claim async for page, _ in pages for claim in page]
        except KubeError as error:
            return _not_grown(error)
        progress, bound = Progress(notes=claims.larger(cluster, live)), filter(claims.bound, live)
        ready = {claim["metadata"]["name"] for claim in bound}
        for name, size in claims.to_grow(cluster, live).items():
            if name in ready:
                grown = await attempt(self._ask(namespace, name, size), _not_grown)
            else:
                grown = Progress(again=ASK_AGAIN)
            progress = progress.then(grown)
        return progress

    async def _ask(self, namespace: str, name: str, size: str) -> Progress:
        metrics.API_WRITES.labels("claim").inc()
        patch = {"spec": {"resources": {"requests": {"storage": size}}}}
        await self._api.merge(VOLUME_CLAIM, namespace, name, patch)
        return Progress()


def _not_grown(error: KubeError) -> Progress:
    progress = missed(error, Trouble("VolumeNotGrown", str(error)))
    return replace(progress, again=REFUSED_PAUSE) if progress.trouble else progress
