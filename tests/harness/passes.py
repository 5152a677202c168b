"""One cluster, reconciled pass by pass: the API in memory, servers that answer as they are told."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from harness.memoryapi import MemoryApi
from rocketmq_operator.reconciler import kinds
from rocketmq_operator.reconciler.kinds import (
    CLUSTER,
    CONFIG_MAP,
    KV_CONFIG,
    POD,
    STATEFUL_SET,
    VOLUME_CLAIM,
    Key,
    Object,
)
from rocketmq_operator.reconciler.kube.events import Recorder
from rocketmq_operator.reconciler.kube.progress import Progress
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.reconcile import OperatorSettings, Reconciler
from rocketmq_operator.reconciler.reports import Orders, Report, Target
from rocketmq_operator.reconciler.resources import seed_configmap
from rocketmq_operator.reconciler.sync import Held, Wanted
from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.views import ServerView
from rocketmq_operator.reconciler.wire.poller import Poller

KEY: Final = Key("mq", "prod")
REVISION: Final = "r1"
IMAGE: Final = "rocketmq-operator:0.1.0"
STARTED: Final = datetime.now(UTC) - timedelta(hours=1)
CONFIG: Final = {"enableTopicList": "true"}


class Servers(Poller):
    """Servers without a wire: each holds what ``kv`` says, or does not answer.

    While they are ``busy``, what they were read with stays as it was.
    """

    def __init__(self) -> None:
        self.kv: dict[str, Mapping[str, Mapping[str, str]]] = {}
        self.targets: tuple[Target, ...] = ()
        self.orders: Orders | None = None
        self.busy = False
        self._asked = Wanted()

    def ensure(self, key: Key, targets: Iterable[Target], orders: Orders) -> None:
        self.targets, self.orders = tuple(targets), orders
        if not self.busy:
            self._asked = orders.wanted

    def reports(self, key: Key) -> dict[str, Report]:
        return {target.pod: self._report(target) for target in self.targets}

    async def still_answer(self, key: Key, without: str) -> bool:
        return True

    def forget(self, key: Key) -> None:
        self.targets = ()

    async def close(self) -> None:
        self.targets = ()

    def _report(self, target: Target) -> Report:
        kv = self.kv.get(target.pod)
        if kv is None:
            return Report(target)
        return Report(target, ServerView({}), Held(CONFIG, kv, self._asked))


class Passes:
    """A NameServerCluster ``mq/prod``, and all that one reconciler of it deals with."""

    def __init__(self, **spec: Any) -> None:
        self.api, self.store, self.servers = MemoryApi(), Store(), Servers()
        self.restart()
        metadata = {"namespace": KEY.namespace, "name": KEY.name}
        self._write({"apiVersion": CLUSTER.api_version, "kind": CLUSTER.name, "metadata": metadata})
        self.change(**spec)

    def restart(self, image: str = IMAGE) -> None:
        """Another process of the operator: it remembers nothing."""
        settings = OperatorSettings(image, "rocketmq-system")
        recorder = Recorder(self.api)
        self.reconciler = Reconciler(self.api, self.store, self.servers, recorder, settings)

    def change(self, **spec: Any) -> None:
        """Give the cluster this spec."""
        body, metadata = self.cluster, self.cluster["metadata"]
        newer = {**metadata, "generation": metadata["generation"] + 1}
        self._write({**body, "metadata": newer, "spec": spec})

    def pod(self, ordinal: int, *, ready: bool = True, **metadata: Any) -> None:
        """There is such a pod, of the current template."""
        name = f"{KEY.name}-nameserver-{ordinal}"
        labels = {"namesrv.dev/cluster": KEY.name, "controller-revision-hash": REVISION}
        since = {"lastTransitionTime": to_text(STARTED)}
        running = {"state": {"running": {"startedAt": to_text(STARTED)}}}
        self._write(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "namespace": KEY.namespace,
                    "name": name,
                    "labels": labels,
                    **metadata,
                },
                "spec": {"nodeName": "node"},
                "status": {
                    "podIP": f"10.0.0.{ordinal + 1}",
                    "conditions": [
                        {
                            "type": "Ready",
                            "status": str(ready),
                            "reason": "" if ready else "ContainersNotReady",
                            **since,
                        }
                    ],
                    "containerStatuses": [{"name": "nameserver", **running}],
                },
            }
        )

    def pods(self, *ready: bool) -> None:
        """There are as many pods, ready or not."""
        for ordinal, one in enumerate(ready):
            self.pod(ordinal, ready=one)

    def no_pod(self, ordinal: int) -> None:
        """There is no such pod any more."""
        self._remove(POD, f"{KEY.name}-nameserver-{ordinal}")

    def volume(self, ordinal: int, size: str, *, phase: str = "Bound") -> None:
        """There is the claim of such a server, with its volume unless it is ``Pending``."""
        name = f"data-{KEY.name}-nameserver-{ordinal}"
        metadata = {"namespace": KEY.namespace, "name": name}
        spec = {"resources": {"requests": {"storage": size}}}
        kind = {"apiVersion": VOLUME_CLAIM.api_version, "kind": VOLUME_CLAIM.name}
        status = {"phase": phase}
        self.api.put(VOLUME_CLAIM, {**kind, "metadata": metadata, "spec": spec, "status": status})

    def hold(self, *ordinals: int, **kv: Mapping[str, str]) -> None:
        """These servers answer, and hold these KV tables."""
        for ordinal in ordinals:
            self.servers.kv[f"{KEY.name}-nameserver-{ordinal}"] = kv

    def kv_config(self, name: str, entries: Mapping[str, str], **metadata: Any) -> None:
        """There is such a NameServerKVConfig in the cluster's namespace."""
        live = self.store.get(KV_CONFIG, KEY.namespace, name)
        known = live["metadata"] if live else {"namespace": KEY.namespace, "name": name}
        spec = {"clusterRef": {"name": KEY.name}, "kvNamespace": "team", "entries": entries}
        kind = {"apiVersion": KV_CONFIG.api_version, "kind": KV_CONFIG.name}
        self._write({**(live or kind), "metadata": {**known, **metadata}, "spec": spec})

    async def reconcile(self, times: int = 1) -> Progress:
        """So many passes, each with what the watches told of the one before; how the last went."""
        progress = Progress()
        for _ in range(times):
            progress = await self.reconciler.reconcile(KEY)
            self._observe()
        return progress

    @property
    def cluster(self) -> Object:
        """The object as it is."""
        found = self.get(CLUSTER, KEY.name)
        assert found is not None
        return found

    @property
    def status(self) -> Object:
        """Its status."""
        return dict(self.cluster.get("status", {}))

    @property
    def conditions(self) -> dict[str, tuple[str, str]]:
        """Status and reason of each condition."""
        return {c["type"]: (c["status"], c["reason"]) for c in self.status.get("conditions", ())}

    @property
    def pending(self) -> dict[str, Any]:
        """Keys to remove, as the seed has them."""
        seed = self.get(CONFIG_MAP, f"{KEY.name}-nameserver-seed")
        return dict(seed_configmap.read(seed).inventory.kv_pending_delete)

    @property
    def events(self) -> list[str]:
        """Reasons of the Events."""
        return [obj["reason"] for obj in self.api.objects.values() if obj["kind"] == "Event"]

    def get(self, kind: kinds.Kind, name: str) -> Object | None:
        """One object of the cluster's namespace as the API has it."""
        return self.api.objects.get(kind.path(KEY.namespace, name))

    def unlabel(self, kind: kinds.Kind, name: str) -> None:
        """Take the labels off an object, so that the watch of it tells of its end."""
        live = self.get(kind, name)
        assert live is not None
        self.store.remove(kind, self.api.put(kind, _without_labels(live)))

    def _write(self, obj: Object) -> None:
        kind = kinds.of(obj)
        self.store.put(kind, self.api.put(kind, obj))

    def _remove(self, kind: kinds.Kind, name: str) -> None:
        gone = self.api.objects.pop(kind.path(KEY.namespace, name))
        self.store.remove(kind, gone)

    def _observe(self) -> None:
        """What controllers and watches do."""
        live = self.get(STATEFUL_SET, f"{KEY.name}-nameserver")
        if live is not None and "status" not in live:
            generation = live["metadata"]["generation"]
            status = {"observedGeneration": generation, "updateRevision": REVISION}
            self._write({**live, "status": status})
        for kind in kinds.WATCHED:
            self.store.replace(kind, self.api.all_of(kind), self.api.version)


def _without_labels(obj: Object) -> Object:
    metadata = {name: part for name, part in obj["metadata"].items() if name != "labels"}
    return {**obj, "metadata": metadata}
