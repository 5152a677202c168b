"""The Secrets that ``spec.tls`` names, read by name and believed for a minute."""

import asyncio
from collections.abc import Callable, Iterable
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
        self._kept: dict[Key, dict[tuple[Reader, str], tuple[float, Credentials]]] = {}

    async def credentials(self, cluster: Cluster) -> Credentials | Trouble | None:
        """Those of the cluster's Secret, what is wrong with it, or None without TLS."""
        if cluster.tls_secret is None:
            return None
        return await self._read(cluster.key, cluster.tls_secret, credentials.read)

    async def of_pods(self, cluster: Cluster, names: Iterable[str]) -> dict[str, Credentials]:
        """Those of the Secrets that pods were made with, by name, where they can be used."""
        read = {name: await self._read(cluster.key, name, credentials.read) for name in names}
        if not read and cluster.tls_secret is None:
            self.forget(cluster.key)
        return {name: found for name, found in read.items() if isinstance(found, Credentials)}

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
        now, before = asyncio.get_running_loop().time(), self._kept.get(key, {})
        kept = {what: known for what, known in before.items() if now - known[0] < KEPT}
        self._kept[key] = kept
        if (reader, name) in kept:
            return kept[reader, name][1]
        found = reader(name, await self._api.get(SECRET, key.namespace, name))
        if isinstance(found, Trouble):
            return found
        try:
            client_context(found.authority, found.certificate, found.key)
        except SettingsError as error:
            return credentials.invalid(name, error)
        kept[reader, name] = (now, found)
        return found
