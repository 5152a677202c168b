"""The Secrets with the servers' certificates, read by name and kept for a minute."""

import asyncio
from typing import Final, NamedTuple

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.reconciler import credentials
from rocketmq_operator.reconciler.credentials import Credentials
from rocketmq_operator.reconciler.kinds import SECRET, Key
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.progress import ASK_AGAIN, Progress, missed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.spec import Cluster
from rocketmq_operator.transport.tls import client_context

KEPT: Final = 60.0
"""Seconds; Secrets are not watched, as that would need the right to list them all."""


class Shown(NamedTuple):
    """What the operator shows to servers, if anything, and how the Secret was come by."""

    credentials: Credentials | None
    progress: Progress


class TlsSecrets:
    """What the operator shows and trusts when it talks to the servers of each cluster."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._kept: dict[Key, tuple[str, float, Credentials]] = {}

    async def credentials(self, cluster: Cluster) -> Shown:
        """Those of the cluster's Secret, or what is wrong with it.

        The last good ones stay in use, as servers go on with what they were started with.
        """
        name, now = cluster.tls_secret, asyncio.get_running_loop().time()
        if name is None:
            self.forget(cluster.key)
            return Shown(None, Progress())
        kept, read, known = self._kept.get(cluster.key, ("", 0.0, None))
        if kept != name:
            known = None
        if known is not None and now - read < KEPT:
            return Shown(known, Progress())
        try:
            found = await self._read(cluster.key.namespace, name)
        except KubeError as error:
            return Shown(known, missed(error, Trouble("TLSSecretNotRead", str(error))))
        if isinstance(found, Trouble):
            return Shown(known, Progress(found, again=ASK_AGAIN))
        self._kept[cluster.key] = (name, now, found)
        return Shown(found, Progress())

    def forget(self, key: Key) -> None:
        """Keep nothing of a cluster."""
        self._kept.pop(key, None)

    async def _read(self, namespace: str, name: str) -> Credentials | Trouble:
        found = credentials.read(name, await self._api.get(SECRET, namespace, name))
        if isinstance(found, Credentials):
            try:
                client_context(found.authority, found.certificate, found.key)
            except SettingsError as error:
                return Trouble("TLSSecretInvalid", f"Secret {name}: {error}")
        return found
