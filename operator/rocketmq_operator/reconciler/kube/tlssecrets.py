"""The Secrets that ``spec.tls`` names, read by name and believed for a minute."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.reconciler import credentials
from rocketmq_operator.reconciler.credentials import Credentials
from rocketmq_operator.reconciler.kinds import SECRET, Key, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.progress import ASK_AGAIN, Progress, missed
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.spec import Cluster
from rocketmq_operator.transport.tls import client_context

KEPT: Final = 60.0
"""Seconds; Secrets are not watched, as that would need the right to list them all."""


Reader = Callable[[str, Object | None], Credentials | Trouble]


class Shown(NamedTuple):
    """What can be used, by the name of the Secret, and what is wrong with those of now."""

    credentials: Mapping[str, Credentials]
    progress: Progress


class _Read(NamedTuple):
    known: Credentials | None
    progress: Progress


class TlsSecrets:
    """What the operator shows and trusts when it talks to the servers of each cluster."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._kept: dict[Key, dict[tuple[Reader, str], tuple[float, Credentials]]] = {}

    async def shown(self, cluster: Cluster, used: Sequence[str]) -> Shown:
        """Those of the Secrets in ``used``, which pods were made with.

        What was read last stays in use while a Secret cannot be read, as servers go on with what
        they were started with.
        """
        wanted = [
            (credentials.read, cluster.tls_secret),
            (credentials.read_client_authorities, cluster.client_ca_secret),
        ]
        own = [(reader, name) for reader, name in wanted if name is not None]
        of_pods = [(credentials.read, name) for name in used]
        read = {what: await self._read(cluster.key, *what) for what in [*own, *of_pods]}
        kept = self._kept.pop(cluster.key, {})
        if read:
            self._kept[cluster.key] = {what: kept[what] for what in read if what in kept}
        progress = Progress()
        for what, one in read.items():
            if what in own or one.progress.failure:
                progress = progress.then(one.progress)
        usable = {name: known for name in used if (known := read[credentials.read, name].known)}
        return Shown(usable, progress)

    def forget(self, key: Key) -> None:
        """Keep nothing of a cluster."""
        self._kept.pop(key, None)

    async def _read(self, key: Key, reader: Reader, name: str) -> _Read:
        kept, now = self._kept.setdefault(key, {}), asyncio.get_running_loop().time()
        until, known = kept.get((reader, name), (now, None))
        if now < until:
            return _Read(known, Progress())
        try:
            found = reader(name, await self._api.get(SECRET, key.namespace, name))
            if isinstance(found, Trouble):
                return _Read(known, Progress(found, again=ASK_AGAIN))
            client_context(found.authority, found.certificate, found.key)
        except KubeError as error:
            return _Read(known, missed(error, Trouble("TLSSecretNotRead", str(error))))
        except SettingsError as error:
            return _Read(known, Progress(credentials.invalid(name, error), again=ASK_AGAIN))
        kept[reader, name] = (now + KEPT, found)
        return _Read(found, Progress())
