"""Why a broker does not register."""

from collections.abc import Callable
from typing import Any

import pytest

from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.diagnosis import (
    Check,
    Facts,
    Verdict,
    checks,
    failed,
    lines,
    problem_of,
    rows,
)
from rocketmq_operator.plugin.layout import plain

Made = Callable[..., dict[str, Any]]

BROKER = "10.0.0.7:10911"
HERE = {"cluster": "c", "name": "a", "id": 0, "address": BROKER, "topics": 2}


def found(facts: Facts, about: str) -> list[Check]:
    return [each for each in checks(facts) if about in each.what]


def of_broker(nsc: dict[str, Any], body: dict[str, Any]) -> Check:
    facts = Facts(nsc, BROKER, brokers=Answers({"s0": body}))
    (check,) = found(facts, "s0 knows the broker")
    return check


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (BROKER, ""),
        ("broker-0.brokers:10911", ""),
        ("[fd00::1]:10911", ""),
        ("10.0.0.7", "want HOST:PORT"),
        ("10.0.0.7:0", "'0' is no port"),
        ("10.0.0.7:x", "'x' is no port"),
        ("0.0.0.0:10911", "no address that anybody can connect to"),
        ("127.0.0.1:10911", "another machine"),
    ],
)
def test_addresses_that_nobody_can_use(address: str, words: str) -> None:
    assert (words in problem_of(address)) if words else (problem_of(address) == "")


def test_a_bad_address_is_not_asked_of_the_network(make: Made) -> None:
    (check,) = found(Facts(make(), "127.0.0.1:10911"), "broker address")
    assert (check.verdict, check.fix) == (
        Verdict.FAIL,
        "set brokerIP1 and listenPort of the broker",
    )


def test_a_registered_broker_is_fine(make: Made) -> None:
    check = of_broker(make(), {"brokers": [HERE]})
    assert check.verdict is Verdict.OK
    assert check.found == "registered as a (id 0) of c, 2 topics"


def test_a_provisional_one_has_not_come_itself(make: Made) -> None:
    check = of_broker(make(), {"brokers": [{**HERE, "provisional": True}]})
    assert check.verdict is Verdict.WARN


def test_one_that_left_says_when(make: Made) -> None:
    left = [{"cluster": "c", "address": BROKER, "age": 3000}]
    check = of_broker(make(), {"brokers": [], "departures": left})
    assert check.verdict is Verdict.FAIL
    assert check.found.startswith("it left 3s ago")


def test_one_that_never_came_gets_the_list_of_servers(make: Made) -> None:
    check = of_broker(make(), {"brokers": []})
    assert check.fix == "give the broker all of namesrvAddr=a:9876;b:9876"


def test_another_port_of_the_same_host_is_a_hint(make: Made) -> None:
    check = of_broker(make(), {"brokers": [{**HERE, "address": "10.0.0.7:10921"}]})
    assert check.found == "no, but 10.0.0.7:10921 of the same host"


def test_where_no_server_can_be_asked_the_status_speaks(make: Made) -> None:
    seen = {**HERE, "state": "Diverged", "missingFrom": ["s1"]}
    (check,) = found(Facts(make(brokers=[seen]), BROKER), "the operator saw the broker")
    assert (check.verdict, check.found) == (Verdict.FAIL, "Diverged, missing from s1")
    (check,) = found(Facts(make(), BROKER), "the operator saw the broker")
    assert check.found == "never"


@pytest.mark.parametrize(("inside", "verdict"), [(True, Verdict.FAIL), (False, Verdict.SKIP)])
def test_what_is_not_reached_from_outside_is_no_failure(
    make: Made, inside: bool, verdict: Verdict
) -> None:
    facts = Facts(
        make(), BROKER, inside, names={"a": "unknown"}, ports={"a:9876": "refused", BROKER: "slow"}
    )
    about = ("resolves", "is open")
    told = [each.verdict for each in checks(facts) if each.what.endswith(about)]
    assert told == [verdict] * 3


def test_one_name_among_others_that_is_not_known_here_is_told_by_itself(make: Made) -> None:
    told = found(Facts(make(), names={"a": "unknown", "b": ""}), "resolves")
    assert [(each.what, each.verdict) for each in told] == [
        ("name a resolves", Verdict.SKIP),
        ("name b resolves", Verdict.OK),
    ]


def test_versions_that_differ_are_told(make: Made) -> None:
    servers = Answers({"s0": {"version": "1"}, "s1": {"version": "2"}})
    (check,) = found(Facts(make(), servers=servers), "of one version")
    assert (check.verdict, check.found) == (Verdict.WARN, "1, 2")
    facts = Facts(make(operatorVersion="1"), servers=servers)
    (check,) = found(facts, "operator's version")
    assert (check.found, check.fix) == (
        "operator 1, servers 1, 2",
        "spec.imageUpdatePolicy: FollowOperator keeps them together",
    )
    given = Facts(make({"image": "mine:2"}, operatorVersion="1"), servers=servers)
    assert found(given, "operator's version")[0].fix.startswith("give spec.image the version 1")


def test_a_server_that_does_not_answer_fails(make: Made) -> None:
    servers = Answers({"s0": {"version": "1"}}, failed={"s1": "no answer"})
    verdicts = {check.what: check.verdict for check in checks(Facts(make(), servers=servers))}
    assert (verdicts["s0 answers"], verdicts["s1 answers"]) == (Verdict.OK, Verdict.FAIL)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"networkPolicy": {"remotingFrom": [{}]}}, "only from 1 peers"),
        ({"tls": {"mode": "Enforcing"}}, "servers take TLS only"),
        ({"tls": {"mode": "Enforcing", "clientAuth": "Require"}}, "TLS only and a certificate"),
    ],
)
def test_closed_doors_are_told(make: Made, spec: dict[str, Any], words: str) -> None:
    (check,) = found(Facts(make(spec)), "brokers may connect")
    assert words in check.found


def test_a_list_of_nobody_closes_no_door(make: Made) -> None:
    assert found(Facts(make({"networkPolicy": {"remotingFrom": []}})), "brokers may connect") == []


def test_a_suspended_cluster_has_no_servers(make: Made) -> None:
    (check,) = found(Facts(make({"suspend": True})), "servers run")
    assert check.verdict is Verdict.FAIL


def test_a_line_for_each_check_and_one_for_the_fix() -> None:
    told = [Check("one", Verdict.OK, "found", "fix"), Check("two", Verdict.FAIL, "found", "fix")]
    assert plain(lines(told)) == "ok   one: found\nFAIL two: found\n     -> fix\n"
    assert rows(told)[1]["verdict"] == "FAIL"
    assert failed(told)
    assert not failed(told[:1])
