"""Writes the statuses of what people wrote for the operator to follow."""

from rocketmq_operator.reconciler import kinds, metrics
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.kube.api import KubeApi
from rocketmq_operator.reconciler.kube.events import Recorder
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.transitions import transitions


class Statuses:
    """Patches statuses, each only if its object is still what the status was made from."""

    def __init__(self, api: KubeApi, store: Store, recorder: Recorder) -> None:
        self._api = api
        self._store = store
        self._recorder = recorder

    async def tell(self, body: Object, current: Object, patch: Object) -> None:
        """Write ``patch``, which makes the status ``current``, and the Events of the step."""
        await self.write(body, patch)
        for event in transitions(body.get("status", {}), current):
            await self._recorder.emit(body, event.reason, event.message, warning=event.warning)

    async def write(self, body: Object, patch: Object) -> Object:
        """Merge-patch the status of ``body``; the object then. Raises KubeError."""
        metadata, kind = body["metadata"], kinds.of(body)
        metrics.API_WRITES.labels("status").inc()
        fenced = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": patch}
        answer = await self._api.patch_status(kind, metadata["namespace"], metadata["name"], fenced)
        self._store.put(kind, answer)
        return answer
