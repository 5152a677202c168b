"""KV and configuration against what is wanted."""

from dataclasses import replace

import pytest

from rocketmq_operator.reconciler.sync import (
    Held,
    KvKey,
    Policy,
    Prune,
    Wanted,
    drift,
    removed_everywhere,
    unreadable,
    writes,
)

WANTED = Wanted(config={"orderMessageEnable": "true"}, kv={"app": {"a": "1", "b": "2"}})
IN_SYNC = Held({"orderMessageEnable": "true", "listenPort": "9876"}, {"app": {"a": "1", "b": "2"}})


def test_a_server_in_sync_is_not_written_to() -> None:
    assert not writes(WANTED, IN_SYNC, None)
    assert drift(WANTED, IN_SYNC).config_in_sync
    assert drift(WANTED, IN_SYNC).kv_in_sync


def test_what_differs_is_written() -> None:
    held = Held({"orderMessageEnable": "false"}, {"app": {"a": "9"}})
    found = writes(WANTED, held, None)
    assert found.config == {"orderMessageEnable": "true"}
    assert found.put == {KvKey("app", "a"): "1", KvKey("app", "b"): "2"}
    assert found.delete == ()


@pytest.mark.parametrize(
    ("key", "wanted", "held"),
    [
        ("orderMessageEnable", "TRUE", "true"),
        ("orderMessageEnable", "yes", "false"),
        ("waitSecondsForService", "+30", "30"),
        ("productEnvName", " center ", "center"),
    ],
)
def test_values_that_mean_the_same_are_in_sync(key: str, wanted: str, held: str) -> None:
    assert drift(Wanted(config={key: wanted}), Held({key: held}, {})).config_in_sync


def test_a_key_that_the_server_does_not_have_is_unknown_and_not_written_again() -> None:
    wanted = Wanted(config={"noSuchKey": "1"})
    assert drift(wanted, Held({}, {})).unknown == ("noSuchKey",)
    assert not writes(wanted, Held({}, {}), None)


def test_a_key_no_longer_wanted_goes_back_to_its_default() -> None:
    wanted = Wanted(config_reset=frozenset({"orderMessageEnable"}))
    held = Held({"orderMessageEnable": "true"}, {})
    assert writes(wanted, held, None).config == {"orderMessageEnable": "false"}


HELD_MORE = Held(IN_SYNC.config, {"app": {"a": "1", "b": "2", "ours": "x", "foreign": "y"}})
OURS_TO_GO = {"app": frozenset({"ours"})}


@pytest.mark.parametrize(
    ("prune", "deleted"),
    [
        (Prune.OWNED, ("ours",)),
        (Prune.NAMESPACE, ("foreign", "ours")),
        (Prune.NEVER, ()),
    ],
)
def test_pruning_removes_what_it_may(prune: Prune, deleted: tuple[str, ...]) -> None:
    wanted = replace(WANTED, kv_delete=OURS_TO_GO, prune=prune, kv_own=frozenset({"app"}))
    assert writes(wanted, HELD_MORE, None).delete == tuple(KvKey("app", k) for k in deleted)


def test_foreign_keys_are_counted_and_left() -> None:
    assert drift(replace(WANTED, kv_delete=OURS_TO_GO), HELD_MORE).unmanaged == {"app": 1}


def test_a_namespace_is_pruned_only_where_something_in_it_is_wanted() -> None:
    held = Held(IN_SYNC.config, {**IN_SYNC.kv, "other": {"k": "v"}})
    wanted = replace(WANTED, prune=Prune.NAMESPACE, kv_own=frozenset({"app"}))
    assert not writes(wanted, held, None)


REPORT = replace(WANTED, config_policy=Policy.REPORT, kv_policy=Policy.REPORT)
TAMPERED = Held({"orderMessageEnable": "false"}, {"app": {"a": "9", "b": "2"}})


@pytest.mark.parametrize("before", [None, REPORT])
def test_drift_is_reported_and_not_corrected(before: Wanted | None) -> None:
    assert not writes(REPORT, TAMPERED, before)
    assert drift(REPORT, TAMPERED).config == ("orderMessageEnable",)


def test_under_report_a_change_of_the_spec_is_still_written() -> None:
    before = replace(REPORT, config={}, kv={"app": {"b": "2"}})
    found = writes(REPORT, TAMPERED, before)
    assert found.config == {"orderMessageEnable": "true"}
    assert found.put == {KvKey("app", "a"): "1"}


def test_a_value_that_no_server_would_take_is_named() -> None:
    assert unreadable({"waitSecondsForService": "soon", "orderMessageEnable": "yes"}) == {
        "waitSecondsForService": "'soon' is not of type int"
    }


def test_a_pending_key_is_done_when_no_server_holds_it() -> None:
    keys = {"app": frozenset({"a", "b"})}
    asked = Wanted(kv_delete=keys)
    held = [Held({}, {"app": {"a": "1"}}, asked), Held({}, {}, asked)]
    assert removed_everywhere(keys, held) == {"app": frozenset({"b"})}
    assert removed_everywhere(keys, [*held, Held({}, {})]) == {"app": frozenset()}
