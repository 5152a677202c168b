"""The Secrets that ``spec.tls`` names, read by name and believed for a minute."""

import asyncio
from collections.abc import Callable
from typing import Final

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.reconciler import credentials
from rocketmq_operator.reconciler.credentials import Credentials
from rocketmq_operator.reconciler.kinds import SECRET, Key, Object
from rocketmq_operator.reconciler.kube.api import KubeApi
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.spec import Cluster
from rocketmq_operator.transport.tls import client_context

KEPT: Final = 60.0
"""Seconds; Secrets are not watched, as that would need the right to list them all."""


Reader = Callable[[str, Object | None], Credentials | Trouble]


class TlsSecrets:
    """What the operator shows and trusts when it talks to the servers of each cluster."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._kept: dict[Key, dict[Reader, tuple[str, float, Credentials]]] = {}

    async def credentials(self, cluster: Cluster) -> Credentials | Trouble | None:
        """Those of the cluster's Secret, what is wrong with it, or None without TLS."""
        if cluster.tls_secret is None:
            self.forget(cluster.key)
            return None
        return await self._read(cluster.key, cluster.tls_secret, credentials.read)

    async def trouble_with_clients(self, cluster: Cluster) -> Trouble | None:
        """What is wrong with the Secret of those who sign clients, where clients are asked."""
        if cluster.client_ca_secret is None:
            return None
        reader = credentials.read_client_authorities
        found = await self._read(cluster.key, cluster.client_ca_secret, reader)
        return found if isinstance(found, Trouble) else None

    def forget(self, key: Key) -> None:
        """Keep nothing of a cluster."""
        self._kept.pop(key, None)

    async def _read(self, key: Key, name: str, reader: Reader) -> Credentials | Trouble:
        kept, now = self._kept.setdefault(key, {}), asyncio.get_running_loop().time()
        known = kept.get(reader)
        if known is not None and known[0] == name and now - known[1] < KEPT:
            return known[2]
        found = reader(name, await self._api.get(SECRET, key.namespace, name))
        if isinstance(found, Trouble):
            return found
        try:
            client_context(found.authority, found.certificate, found.key)
        except SettingsError as error:
            return credentials.invalid(name, error)
        kept[reader] = (name, now, found)
        return found
