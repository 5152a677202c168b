"""Every field that changes an object, changed and put back on a live cluster.

The operator must write what the changed spec asks for, must write byte for byte what was there
before when the change is reverted, and after all changes the objects must be those of a cluster
made new. Few servers run here: what a change does to one is tested elsewhere.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import pytest

from harness import schemawalk
from harness.api import APPLY, Answer
from harness.errors import HarnessError
from harness.peercrds import peer_crds
from harness.product import Product
from harness.schemawalk import Object, Step
from harness.wait import until
from rocketmq_operator.reconciler import kinds, plan, resources
from rocketmq_operator.reconciler.kinds import Kind
from rocketmq_operator.reconciler.plan import HASH_ANNOTATION, Child
from rocketmq_operator.reconciler.spec import parse

AT_ONCE: Final = 4
"""Clusters walked side by side."""
SETTLED: Final = 60.0
"""Seconds within which the operator must have written what a spec asks for."""
LOOK: Final = 0.1
ALL: Final = kinds.CHILDREN
NAMESPACE: Final = "walk-"
SHIFT: Final = 20
"""Node ports from those of one namespace to those of the next.

All are below 30086, where no Service is given one that it did not ask for
(https://kubernetes.io/docs/concepts/services-networking/service/#avoid-nodeport-collisions).
"""
REFUSED: Final = {
    "storage.storageClassName": "storage.storageClassName cannot be changed",
    "external.loadBalancerClass": "external.loadBalancerClass cannot be changed",
    "storage.accessMode": "storage.accessMode cannot be changed",
    "service.loadBalancerClass": "service.loadBalancerClass cannot be changed",
}
REFUSED_BY_KUBERNETES: Final = {"matchFields[].key": "not a valid field selector key"}
"""By the end of the path: what Kubernetes says no to, and the operator then tells in status."""
ALLOCATED: Final = ("clusterIP", "clusterIPs", "healthCheckNodePort")
"""What Kubernetes chooses for a Service."""
ONE_WAY: Final = "storage.size"
"""Volumes only grow: tests/cluster/test_storage.py has them grow."""
VOLATILE: Final = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")
"""Members of an object's metadata that differ between two objects made alike."""

Children = Mapping[Child, Object]


class NotWritten(Exception):
    """The operator has not written everything yet."""


class Outcome(NamedTuple):
    """What a step did: the refusal, or which objects changed, and which did not come back."""

    refusal: str = ""
    changed: Sequence[Child] = ()
    not_restored: Sequence[Child] = ()


def objects(body: Object, default_image: str = "") -> dict[Child, Object]:
    """The children that a NameServerCluster asks for."""
    wanted = resources.desired(parse(body, default_image))
    return {plan.child_of(child): plan.stamped(child) for child in wanted}


class Walked:
    """One NameServerCluster on which steps are tried."""

    def __init__(self, product: Product, namespace: str, example: Object, shift: int) -> None:
        self._api = product.cluster.api
        self._shift = shift
        self._image = product.nameserver_image()
        self._example = example
        self._path = kinds.CLUSTER.path(namespace)
        self._namespace = namespace

    def create(self) -> Children:
        """Make it; its children once they are as they should be."""
        self._body = self._put(self._example)
        self._known = self._settled(self._body, ALL)
        return self._known

    def delete(self) -> None:
        """Remove it with its children, and wait until all are gone."""
        path = f"{self._path}/walked"
        self._api.ask("DELETE", path, propagationPolicy="Foreground")
        until(
            lambda: self._api.ask("GET", path).status == 404,
            timeout=SETTLED,
            what="the cluster to be gone",
            interval=LOOK,
        )

    def walk(self, step: Step) -> Outcome:
        """Change one field, and put it back."""
        answer = self._apply(step.after)
        if answer.status != 200:
            return Outcome(answer.message)
        concerned = self._concerned(answer.body)
        before = {
            child: obj
            for child, obj in self._known.items()
            if child.kind in {kind.name for kind in concerned}
        }
        expected = _refused_later(step)
        if expected:
            refusal, during = self._stalled(expected), before
        else:
            refusal, during = "", self._settled(answer.body, concerned)
        after = self._settled(self._put(step.before), concerned)
        return Outcome(refusal, _differing(before, during), _differing(before, after))

    def _concerned(self, changed: Object) -> frozenset[Kind]:
        """The kinds of the children that a change concerns."""
        one, other = (objects(body, self._image) for body in (self._body, changed))
        names = {child.kind for child in _differing(one, other)}
        return frozenset(kind for kind in kinds.CHILDREN if kind.name in names)

    def _put(self, spec: Object) -> Object:
        answer = self._apply(spec)
        if answer.status not in {200, 201}:
            raise HarnessError(f"the API server refuses the example: {answer.message}")
        return answer.body

    def _apply(self, spec: Object) -> Answer:
        body = {
            "apiVersion": kinds.CLUSTER.api_version,
            "kind": kinds.CLUSTER.name,
            "metadata": {"name": "walked", "namespace": self._namespace},
            "spec": _shifted(spec, self._shift),
        }
        path = f"{self._path}/walked"
        return self._api.ask("PATCH", path, body, content=APPLY, fieldManager="walk", force="true")

    def _stalled(self, words: str) -> str:
        """The status' words on why the operator waits for a person, once these are among them."""

        def told() -> str:
            status = self._api.get(f"{self._path}/walked").get("status", {})
            stalled = [c["message"] for c in status.get("conditions", ()) if c["type"] == "Stalled"]
            return next((message for message in stalled if words in message), "")

        return until(told, timeout=SETTLED, what=f"Stalled: {words}", interval=LOOK)

    def _settled(self, body: Object, concerned: Collection[Kind]) -> Children:
        """The children of these kinds once the operator wrote what ``body`` asks for."""
        names = {kind.name for kind in concerned}
        asked = objects(body, self._image).items()
        wanted = {child: _hash(obj) for child, obj in asked if child.kind in names}

        def written() -> tuple[Children]:
            live = self._live(concerned)
            hashes = {child: _hash(obj) for child, obj in live.items()}
            late = sorted(c for c in {**wanted, **hashes} if wanted.get(c) != hashes.get(c))
            if late:
                raise NotWritten(f"not as wanted yet: {late}")
            return (live,)

        what = f"the children of generation {body['metadata']['generation']}"
        (found,) = until(written, timeout=SETTLED, what=what, interval=LOOK, retry_on=(NotWritten,))
        return {child: _lasting(obj, dict(asked)[child]) for child, obj in found.items()}

    def _live(self, concerned: Collection[Kind]) -> Children:
        selector = "labelSelector=namesrv.dev/cluster%3Dwalked"
        found = {}
        for kind in concerned:
            answer = self._api.get(f"{kind.path(self._namespace)}?{selector}")
            for item in answer["items"]:
                found[Child(kind.name, item["metadata"]["name"])] = item
        return found


def _refused_later(step: Step) -> str:
    found = (words for end, words in REFUSED_BY_KUBERNETES.items() if step.leaf.endswith(end))
    return next(found, "")


def _shifted(part: Any, by: int) -> Any:
    """A spec with other node ports, which all clusters share."""
    if isinstance(part, list):
        return [_shifted(item, by) for item in part]
    if not isinstance(part, dict):
        return part
    ports = {"nodePort": part["nodePort"] + by} if "nodePort" in part else {}
    return {name: _shifted(member, by) for name, member in part.items()} | ports


def _hash(obj: Object) -> str:
    return str(obj["metadata"].get("annotations", {}).get(HASH_ANNOTATION, ""))


def _lasting(obj: Object, asked: Object) -> Object:
    """An object without what differs between two that are made alike."""
    metadata = {name: part for name, part in obj["metadata"].items() if name not in VOLATILE}
    lasting = {**obj, "metadata": metadata, "status": None}
    if asked["kind"] == "Service":
        ports = zip(obj["spec"]["ports"], asked["spec"]["ports"], strict=True)
        allocated = dict.fromkeys(ALLOCATED)
        lasting["spec"] = {
            **obj["spec"],
            **allocated,
            "ports": [{**port, "nodePort": wish.get("nodePort")} for port, wish in ports],
        }
    return lasting


def _differing(one: Children, other: Children) -> list[Child]:
    return [child for child in {**one, **other} if one.get(child) != other.get(child)]


def _without_owner(children: Children) -> dict[Child, Object]:
    """Children as made for any object of the same name: without its uid and what hangs on it."""
    found = json.loads(json.dumps(list(children.values())))
    for obj in found:
        del obj["metadata"]["ownerReferences"], obj["metadata"]["annotations"][HASH_ANNOTATION]
    return dict(zip(children, found, strict=True))


def _changes_objects(step: Step) -> bool:
    metadata = {"name": "walked", "namespace": "n", "uid": "u", "generation": 1}
    before, after = ({"metadata": metadata, "spec": spec} for spec in (step.before, step.after))
    return step.leaf != ONE_WAY and objects(before) != objects(after)


STEPS: Final = [step for step in schemawalk.steps() if _changes_objects(step)]
"""Not what only servers are told, or what the operator itself goes by."""


@pytest.fixture(scope="module")
def outcomes(product: Product) -> Iterator[Mapping[str, Outcome]]:
    """What each step did, by leaf, and how each shard compares with a fresh deployment."""
    shards = [
        (name, part)
        for name in schemawalk.examples()
        if (mine := [step for step in STEPS if step.example == name])
        for part in (mine[index::AT_ONCE] for index in range(min(AT_ONCE, len(mine))))
        if part
    ]
    namespaces = [f"{NAMESPACE}{index}" for index in range(len(shards))]
    for file in peer_crds():
        product.kubectl("apply", "--server-side", "-f", file)
        product.kubectl("wait", "--for=condition=Established", "-f", file)
    for namespace in namespaces:
        product.kubectl("create", "namespace", namespace)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = pool.map(lambda ns, shard: _walk(product, ns, *shard), namespaces, shards)
        yield {leaf: outcome for one in told for leaf, outcome in one.items()}
    for namespace in namespaces:
        product.kubectl("delete", "namespace", namespace, "--wait=false")


def _tried(walked: Walked, step: Step) -> Outcome:
    try:
        return walked.walk(step)
    except HarnessError as error:
        return Outcome(f"not walked: {error}")


def _walk(
    product: Product, namespace: str, example: str, steps: Sequence[Step]
) -> dict[str, Outcome]:
    shift = SHIFT * int(namespace.removeprefix(NAMESPACE))
    walked = Walked(product, namespace, schemawalk.examples()[example], shift)
    walked.create()
    found = {step.leaf: _tried(walked, step) for step in steps}
    last = _without_owner(walked.create())
    walked.delete()
    fresh = _without_owner(walked.create())
    walked.delete()
    return {**found, f"fresh {namespace}": Outcome("", (), _differing(last, fresh))}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.leaf)
def test_a_change_is_written_and_taken_back(outcomes: Mapping[str, Outcome], step: Step) -> None:
    outcome = outcomes[step.leaf]
    later = _refused_later(step)
    if step.leaf in REFUSED:
        assert REFUSED[step.leaf] in outcome.refusal
    elif later:
        assert later in outcome.refusal
        assert outcome.not_restored == []
    else:
        assert outcome.refusal == ""
        assert outcome.changed
        assert outcome.not_restored == []


def test_after_all_changes_the_objects_are_those_of_a_fresh_cluster(
    outcomes: Mapping[str, Outcome],
) -> None:
    fresh = [one for name, one in outcomes.items() if name.startswith("fresh ")]
    assert fresh
    assert [one for one in fresh if one.not_restored] == []
