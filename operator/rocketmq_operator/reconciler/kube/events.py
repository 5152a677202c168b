"""Kubernetes Events about a cluster: one per object, reason and text, counted up when repeated.

Emitted on transitions only, so that ``kubectl describe`` reads as the story of the object.
"""

import hashlib
import logging
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

from rocketmq_operator.reconciler.kinds import EVENT, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.names import MANAGER
from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.wording import cut

log = logging.getLogger(__name__)

MAX_MESSAGE: Final = 1024
"""Characters the API server accepts."""
MAX_COUNTED: Final = 4096
"""Events whose count this process remembers."""


class Recorder:
    """Writes Events; a failure to do so is logged and never disturbs the work."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._counts: OrderedDict[str, int] = OrderedDict()

    async def emit(self, about: Object, reason: str, message: str, *, warning: bool) -> None:
        """Write one Event about an object."""
        body = event(about, reason, message, warning=warning, now=datetime.now(UTC))
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        count = self._counts.pop(name, 0) + 1
        self._counts[name] = count
        if len(self._counts) > MAX_COUNTED:
            self._counts.popitem(last=False)
        try:
            await self._write(namespace, name, count, body)
        except KubeError as error:
            log.warning("could not write Event %s: %s", reason, error)

    async def _write(self, namespace: str, name: str, count: int, body: Object) -> None:
        if count == 1:
            try:
                await self._api.create(EVENT, body)
            except KubeError as error:
                if error.status != 409:
                    raise
            else:
                return
        patch = {"count": count, "lastTimestamp": body["lastTimestamp"]}
        try:
            await self._api.merge(EVENT, namespace, name, patch)
        except KubeError as error:
            if error.status != 404:
                raise
            await self._api.create(EVENT, body)


def event(about: Object, reason: str, message: str, *, warning: bool, now: datetime) -> Object:
    """The Event object; equal arguments but ``now`` give the same name."""
    metadata = about["metadata"]
    identity = "\0".join((metadata["uid"], reason, message))
    suffix = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {
            "name": f"{metadata['name']}.{suffix}",
            "namespace": metadata["namespace"],
        },
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": cut(message, MAX_MESSAGE),
        "source": {"component": MANAGER},
        "reportingComponent": MANAGER,
        "reportingInstance": MANAGER,
        "firstTimestamp": to_text(now),
        "lastTimestamp": to_text(now),
        "count": 1,
    }
