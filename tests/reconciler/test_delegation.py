"""Who owns a KV entry: one object, and the same one in whatever order they are read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocketmq_operator.reconciler import delegation, interpret, kvconfig, sync
from rocketmq_operator.reconciler.delegation import Division, Share
from rocketmq_operator.reconciler.kvconfig import FINALIZER, KvConfig
from rocketmq_operator.reconciler.resources import seed_configmap
from rocketmq_operator.reconciler.resources.inventory import EMPTY, Inventory, Written
from rocketmq_operator.reconciler.spec import MAX_KV_BYTES, Cluster, parse
from rocketmq_operator.reconciler.sync import Held, KvKey

NOTHING = Written()
OPEN = {"kvDelegation": {"from": "All"}}
NAMES = ["a", "b", "c"]
ENTRIES = st.dictionaries(st.sampled_from(["k", "l", "m"]), st.sampled_from(["1", "2"]))


def cluster(**spec: Any) -> Cluster:
    metadata = {"name": "prod", "namespace": "mq", "uid": "u", "generation": 1}
    return parse({"metadata": metadata, "spec": spec}, "image")


def body(name: str, entries: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """One object of the namespace ``team-NAME``; the later in the alphabet, the younger it is."""
    age = f"2026-01-01T00:00:{ord(name[0]) % 60:02}Z"
    metadata = {"name": name, "namespace": f"team-{name}", "creationTimestamp": age}
    spec = {"clusterRef": {"name": "prod", "namespace": "mq"}, "kvNamespace": "app"}
    return {
        "metadata": {**metadata, **more.pop("metadata", {})},
        "spec": {**spec, "entries": dict(entries), **more},
    }


def config(name: str, entries: Mapping[str, str], **more: Any) -> KvConfig:
    return kvconfig.read(body(name, entries, **more))


def leaving(name: str, entries: Mapping[str, str], **more: Any) -> KvConfig:
    gone = {"deletionTimestamp": "2026-01-02T00:00:00Z", "finalizers": [FINALIZER]}
    return config(name, entries, metadata=gone, **more)


def divided(
    configs: Sequence[KvConfig],
    written: Written = NOTHING,
    labels: Mapping[str, Mapping[str, str]] = {},
    **spec: Any,
) -> Division:
    return delegation.divide(cluster(**{**OPEN, **spec}), configs, written, labels)


def given_to(division: Division, **spec: Any) -> Cluster:
    return msgspec.structs.replace(cluster(**{**OPEN, **spec}), delegated=division.delegated)


def written(configs: Sequence[KvConfig], before: Written = NOTHING, **spec: Any) -> Written:
    """What a live seed says once all of these are followed."""
    following = given_to(divided(configs, before, **spec), **spec)
    return seed_configmap.read(seed_configmap.build(following, before.inventory))


def share(division: Division, name: str) -> Share:
    return next(one for one in division.shares if one.config.key.name == name)


def refusal(division: Division, name: str) -> str:
    trouble = share(division, name).trouble
    return trouble.reason if trouble else ""


def test_the_oldest_object_owns_a_key_and_both_are_told() -> None:
    seen = divided([config("b", {"k": "b", "l": "b"}), config("a", {"k": "a"})])
    assert seen.delegated.kv == {"app": {"k": "a", "l": "b"}}
    assert refusal(seen, "b") == "KeyConflict"
    assert refusal(seen, "a") == ""
    (conflict,) = share(seen, "a").conflicts
    assert share(seen, "b").conflicts == (conflict,)
    assert conflict == (
        KvKey("app", "k"),
        "NameServerKVConfig team-a/a",
        ("NameServerKVConfig team-b/b",),
    )


def test_what_the_cluster_says_itself_goes_before_every_object() -> None:
    own = {"kvConfig": [{"kvNamespace": "app", "entries": {"k": "own"}}]}
    seen = divided([config("a", {"k": "a", "l": "a"})], **own)
    assert given_to(seen, **own).kv == {"app": {"k": "own", "l": "a"}}
    assert share(seen, "a").trouble == (
        "KeyConflict",
        "key k of KV namespace app belongs to NameServerCluster mq/prod; remove them here or there",
    )


@given(st.permutations(NAMES), st.lists(ENTRIES, min_size=3, max_size=3))
def test_the_order_of_reading_decides_nothing(
    order: list[str], tables: list[dict[str, str]]
) -> None:
    configs = dict(zip(NAMES, tables, strict=True))
    one = divided([config(name, configs[name]) for name in NAMES])
    other = divided([config(name, configs[name]) for name in order])
    assert one == other
    owned = [KvKey("app", key) for s in one.shares for key in s.entries]
    assert sorted(owned) == sorted({KvKey("app", key) for table in tables for key in table})


@pytest.mark.parametrize(
    ("rules", "permitted"),
    [
        ({"from": "None"}, set()),
        ({"from": "Same"}, {"mq"}),
        ({"from": "All"}, {"mq", "team-a", "team-b"}),
        ({"from": "Selector", "namespaceSelector": {"matchLabels": {"mq": "yes"}}}, {"team-a"}),
        ({"from": "Selector", "namespaceSelector": {}}, {"mq", "team-a", "team-b"}),
    ],
)
def test_a_namespace_that_may_not_write_is_refused(
    rules: dict[str, Any], permitted: set[str]
) -> None:
    configs = [
        config(f"in-{namespace}", {namespace: "v"}, metadata={"namespace": namespace})
        for namespace in ("mq", "team-a", "team-b")
    ]
    labels = {"mq": {}, "team-a": {"mq": "yes"}, "team-b": {"mq": "no"}}
    seen = divided(configs, labels=labels, kvDelegation=rules)
    assert set(seen.delegated.kv.get("app", {})) == permitted
    refused = [one for one in seen.shares if one.config.key.namespace not in permitted]
    assert {one.trouble.reason for one in refused if one.trouble} <= {"NotPermitted"}


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ({"key": "mq", "operator": "In", "values": ["yes", "no"]}, [True, False]),
        ({"key": "mq", "operator": "NotIn", "values": ["yes"]}, [False, True]),
        ({"key": "mq", "operator": "Exists"}, [True, False]),
        ({"key": "mq", "operator": "DoesNotExist"}, [False, True]),
    ],
)
def test_namespaces_are_selected_as_kubernetes_does(
    rule: dict[str, Any], matches: list[bool]
) -> None:
    selector = {"matchExpressions": [rule]}
    assert [delegation.selects(selector, labels) for labels in ({"mq": "yes"}, {})] == matches


def test_a_reserved_namespace_is_for_the_cluster_alone() -> None:
    rules = {"from": "All", "reservedNamespaces": ["app"]}
    assert refusal(divided([config("a", {"k": "v"})], kvDelegation=rules), "a") == (
        "NamespaceReserved"
    )


@pytest.mark.parametrize("change", [{"paused": True}, {"drift": 3}], ids=["paused", "unreadable"])
def test_an_object_that_is_held_keeps_what_was_written(change: dict[str, Any]) -> None:
    before = written([config("a", {"k": "old", "l": "old"})])
    seen = divided([config("a", {"k": "new", "m": "new"}, **change)], before)
    assert seen.delegated.kv == {"app": {"k": "old", "l": "old"}}


def test_a_refusal_takes_nothing_away_that_nobody_else_asks_for() -> None:
    before = written([config("a", {"k": "a", "l": "a"})])
    rules = {"from": "Selector", "namespaceSelector": {"matchLabels": {"mq": "yes"}}}
    others = [config("a", {"k": "new"}), config("b", {"l": "b"})]
    seen = divided(
        others, before, labels={"team-a": {}, "team-b": {"mq": "yes"}}, kvDelegation=rules
    )
    assert seen.delegated.kv == {"app": {"k": "a", "l": "b"}}
    assert refusal(seen, "a") == "NotPermitted"


def test_an_object_that_grows_too_large_is_held_and_the_others_go_on() -> None:
    large = {f"k{n}": "v" * 4096 for n in range(200)}
    before = written([config("a", {"k": "old"})])
    seen = divided([config("a", large | {"k": "new"}), config("b", {"l": "b"})], before)
    assert refusal(seen, "a") == ""
    both = [config("a", large), config("b", large | {"own": "b"})]
    seen = divided(both, written([config("b", {"l": "b"})]))
    assert refusal(seen, "b") == "KVTooLarge"
    assert dict(share(seen, "b").entries) == {"l": "b"}
    seed_configmap.build(given_to(seen), EMPTY)  # which raises if all of it does not fit
    assert sum(len(key) + len(text) for key, text in large.items()) < MAX_KV_BYTES


def removed(before: Written, configs: Sequence[KvConfig]) -> set[str]:
    found = before.inventory.following(given_to(divided(configs, before)))
    return set(found.kv_pending_delete.get("app", ()))


def test_a_key_goes_when_its_object_drops_it_or_is_deleted() -> None:
    before = written([config("a", {"k": "1", "l": "1"})])
    assert removed(before, [config("a", {"k": "1"})]) == {"l"}
    assert removed(before, [leaving("a", {"k": "1", "l": "1"})]) == {"k", "l"}


def test_a_key_stays_when_its_object_retains_it_or_is_gone_without_a_word() -> None:
    before = written([config("a", {"k": "1"})])
    assert removed(before, [leaving("a", {"k": "1"}, deletionPolicy="Retain")]) == set()
    assert removed(before, []) == set()


def test_the_next_oldest_takes_over_what_an_owner_gives_up() -> None:
    younger = config("b", {"k": "b"})
    before = written([config("a", {"k": "a"}), younger])
    seen = divided([leaving("a", {"k": "a"}), younger], before)
    assert seen.delegated.kv == {"app": {"k": "b"}}
    assert refusal(seen, "b") == ""
    assert removed(before, [leaving("a", {"k": "a"}), younger]) == set()


@given(st.lists(st.lists(ENTRIES, min_size=3, max_size=3), min_size=1, max_size=5))
def test_after_any_history_the_seed_says_who_owns_what(
    history: list[list[dict[str, str]]],
) -> None:
    before = NOTHING
    for tables in history:
        before = written(
            [config(name, table) for name, table in zip(NAMES, tables, strict=True)], before
        )
    last = divided([config(n, t) for n, t in zip(NAMES, history[-1], strict=True)], before)
    assert before.kv.get("app", {}) == last.delegated.kv.get("app", {})
    assert before.inventory.delegated == last.delegated.owners
    ever = {key for tables in history for table in tables for key in table}
    assert (
        set(before.inventory.kv_pending_delete.get("app", ()))
        == ever - before.kv.get("app", {}).keys()
    )


@pytest.mark.parametrize(
    ("own", "deleted"),
    [({}, ()), ({"kvConfig": [{"kvNamespace": "app"}]}, (KvKey("app", "foreign"),))],
    ids=["of the object alone", "of the cluster too"],
)
def test_a_namespace_is_pruned_only_where_the_cluster_itself_names_it(
    own: dict[str, Any], deleted: tuple[KvKey, ...]
) -> None:
    spec = {**own, "drift": {"kvPrune": "Namespace"}}
    following = given_to(divided([config("a", {"k": "1"})], **spec), **spec)
    held = Held({}, {"app": {"k": "1", "foreign": "x"}})
    assert sync.writes(interpret.wanted(following, EMPTY), held, None).delete == deleted


def test_an_inventory_from_before_there_were_objects_is_read() -> None:
    live = {"data": {"inventory.json": '{"kv": {"n": ["a"]}}'}}
    assert seed_configmap.read(live).inventory == Inventory(kv={"n": frozenset({"a"})})
