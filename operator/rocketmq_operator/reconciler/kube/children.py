"""Writes the children of a cluster that differ from what they should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from rocketmq_operator.reconciler import adoption, kinds, metrics, plan
from rocketmq_operator.reconciler.kinds import CERTIFICATE, Key, Kind, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.store import Store
from rocketmq_operator.reconciler.plan import Applied, Child
from rocketmq_operator.reconciler.pods import Trouble

REFUSALS: Final = frozenset({400, 403, 413, 422})
"""Answers of the API server that will not change by asking again."""
CERT_MANAGER_MISSING: Final = (
    "spec.tls.certManager needs cert-manager, and the API cert-manager.io/v1 is not installed; "
    "install it, or name a Secret in spec.tls.secretName"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the children are: what needs a person, what is under way, which APIs lack.

    ``reasons`` are the fields of the pod template that were just changed.
    """

    trouble: Trouble | None = None
    pending: str = ""
    missing: tuple[Kind, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """Words on the objects that are not made and not needed."""
        return [
            f"no {kind.name} is made, as the API {kind.api_version} is not installed"
            for kind in self.missing
        ]


class Children:
    """Applies, adopts and deletes the children of clusters."""

    def __init__(self, api: KubeApi, store: Store) -> None:
        self._api = api
        self._store = store

    async def write(
        self, body: Object, children: Sequence[Object], applied: dict[Child, Applied]
    ) -> Progress:
        """Make the children of the NameServerCluster ``body`` what they should be.

        ``applied`` remembers what was sent. Raises KubeError for what may go well next time.
        """
        key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
        live = await self._live(key, children)
        todo = plan.changes(body, children, live, applied)
        if todo.taken:
            return Progress(_name_taken(todo.taken, key))
        missing = []
        try:
            for obj in todo.apply:
                await self._adopt(obj, todo.adopt)
                if not await self._applied_if_served(obj, applied):
                    missing.append(kinds.of(obj))
            for obj in todo.delete:
                metrics.API_WRITES.labels("delete").inc()
                await self._api.delete(kinds.of(obj), obj)
        except KubeError as error:
            if error.status not in REFUSALS:
                raise
            return Progress(Trouble("ApplyRefused", str(error)))
        leaving = ", ".join(f"{child.kind} {child.name}" for child in todo.leaving)
        return Progress(
            Trouble("CertManagerMissing", CERT_MANAGER_MISSING) if CERTIFICATE in missing else None,
            f"waiting for the removal of the former {leaving}" if leaving else "",
            tuple(missing),
            plan.template_changes(live, todo.apply),
        )

    async def apply(self, obj: Object, applied: dict[Child, Applied]) -> None:
        """Apply one child. Raises KubeError."""
        metrics.API_WRITES.labels("apply").inc()
        answer = await self._api.apply(kinds.of(obj), obj)
        self._store.put(kinds.of(obj), answer)
        applied[plan.child_of(obj)] = plan.applied_as(obj, answer)

    async def _applied_if_served(self, obj: Object, applied: dict[Child, Applied]) -> bool:
        """Whether there is an API for it; one without which all goes on may lack."""
        try:
            await self.apply(obj, applied)
        except KubeError as error:
            if error.status != 404 or kinds.of(obj) not in kinds.OPTIONAL:
                raise
            return False
        return True

    async def _adopt(self, desired: Object, strangers: Sequence[Object]) -> None:
        child = plan.child_of(desired)
        for live in strangers:
            if plan.child_of(live) == child:
                kind, namespace = kinds.of(desired), desired["metadata"]["namespace"]
                patch = partial(self._api.patch, kind, namespace, child.name)
                taken = await patch(adoption.contents(desired, live))
                await patch(adoption.ownership(taken))

    async def _live(self, key: Key, children: Sequence[Object]) -> list[Object]:
        """The children as cached; one that the cache lacks is asked for, as others may own it."""
        found = {
            plan.child_of(obj): obj
            for kind in kinds.CHILDREN
            for obj in self._store.members(key, kind)
        }
        for obj in children:
            if plan.child_of(obj) not in found:
                stranger = await self._api.get(
                    kinds.of(obj), key.namespace, obj["metadata"]["name"]
                )
                if stranger is not None:
                    found[plan.child_of(obj)] = stranger
        return list(found.values())


def _name_taken(taken: Sequence[Child], key: Key) -> Trouble:
    names = ", ".join(f"{child.kind} {child.name}" for child in taken)
    return Trouble(
        "NameTaken",
        f"{names} exists and belongs to somebody else; remove it, rename the cluster, or annotate "
        f"it with {plan.ADOPT_ANNOTATION}={key.name} if nobody controls it",
    )
