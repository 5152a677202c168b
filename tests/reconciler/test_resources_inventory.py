"""The inventory of written keys: nothing owned is forgotten, nothing foreign is claimed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rocketmq_operator.reconciler.resources import seed_configmap
from rocketmq_operator.reconciler.resources.inventory import EMPTY, Inventory, decode
from rocketmq_operator.reconciler.spec import Cluster, parse

KEYS = st.sampled_from(["a", "b", "c", "d"])
TABLES = st.dictionaries(st.sampled_from(["n", "m"]), st.dictionaries(KEYS, st.just("v")))
CONFIG = st.dictionaries(KEYS, st.just("v"))


def cluster(
    kv: dict[str, dict[str, str]], config: dict[str, str] | None = None, prune: str = "Owned"
) -> Cluster:
    spec: dict[str, Any] = {
        "kvConfig": [{"kvNamespace": ns, "entries": table} for ns, table in kv.items()],
        "namesrvConfig": config or {},
        "drift": {"kvPrune": prune},
    }
    metadata = {"name": "prod", "namespace": "mq", "uid": "u", "generation": 1}
    return parse({"metadata": metadata, "spec": spec}, "image")


def pairs(keys: dict[str, frozenset[str]]) -> set[tuple[str, str]]:
    return {(namespace, key) for namespace, found in keys.items() for key in found}


def wanted(kv: dict[str, dict[str, str]]) -> set[tuple[str, str]]:
    return {(namespace, key) for namespace, table in kv.items() for key in table}


def test_a_key_that_is_no_longer_wanted_is_pending_until_it_is_done() -> None:
    first = EMPTY.following(cluster({"n": {"a": "1", "b": "2"}}))
    second = first.following(cluster({"n": {"a": "1"}}))
    assert pairs(second.kv_pending_delete) == {("n", "b")}
    assert pairs(second.with_pending_done({"n": ["b"]}).kv_pending_delete) == set()


def test_a_pending_key_that_is_wanted_again_is_owned_again() -> None:
    gone = EMPTY.following(cluster({"n": {"a": "1"}})).following(cluster({}))
    back = gone.following(cluster({"n": {"a": "1"}}))
    assert (pairs(back.kv), back.kv_pending_delete) == ({("n", "a")}, {})


def test_prune_never_gives_keys_up() -> None:
    owned = EMPTY.following(cluster({"n": {"a": "1"}}))
    given_up = owned.following(cluster({}, prune="Never"))
    assert given_up.following(cluster({})) == EMPTY


def test_a_property_that_is_no_longer_wanted_is_reset() -> None:
    owned = EMPTY.following(cluster({}, {"clusterTest": "true"}))
    pending = owned.following(cluster({}))
    assert pending.namesrv_config_pending_reset == {"clusterTest"}
    assert pending.with_pending_done({}, ["clusterTest"]) == EMPTY


@given(st.lists(st.tuples(TABLES, CONFIG), min_size=1, max_size=8))
def test_what_was_ever_wanted_is_owned_or_pending_and_nothing_else_is(
    history: list[tuple[dict[str, dict[str, str]], dict[str, str]]],
) -> None:
    inventory = EMPTY
    ever_kv: set[tuple[str, str]] = set()
    ever_config: set[str] = set()
    for kv, config in history:
        inventory = decode(inventory.following(cluster(kv, config)).encode())
        ever_kv |= wanted(kv)
        ever_config |= config.keys()
    kv, config = history[-1]
    assert pairs(inventory.kv) == wanted(kv)
    assert pairs(inventory.kv_pending_delete) == ever_kv - wanted(kv)
    assert inventory.namesrv_config == config.keys()
    assert inventory.namesrv_config_pending_reset == ever_config - config.keys()


@given(st.lists(st.tuples(TABLES, TABLES), max_size=8))
def test_only_finished_deletions_are_forgotten(
    history: list[tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]],
) -> None:
    inventory, left = EMPTY, set[tuple[str, str]]()
    for kv, done in history:
        owned = pairs(inventory.kv)
        inventory = inventory.following(cluster(kv))
        left = (left | owned) - wanted(kv)
        assert pairs(inventory.kv_pending_delete) == left
        inventory = inventory.with_pending_done(done)
        left -= wanted(done)


@given(TABLES, CONFIG)
def test_building_the_seed_again_changes_nothing(
    kv: dict[str, dict[str, str]], config: dict[str, str]
) -> None:
    seed = seed_configmap.build(cluster(kv, config), EMPTY)
    again = seed_configmap.build(cluster(kv, config), seed_configmap.read(seed).inventory)
    assert again == seed


def test_a_spoiled_inventory_claims_nothing() -> None:
    for text in ("{", "[]", '{"kv": {"n": "a"}}'):
        live = {"data": {"inventory.json": text}}
        assert seed_configmap.read(live).inventory == EMPTY
    assert seed_configmap.read(None).inventory == EMPTY
    assert seed_configmap.read({"data": None}).inventory == Inventory()
