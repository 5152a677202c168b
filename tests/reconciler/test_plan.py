"""Which children are applied, deleted, or left alone."""

from typing import Any

import pytest

from rocketmq_operator.reconciler.plan import (
    ADOPT_ANNOTATION,
    Applied,
    Child,
    applied_as,
    changes,
    child_of,
    holds,
    stamped,
    template_changes,
)

OWNER = {"kind": "NameServerCluster", "metadata": {"name": "prod", "uid": "u1"}}
CHILD = Child("ConfigMap", "prod-seed")


def desired(data: str = "1") -> dict[str, Any]:
    reference = {"kind": "NameServerCluster", "name": "prod", "uid": "u1", "controller": True}
    metadata = {"name": CHILD.name, "namespace": "ns", "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": CHILD.kind, "metadata": metadata, "data": {"k": data}}


def served(obj: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """The object as the API server keeps it, with what others put in."""
    kept = stamped(obj)
    added = {"uid": "c1", "resourceVersion": "7", **metadata}
    return {**kept, "metadata": {**kept["metadata"], **added}, "immutable": False}


def applied(live: list[dict[str, Any]], **kwargs: Any) -> int:
    return len(changes(OWNER, [desired()], live, kwargs.get("memory", {})).apply)


def test_a_missing_child_is_applied() -> None:
    assert applied([]) == 1


def test_a_child_that_holds_everything_desired_is_left_alone() -> None:
    assert applied([served(desired())]) == 0


def test_a_changed_child_is_applied() -> None:
    live = served(desired())
    live["data"] = {"k": "changed by hand"}
    assert applied([live]) == 1


def test_a_field_that_is_no_longer_desired_is_applied_away() -> None:
    earlier = desired()
    earlier["binaryData"] = {"old": "eA=="}
    assert applied([served(earlier)]) == 1


def test_labels_of_others_do_not_matter() -> None:
    assert applied([served(desired(), labels={"team": "x"})]) == 0


def test_a_child_that_the_server_writes_differently_is_applied_once() -> None:
    live = served(desired())
    live["data"] = {"k": "1.0"}
    memory = {CHILD: applied_as(stamped(desired()), live)}
    assert applied([live], memory=memory) == 0
    memory = {CHILD: Applied(memory[CHILD].desired_hash, "6")}
    assert applied([live], memory=memory) == 1


def test_a_child_that_is_no_longer_desired_is_deleted() -> None:
    found = changes(OWNER, [], [served(desired())], {})
    assert [obj["metadata"]["name"] for obj in found.delete] == [CHILD.name]


def test_somebody_elses_object_of_the_same_name_is_neither_applied_nor_deleted() -> None:
    stranger = served(desired(), ownerReferences=[])
    found = changes(OWNER, [desired()], [stranger], {})
    assert (found.taken, found.apply, found.delete) == ((CHILD,), (), ())
    assert not changes(OWNER, [], [stranger], {})


def test_an_object_that_nobody_controls_is_adopted_when_it_asks_to_be() -> None:
    asking = served(desired(), ownerReferences=[], annotations={ADOPT_ANNOTATION: "prod"})
    found = changes(OWNER, [desired()], [asking], {})
    assert [child_of(obj) for obj in found.apply] == [CHILD]
    assert found.adopt == (asking,)


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {ADOPT_ANNOTATION: "other"}, "ownerReferences": []},
        {
            "annotations": {ADOPT_ANNOTATION: "prod"},
            "ownerReferences": [{"kind": "A", "name": "a", "uid": "a", "controller": True}],
        },
    ],
    ids=["asks another", "is controlled"],
)
def test_what_asks_another_or_is_controlled_is_not_adopted(metadata: dict[str, Any]) -> None:
    found = changes(OWNER, [desired()], [served(desired(), **metadata)], {})
    assert (found.taken, found.apply) == ((CHILD,), ())


FORMER = [{"kind": "NameServerCluster", "name": "prod", "uid": "u0", "controller": True}]


@pytest.mark.parametrize(
    "metadata", [{"ownerReferences": FORMER}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}]
)
def test_a_child_on_its_way_out_is_waited_for(metadata: dict[str, Any]) -> None:
    found = changes(OWNER, [desired()], [served(desired(), **metadata)], {})
    assert (found.leaving, found.apply, found.taken) == ((CHILD,), (), ())


@pytest.mark.parametrize(
    ("live", "want", "answer"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ([{"a": 1, "b": 2}], [{"a": 1}], True),
        ([{"a": 1}, {"a": 2}], [{"a": 1}], False),
        (None, {}, True),
        (None, [], True),
        (None, "", True),
        (None, False, True),
        (None, "x", False),
        (None, {"a": 1}, False),
        ("x", {"a": 1}, False),
    ],
)
def test_holding_is_containing(live: object, want: object, answer: bool) -> None:
    assert holds(live, want) is answer


def set_of(image: str, **defaults: Any) -> dict[str, Any]:
    container = {"name": "nameserver", "image": image, **defaults}
    template = {"spec": {"containers": [container], **defaults}}
    return {"kind": "StatefulSet", "metadata": {"name": "x"}, "spec": {"template": template}}


def test_the_fields_of_a_pod_template_that_an_apply_changes_are_named() -> None:
    live = set_of("a:1", terminationMessagePath="/dev/termination-log")
    assert template_changes([live], [set_of("a:2")]) == ("spec.containers[nameserver].image",)
    assert template_changes([live], [set_of("a:1")]) == ()
    assert template_changes([], [set_of("a:1")]) == ()
