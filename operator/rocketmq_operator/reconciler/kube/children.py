"""Writes the children of a cluster that differ from what they should be."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from rocketmq_operator.reconciler import adoption, kinds, metrics, plan
from rocketmq_operator.reconciler.kinds import CERTIFICATE, Key, Kind, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.progress import ASK_AGAIN, Progress, attempt, not_written
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.plan import Applied, Changes, Child
from rocketmq_operator.reconciler.pods import Trouble

API_PAUSE: Final = 30.0
"""Seconds until another attempt at objects that the cluster has no API for."""
WRITING: Final = 30.0
"""Seconds after which a pass begins with no further child, as it shall tell the status too."""
SLOW: Final = "the API server is slow; what is left is written in the next pass"
CERT_MANAGER_MISSING: Final = (
    "spec.tls.certManager needs cert-manager, and the API cert-manager.io/v1 is not installed; "
    "install it, or name a Secret in spec.tls.secretName"
)


class _Live(NamedTuple):
    """Live objects, the wanted children that could be looked for, and what came of looking."""

    objects: list[Object]
    known: list[Object]
    progress: Progress


class Children:
    """Applies, adopts and deletes the children of clusters."""

    def __init__(self, api: KubeApi, store: Store) -> None:
        self._api = api
        self._store = store

    async def write(
        self, body: Object, children: Sequence[Object], applied: dict[Child, Applied]
    ) -> Progress:
        """Make the children of the NameServerCluster ``body`` what they should be.

        Each is tried, whatever comes of the others. ``applied`` remembers what was sent. Raises
        KubeError where the API is away.
        """
        key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
        live = await self._live(key, children)
        todo = plan.changes(body, live.known, live.objects, applied)
        if todo.taken:
            return Progress(_name_taken(todo.taken, key), again=ASK_AGAIN).then(live.progress)
        progress = live.progress.then(await attempt(self._wait(live, todo.leaving)))
        clock = asyncio.get_running_loop()
        until = clock.time() + WRITING
        # Those of others' APIs come last: a webhook of theirs that hangs holds up nothing else.
        steps = [
            *(
                partial(self._renew, obj, todo, live, applied)
                for obj in sorted(todo.apply, key=_late)
            ),
            *(partial(self._delete, obj) for obj in todo.delete),
        ]
        for step in steps:
            if clock.time() > until:
                return progress.then(Progress(pending=SLOW, again=0.0))
            progress = progress.then(await attempt(step()))
        return progress

    async def apply(self, obj: Object, applied: dict[Child, Applied]) -> None:
        """Apply one child. Raises KubeError."""
        metrics.API_WRITES.labels("apply").inc()
        answer = await self._api.apply(kinds.of(obj), obj)
        self._store.put(kinds.of(obj), answer)
        applied[plan.child_of(obj)] = plan.applied_as(obj, answer)

    async def _renew(
        self, obj: Object, todo: Changes, live: _Live, applied: dict[Child, Applied]
    ) -> Progress:
        """Adopt, if that is asked for, and apply one child, if there is an API for it."""
        kind = kinds.of(obj)
        await self._adopt(obj, todo.adopt)
        try:
            await self.apply(obj, applied)
        except KubeError as error:
            if error.status != 404 or kind not in kinds.OPTIONAL:
                raise
            return _lacking(kind)
        return Progress(reasons=plan.template_changes(live.objects, [obj]))

    async def _wait(self, live: _Live, leaving: Sequence[Child]) -> Progress:
        """Wait for former children; each is asked for, as the watch may be late or miss its end."""
        gone = False
        for obj in (obj for obj in live.objects if plan.child_of(obj) in leaving):
            kind, metadata = kinds.of(obj), obj["metadata"]
            found = await self._api.get(kind, metadata["namespace"], metadata["name"])
            gone = gone or found is None
            if found is None:
                self._store.remove(kind, obj)
            else:
                self._store.put(kind, found)
        names = ", ".join(f"{child.kind} {child.name}" for child in leaving)
        words = f"waiting for the removal of the former {names}"
        return Progress(pending=words, again=0.0 if gone else ASK_AGAIN) if names else Progress()

    async def _delete(self, obj: Object) -> Progress:
        metrics.API_WRITES.labels("delete").inc()
        await self._api.delete(kinds.of(obj), obj)
        return Progress()

    async def _adopt(self, desired: Object, strangers: Sequence[Object]) -> None:
        child = plan.child_of(desired)
        for live in strangers:
            if plan.child_of(live) == child:
                kind, namespace = kinds.of(desired), desired["metadata"]["namespace"]
                patch = partial(self._api.patch, kind, namespace, child.name)
                taken = await patch(adoption.contents(desired, live))
                await patch(adoption.ownership(taken))

    async def _live(self, key: Key, children: Sequence[Object]) -> _Live:
        """The children as cached; one that the cache lacks is asked for, as others may own it."""
        found = {
            plan.child_of(obj): obj
            for kind in kinds.CHILDREN
            for obj in self._store.members(key, kind)
        }
        known, progress = [], Progress()
        for obj in children:
            child, kind = plan.child_of(obj), kinds.of(obj)
            try:
                if child not in found:
                    stranger = await self._api.get(kind, key.namespace, child.name)
                    found |= {child: stranger} if stranger else {}
            except KubeError as error:
                progress = progress.then(not_written(error))
            else:
                known.append(obj)
        return _Live(list(found.values()), known, progress)


def _late(obj: Object) -> bool:
    return kinds.of(obj) in kinds.OPTIONAL


def _lacking(kind: Kind) -> Progress:
    if kind is CERTIFICATE:
        return Progress(Trouble("CertManagerMissing", CERT_MANAGER_MISSING), again=ASK_AGAIN)
    note = f"no {kind.name} is made, as the API {kind.api_version} is not installed"
    return Progress(notes=(note,), again=API_PAUSE)


def _name_taken(taken: Sequence[Child], key: Key) -> Trouble:
    names = ", ".join(f"{child.kind} {child.name}" for child in taken)
    return Trouble(
        "NameTaken",
        f"{names} exists and belongs to somebody else; remove it, rename the cluster, or annotate "
        f"it with {plan.ADOPT_ANNOTATION}={key.name} if nobody controls it",
    )
