"""Brokers by servers."""

from typing import Any

from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.layout import plain
from rocketmq_operator.plugin.matrix import (
    agreement,
    from_status,
    lines,
    matrix,
    merged,
    merged_lines,
    rows,
)


def broker(name: str = "a", counter: int = 1, **more: Any) -> dict[str, Any]:
    version = {"stateVersion": 0, "timestamp": 5, "counter": counter}
    who = {"cluster": "c", "name": name, "id": 0, "address": f"{name}:10911"}
    return {**who, "dataVersion": version, "topics": 3, **more}


def answers(*brokers: list[dict[str, Any]], **more: Any) -> Answers:
    return Answers({f"s{number}": {"brokers": each, **more} for number, each in enumerate(brokers)})


def said(found: Answers) -> list[list[str]]:
    return [list(row.values()) for row in matrix(found).values()]


def test_servers_that_agree() -> None:
    found = answers([broker()], [broker()])
    assert said(found) == [["registered", "registered"]]
    assert agreement(matrix(found), found.pods) == "2 servers, the same 1 broker on each"


def test_missing_provisional_and_older_are_told_apart() -> None:
    found = answers([broker(counter=2)], [], [broker(provisional=True)], [broker(counter=1)])
    assert said(found) == [["registered", "missing", "provisional", "older"]]
    assert agreement(matrix(found), found.pods) == "not the same everywhere: a (id 0)"


def test_a_server_that_did_not_answer_is_no_vote() -> None:
    found = Answers({"s0": {"brokers": [broker()]}}, failed={"s1": "no answer in 5 s"})
    assert said(found) == [["registered", "no answer"]]
    assert agreement(matrix(found), found.pods) == "1 server, the same 1 broker on each"


def test_who_left_says_when() -> None:
    left = {"departures": [{"cluster": "c", "address": "a:10911", "age": 90_000}]}
    found = Answers({"s0": {"brokers": [broker()]}, "s1": {"brokers": [], **left}})
    assert said(found) == [["registered", "left 90s ago"]]


def test_a_broker_at_two_addresses_is_two_rows() -> None:
    assert len(matrix(answers([broker()], [broker(address="b:10911")]))) == 2


def test_no_broker_at_all() -> None:
    assert agreement(matrix(answers([], [])), ["s0", "s1"]) == "no server knows a broker"


def test_a_row_names_the_broker_and_a_column_each_server() -> None:
    found = answers([broker()], [])
    assert plain(lines(matrix(found), found.pods)) == (
        "BROKER   ID   CLUSTER   ADDRESS   S0           S1\n"
        "a        0    c         a:10911   registered   missing\n"
    )
    assert rows(matrix(found))[0]["servers"] == {"s0": "registered", "s1": "missing"}


def test_all_brokers_of_all_servers_those_in_trouble_first() -> None:
    found = merged(answers([broker("a"), broker("b")], [broker("a")]))
    assert [(each["name"], each["missingFrom"]) for each in found] == [("a", []), ("b", ["s1"])]
    text = plain(merged_lines(found))
    assert text.index("b:10911") < text.index("a:10911")


def test_servers_without_an_http_side_are_told_of_by_the_status() -> None:
    status = {
        "nameServers": [{"name": "s0", "brokers": 1}, {"name": "s1", "brokers": 0}, {"name": "s2"}],
        "brokers": [broker(state="Online", missingFrom=["s1"])],
    }
    (row,) = from_status(status).values()
    assert row == {"s0": "registered", "s1": "missing", "s2": "no answer"}
