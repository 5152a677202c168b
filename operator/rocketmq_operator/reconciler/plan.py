"""Which children must be applied or deleted so that the cluster has what it should have.

An object is left alone when its live state holds everything that is desired, so at rest nothing
is written. A hash of the desired state, kept in an annotation, shows fields that are no longer
desired and would otherwise stay.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from rocketmq_operator.reconciler.differences import fields
from rocketmq_operator.reconciler.kinds import STATEFUL_SET, Object

HASH_ANNOTATION: Final = "namesrv.dev/desired-hash"
ADOPT_ANNOTATION: Final = "namesrv.dev/adopt-into"
"""On an object that nobody controls: the NameServerCluster that may make it its own."""


class Child(NamedTuple):
    """Names a child within its namespace."""

    kind: str
    name: str


class Applied(NamedTuple):
    """What the last apply of a child sent, and the version that came of it."""

    desired_hash: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do, in order: adopt, apply, then delete; ``taken`` are names that others use.

    ``adopt`` are live objects, whose wanted state is in ``apply`` as well.
    """

    adopt: tuple[Object, ...]
    apply: tuple[Object, ...]
    delete: tuple[Object, ...]
    taken: tuple[Child, ...]
    leaving: tuple[Child, ...]

    def __bool__(self) -> bool:
        return bool(self.apply or self.delete)


def changes(
    cluster: Object,
    desired: Sequence[Object],
    live: Iterable[Object],
    applied: Mapping[Child, Applied],
) -> Changes:
    """Compare the desired children with the live objects of the same names and labels.

    Children of an earlier cluster of the same name are waited for: the garbage collector is
    about to remove them. An object of somebody else is never touched, unless nobody controls it
    and it asks to be adopted.
    """
    owner_uid = cluster["metadata"]["uid"]
    by_child = {child_of(obj): obj for obj in live}
    wanted = [stamped(obj) for obj in desired]
    names = {child_of(obj) for obj in wanted}
    present = sorted(names & by_child.keys())
    leaving = tuple(c for c in present if _leaving(by_child[c]) or _former(by_child[c], cluster))
    strange = [c for c in present if owner(by_child[c]) != owner_uid and c not in leaving]
    adopted = [c for c in strange if _adoptable(by_child[c], cluster)]
    taken = tuple(c for c in strange if c not in adopted)
    blocked = {*taken, *leaving}
    return Changes(
        tuple(by_child[child] for child in adopted),
        tuple(
            obj
            for obj in wanted
            if (child := child_of(obj)) not in blocked
            and _differs(obj, by_child.get(child), applied.get(child))
        ),
        tuple(
            obj
            for child, obj in sorted(by_child.items())
            if child not in names and owner(obj) == owner_uid and not _leaving(obj)
        ),
        taken,
        leaving,
    )


def template_changes(live: Iterable[Object], applied: Iterable[Object]) -> tuple[str, ...]:
    """Fields of the pod template that an applied StatefulSet changes in the live one."""
    before = {child_of(obj): obj for obj in live if obj["kind"] == STATEFUL_SET.name}
    return tuple(
        change.path
        for obj in applied
        if (old := before.get(child_of(obj))) is not None
        for change in fields(old["spec"]["template"], obj["spec"]["template"], added=False)
    )


def child_of(obj: Object) -> Child:
    """The name of an object as a child."""
    return Child(obj["kind"], obj["metadata"]["name"])


def owner(obj: Object) -> str | None:
    """The uid of the controller of an object."""
    for reference in obj["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return str(reference["uid"])
    return None


def stamped(desired: Object) -> Object:
    """``desired`` with its hash in the annotation."""
    metadata = desired["metadata"]
    annotations = {**metadata.get("annotations", {}), HASH_ANNOTATION: digest(desired)}
    return {**desired, "metadata": {**metadata, "annotations": annotations}}


def digest(desired: Object) -> str:
    """A short hash of a desired object."""
    text = json.dumps(desired, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def applied_as(desired: Object, answer: Object) -> Applied:
    """What to remember of an apply."""
    stamp = desired["metadata"]["annotations"][HASH_ANNOTATION]
    return Applied(stamp, answer["metadata"]["resourceVersion"])


def holds(live: Any, desired: Any) -> bool:
    """Whether everything desired is in ``live``; what the server filled in does not matter."""
    if live is None:
        return not desired  # the server leaves out what is empty, false or zero
    if isinstance(desired, dict):
        if not isinstance(live, dict):
            return False
        return all(holds(live.get(key), value) for key, value in desired.items())
    if isinstance(desired, list):
        same_length = isinstance(live, list) and len(live) == len(desired)
        if not same_length:
            return False
        return all(map(holds, live, desired))
    return bool(live == desired)


def _differs(desired: Object, live: Object | None, applied: Applied | None) -> bool:
    if live is None:
        return True
    stamp = desired["metadata"]["annotations"][HASH_ANNOTATION]
    if applied == Applied(stamp, live["metadata"]["resourceVersion"]):
        return False
    return not holds(live, desired)


def _adoptable(obj: Object, cluster: Object) -> bool:
    wished = obj["metadata"].get("annotations", {}).get(ADOPT_ANNOTATION)
    return owner(obj) is None and wished == cluster["metadata"]["name"]


def _former(obj: Object, cluster: Object) -> bool:
    return any(
        reference.get("controller")
        and reference["kind"] == cluster["kind"]
        and reference["name"] == cluster["metadata"]["name"]
        and reference["uid"] != cluster["metadata"]["uid"]
        for reference in obj["metadata"].get("ownerReferences", ())
    )


def _leaving(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]
