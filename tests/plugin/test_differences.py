"""Configuration and KV entries of servers, against the spec and each other."""

import pytest

from rocketmq_operator.plugin import kvspec
from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.differences import (
    agreed,
    entries,
    flat,
    lines,
    of_config,
    of_kv,
    rows,
)
from rocketmq_operator.plugin.layout import plain


def config(*tables: dict[str, str], late: tuple[str, ...] = ()) -> Answers:
    return Answers(
        {f"s{n}": {"properties": t, "restartRequired": list(late)} for n, t in enumerate(tables)}
    )


def kv(*tables: dict[str, dict[str, str]]) -> Answers:
    return Answers({f"s{number}": {"namespaces": each} for number, each in enumerate(tables)})


def names(found: list[dict[str, object]]) -> list[object]:
    return [each["name"] for each in found]


def test_servers_as_the_spec_wants_them_differ_in_nothing() -> None:
    held = {"clusterTest": "true", "listenPort": "9876"}
    assert of_config({"clusterTest": "TRUE"}, config(held, held)) == []


def test_one_server_that_is_not_as_wanted_is_shown_beside_the_others() -> None:
    found = of_config({"clusterTest": "true"}, config({"clusterTest": "true"}, {}))
    assert rows(found) == [
        {
            "name": "clusterTest",
            "wanted": "true",
            "servers": {"s0": "true", "s1": None},
            "restartRequired": False,
        }
    ]
    assert plain(lines(found, ["s0", "s1"])) == (
        "NAME          WANTED   S0     S1       NOTE\nclusterTest   true     true   (none)   -\n"
    )


def test_servers_that_differ_among_themselves_are_shown_although_nobody_asked() -> None:
    found = of_config({}, config({"clusterTest": "true"}, {"clusterTest": "false"}))
    assert names(rows(found)) == ["clusterTest"]


@pytest.mark.parametrize("name", ["bindAddress", "kvConfigPath"])
def test_what_each_server_has_for_itself_is_no_difference(name: str) -> None:
    assert of_config({}, config({name: "a"}, {name: "b"})) == []


def test_what_waits_for_a_restart_is_told() -> None:
    held = {"scanNotActiveBrokerInterval": "1"}
    found = of_config(held, config(held, late=("scanNotActiveBrokerInterval",)))
    assert "waits for a restart" in plain(lines(found, ["s0"]))


def test_a_server_that_did_not_answer_has_no_value() -> None:
    found = of_config({"clusterTest": "true"}, config({"clusterTest": "false"}))
    assert "false   no answer" in plain(lines(found, ["s0", "s1"]))


def test_kv_entries_are_compared_by_namespace_and_key() -> None:
    found = of_kv({"app": {"a": "1"}}, kv({"app": {"a": "1", "b": "2"}}, {"app": {"a": "2"}}))
    assert [(each.name, each.wanted) for each in found] == [("app/a", "1"), ("app/b", None)]


def test_one_table_stands_for_all_servers_and_names_where_it_does_not() -> None:
    tables, differing = agreed(kv({"app": {"a": "1"}}, {"app": {"a": "2"}}))
    assert (tables, differing) == ({"app": {"a": "1"}}, ["app/a"])


@pytest.mark.parametrize(("key", "found"), [(None, ["a", "b"]), ("b", ["b"]), ("c", [])])
def test_entries_of_a_namespace_or_one_key(key: str | None, found: list[str]) -> None:
    tables = {"app": {"b": "2", "a": "1"}, "other": {"a": "3"}}
    assert [each["key"] for each in entries(tables, "app", key)] == found


def test_flat_names() -> None:
    assert flat({"app": {"a": "1"}}) == {"app/a": "1"}


SPEC = {"kvConfig": [{"kvNamespace": "app", "entries": {"a": "1"}}]}


def test_an_entry_joins_those_of_its_namespace() -> None:
    where, patch = kvspec.changed(SPEC, "app", "b", "2")
    assert where == "spec.kvConfig"
    assert patch == {"kvConfig": [{"kvNamespace": "app", "entries": {"a": "1", "b": "2"}}]}
    assert SPEC["kvConfig"][0]["entries"] == {"a": "1"}


def test_a_new_namespace_is_added() -> None:
    _, patch = kvspec.changed(SPEC, "other", "b", "2")
    assert [each["kvNamespace"] for each in patch["kvConfig"]] == ["app", "other"]


def test_ordered_topics_have_a_field_of_their_own() -> None:
    where, patch = kvspec.changed(SPEC, "ORDER_TOPIC_CONFIG", "orders", "broker-a:4")
    assert (where, patch) == ("spec.orderTopics", {"orderTopics": {"orders": "broker-a:4"}})


def test_an_export_is_a_spec_that_asks_for_what_is_there() -> None:
    tables = {"app": {"a": "1"}, "ORDER_TOPIC_CONFIG": {"orders": "broker-a:4"}}
    spec = {**SPEC, "orderTopics": {"orders": "broker-a:4"}}
    assert kvspec.exported(tables) == spec
    assert kvspec.tables(spec) == tables
