"""Who is in the tables: REGISTER_ (103), UNREGISTER_BROKER (104), QUERY_DATA_VERSION (322)."""

import pytest

from harness.frames import JSON, ROCKETMQ, ask
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import (
    Member,
    body,
    crc,
    data_version,
    member,
    registration,
    topic,
)

TOPICS = {"reg-a": 4, "reg-b": 8}
KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])


def views(pair: Pair, *names: str, clusters: tuple[str, ...] = ("C1", "C2")) -> None:
    pair.same_all(everything(topics=[*TOPICS, "reg-c"], brokers=names, clusters=clusters))


def leave(pair: Pair, *members: Member) -> None:
    """Take brokers and topics away, so that the next test starts from nothing."""
    for each in members:
        pair.same(ask(104, fields=each))
    pair.settle()
    for name in (*TOPICS, "reg-c"):
        pair.same(ask(216, topic=name))
    views(pair, *{each["brokerName"] for each in members})


@KINDS
def test_a_master_and_a_slave_come_and_go(pair: Pair, kind: int) -> None:
    master, slave = member("life"), member("life", 1)
    pair.same(registration(master, body(TOPICS), kind=kind), "master")
    views(pair, "life")
    pair.same(registration(slave, body(TOPICS), kind=kind), "slave")
    views(pair, "life")
    pair.same(ask(304))
    pair.same(ask(104, kind=kind, fields=master))
    pair.settle()
    views(pair, "life")
    pair.same(registration(slave, body(TOPICS), kind=kind), "slave")
    pair.same(ask(104, kind=kind, fields=slave))
    pair.settle()
    views(pair, "life")
    leave(pair, master, slave)


def test_a_slave_that_comes_first_has_topics_only_if_it_is_of_5_x(pair: Pair) -> None:
    for acting in ("", "false", "true"):
        slave = member("first", 2)
        pair.same(registration(slave, body(TOPICS), enableActingMaster=acting))
        views(pair, "first")
        leave(pair, slave)


def test_slaves_are_told_of_a_master_that_lives_in_their_cluster(pair: Pair) -> None:
    master, slave = member("told"), member("told", 3)
    elsewhere = member("told", 4, cluster="C2")
    pair.same(registration(master, body(TOPICS), haServerAddr="ha:1"))
    assert pair.answer(registration(slave)).fields == {
        "haServerAddr": "ha:1",
        "masterAddr": master["brokerAddr"],
    }
    assert pair.answer(registration(elsewhere)).fields == {}
    pair.same(registration(master, body(TOPICS), haServerAddr=""))
    assert pair.answer(registration(slave)).fields == {"masterAddr": master["brokerAddr"]}
    views(pair, "told")
    leave(pair, master, slave, elsewhere)


@pytest.mark.parametrize(
    ("second", "same_topics"),
    [
        (data_version(1), True),
        (data_version(2), False),
        (data_version(0), False),
        (data_version(1, state=1), False),
        (data_version(1, timestamp=999), False),
    ],
)
def test_topics_are_taken_again_only_with_another_version(
    pair: Pair, second: dict[str, int], same_topics: bool
) -> None:
    master = member("version")
    pair.same(registration(master, body(TOPICS)))
    answer = pair.answer(ask(105, topic="reg-a"))
    pair.same(registration(master, body({"reg-a": 16, "reg-c": 2}, version=second)))
    views(pair, "version")
    assert (pair.answer(ask(105, topic="reg-a")).body == answer.body) == same_topics
    leave(pair, master)


def test_a_topic_that_is_missing_is_taken_whatever_the_version(pair: Pair) -> None:
    master = member("again")
    pair.same(registration(master, body(TOPICS)))
    pair.same(ask(216, topic="reg-a"))
    views(pair, "again")
    pair.same(registration(master, body({"reg-a": 16, "reg-b": 16})))
    views(pair, "again")
    leave(pair, master)


def test_a_repeated_registration_changes_nothing(pair: Pair) -> None:
    master, slave = member("repeat"), member("repeat", 1)
    for _ in range(4):
        pair.same(registration(master, body(TOPICS)), "master")
        pair.same(registration(slave, body(TOPICS)), "slave")
        views(pair, "repeat")
    leave(pair, master, slave)


@pytest.mark.parametrize("second", [{}, {"reg-a": 4}, {"reg-a": 4, "reg-b": 8, "reg-c": 1}])
def test_one_topic_alone_is_refused_from_a_broker_that_is_not_there(
    pair: Pair, second: dict[str, int]
) -> None:
    master = member("alone")
    refused = pair.answer(registration(master, body({"reg-a": 4})))
    assert (refused.code, refused.remark) == (1, "register broker failed")
    views(pair, "alone")
    pair.same(ask(304))
    pair.same(registration(master, body(second)))
    views(pair, "alone")
    pair.same(registration(master, body({"reg-c": 4}, version=data_version(5))))
    views(pair, "alone")
    leave(pair, master)


def test_a_refused_broker_leaves_its_name_until_it_unregisters(pair: Pair) -> None:
    ghost = member("ghost", 1, cluster="C2")
    pair.same(registration(ghost, body({"reg-a": 4})))
    pair.same(ask(304))
    pair.same(ask(322, fields=ghost))
    pair.same(ask(904, fields=ghost))
    views(pair, "ghost")
    leave(pair, ghost)


def test_an_address_has_one_id(pair: Pair) -> None:
    address = "switch:1"
    was, becomes = (member("switch", number, address=address) for number in (1, 0))
    pair.same(registration(was, body(TOPICS)))
    views(pair, "switch")
    pair.same(registration(becomes, body({"reg-a": 9, "reg-b": 9})))
    views(pair, "switch")
    pair.same(registration(becomes, body({"reg-a": 9, "reg-b": 9}, version=data_version(2))))
    views(pair, "switch")
    pair.same(registration(was, body(TOPICS)))
    views(pair, "switch")
    leave(pair, was)


@pytest.mark.parametrize(("old", "new"), [(5, 4), (5, 5), (4, 5), (-1, -2), (0, 0)])
def test_an_id_that_another_address_holds_goes_to_the_newer_state(
    pair: Pair, old: int, new: int
) -> None:
    holder = member("conflict", address="old:1")
    comer = member("conflict", address="new:1")
    pair.same(registration(holder, body(TOPICS, version=data_version(1, old))), "holder")
    told = body({"reg-a": 7, "reg-b": 7}, version=data_version(9, new))
    pair.same(registration(comer, told), "comer")
    views(pair, "conflict")
    pair.same(ask(322, fields=comer))
    pair.same(ask(322, fields=holder))
    pair.same(registration(comer, told), "comer")
    views(pair, "conflict")
    leave(pair, comer, holder)


def test_a_refused_address_loses_its_live_entry(pair: Pair) -> None:
    comer = member("loser", address="new:1")
    holder = member("loser", address="old:1")
    pair.same(registration(comer | {"brokerId": "1"}, body(TOPICS)))
    pair.same(registration(holder, body(TOPICS, version=data_version(1, 9))))
    pair.same(ask(322, fields=comer))
    pair.same(registration(comer, body(TOPICS)))
    pair.same(ask(322, fields=comer))
    views(pair, "loser")
    leave(pair, comer, holder)


def test_filter_servers(pair: Pair) -> None:
    master, slave = member("filter"), member("filter", 1)
    for filters in (("f:1", "f:2"), (), ("f:3",), None, ("f:4",), (), ("",)):
        pair.same(registration(master, body(TOPICS, filters=filters)), "master")
        views(pair, "filter")
        pair.same(registration(slave, body(TOPICS, filters=("s:1",))), "slave")
        views(pair, "filter")
    leave(pair, master, slave)


def test_filter_servers_of_another_broker_show_as_an_absent_list(pair: Pair) -> None:
    one, other = member("filter-a"), member("filter-b")
    pair.same(registration(one, body({"reg-a": 1, "reg-b": 1}, filters=("f:1",))))
    pair.same(registration(other, body({"reg-a": 1, "reg-b": 1})))
    views(pair, "filter-a", "filter-b")
    leave(pair, one, other)


def test_a_broker_name_belongs_to_no_cluster(pair: Pair) -> None:
    here, there = member("shared"), member("shared", 1, cluster="C2")
    pair.same(registration(here, body(TOPICS)))
    pair.same(registration(there, body(TOPICS)))
    views(pair, "shared")
    pair.same(ask(104, fields=there))
    pair.settle()
    views(pair, "shared")
    leave(pair, here)
    pair.same(registration(there, body(TOPICS)))
    leave(pair, there)


def test_unregistration_goes_by_address_and_name(pair: Pair) -> None:
    master, slave = member("byaddr"), member("byaddr", 1)
    pair.same(registration(master, body(TOPICS)))
    pair.same(registration(slave, body(TOPICS)))
    wrong = [
        master | {"brokerAddr": "nobody:1"},
        master | {"brokerName": "nobody"},
        master | {"brokerId": "77", "brokerAddr": "nobody:2"},
    ]
    for each in wrong:
        pair.same(ask(104, fields=each))
        pair.settle()
        views(pair, "byaddr")
    pair.same(ask(104, fields=slave | {"brokerId": "0"}))
    pair.settle()
    views(pair, "byaddr")
    pair.same(ask(104, fields=master | {"clusterName": "C2"}))
    pair.settle()
    views(pair, "byaddr")
    leave(pair, master, slave)


@pytest.mark.parametrize(
    "more",
    [
        {"bodyCrc32": "5"},
        {"bodyCrc32": "-5"},
        {"bodyCrc32": "0"},
        {"bodyCrc32": "x"},
        {"bodyCrc32": "99999999999"},
        {"bodyCrc32": ""},
        {"brokerId": "x"},
        {"brokerId": ""},
        {"brokerId": "1.0"},
        {"brokerId": " 1"},
        {"brokerId": "9223372036854775807"},
        {"brokerId": "9223372036854775808"},
        {"brokerId": "-3"},
        {"brokerId": "+4"},
        {"brokerId": "17"},
        {"compressed": "true", "bodyCrc32": "0"},
        {"compressed": "yes"},
        {"compressed": ""},
        {"heartbeatTimeoutMillis": "junk"},
        {"heartbeatTimeoutMillis": "600000"},
        {"haServerAddr": ""},
        {"haServerAddr": "ü中"},
        {"enableActingMaster": "TRUE"},
        {"enableActingMaster": "1"},
        {"enableActingMaster": " true"},
        {"brokerAddr": "x"},
        {"brokerAddr": "ü中/\\"},
        {"clusterName": "ü中/\\"},
        {"unknownField": "1"},
        {"__ZONE_NAME": "z"},
        {"ns": "x", "nsd": "true", "bname": "b", "oway": "true"},
    ],
)
@KINDS
def test_fields(pair: Pair, kind: int, more: dict[str, str]) -> None:
    who = member("fields") | {name: text for name, text in more.items() if name in member("x")}
    pair.same(registration(who, body(TOPICS), kind=kind, fields=more))
    views(pair, "fields")
    pair.same(ask(322, fields=who))
    pair.same(ask(104, fields=who))
    pair.same(ask(104, fields=who | {"brokerId": "0"}))
    pair.settle()
    for name in TOPICS:
        pair.same(ask(216, topic=name))


@KINDS
def test_the_checksum_is_that_of_the_body(pair: Pair, kind: int) -> None:
    master = member("crc")
    for content in (body(TOPICS), b"", b"x"):
        pair.same(registration(master, content, kind=kind))
        pair.same(registration(master, content, kind=kind, bodyCrc32=str(int(crc(content)) ^ 1)))
    leave(pair, master)


def test_topic_flags_and_perms_show_as_registered(pair: Pair) -> None:
    master = member("perms")
    configs = [
        topic("reg-a", 1, perm, topicSysFlag=flag, writeQueueNums=writes, order=True)
        for perm in (0, 1, 2, 3, 4, 6, 7, 15, -1)
        for flag, writes in ((0, 1), (3, 0), (-1, -1))
    ]
    for number, config in enumerate(configs):
        told = body([config, topic("reg-b")], version=data_version(number))
        pair.same(registration(master, told))
        pair.same(ask(105, topic="reg-a"), exact=True)
    views(pair, "perms")
    leave(pair, master)


def test_topic_names_of_every_kind(pair: Pair) -> None:
    names = [
        "",
        " ",
        "ü中😀",
        'q"\\/',
        "\t\n\x01\x7f\u2028",
        "%RETRY%g",
        "a" * 300,
        "\ud7ff",
        "\ue000",
    ]
    master = member("names")
    pair.same(registration(master, body(dict.fromkeys(names, 3))))
    pair.same_all(everything(topics=names))
    for version in (400, 479):
        for name in names:
            pair.same(ask(105, topic=name, version=version), exact=True)
    for name in names:
        pair.same(ask(216, topic=name))
    leave(pair, master)


def test_two_thousand_topics(pair: Pair) -> None:
    names = [f"large-{number}" for number in range(2000)]
    master = member("large")
    pair.same(registration(master, body(dict.fromkeys(names, 3))))
    pair.same(ask(206))
    pair.same(ask(224, cluster="C1"))
    pair.same_all(everything(topics=names[::200], brokers=["large"]))
    more = dict.fromkeys(names, 5)
    pair.same(registration(master, body(more, version=data_version(2))))
    pair.same_all(everything(topics=names[::200]))
    pair.same(ask(205, brokerName="large"))
    pair.same_all(everything(topics=names[::200]))
    leave(pair, master)
    pair.same(ask(206))


def test_a_one_way_registration_has_its_effect(pair: Pair) -> None:
    master = member("oneway")
    frame = registration(master, body(TOPICS))
    oneway = frame.replace(b'"flag":0', b'"flag":2')
    pair.told(oneway)
    pair.become_same(ask(105, topic="reg-a"), wanted=0)
    views(pair, "oneway")
    pair.told(ask(904, flag=2, fields=master))
    pair.told(ask(104, flag=2, fields=master))
    pair.settle()
    leave(pair, master)


@pytest.mark.parametrize("code", [103, 104, 322, 904, 901])
@KINDS
def test_requests_without_any_field(pair: Pair, kind: int, code: int) -> None:
    pair.same(ask(code, kind=kind))
    pair.same(ask(code, kind=kind, extra="1"))


def test_data_versions(pair: Pair) -> None:
    master = member("asked")
    told = b'{"counter":1,"stateVersion":0,"timestamp":1000}'
    others = [
        b'{"counter":2,"stateVersion":0,"timestamp":1000}',
        b'{"counter":1,"stateVersion":1,"timestamp":1000}',
        b'{"counter":1,"stateVersion":0,"timestamp":1001}',
        b'{"counter":1,"timestamp":1000}',
        b"{counter:'1',timestamp:1000.7}",
        b'{"counter":null,"timestamp":1000}',
        b'{"stateVersion":null,"counter":1,"timestamp":1000}',
        b"{}",
        b"[]",
        b"null",
        b" ",
        b"junk",
        b"5",
        b'{"counter":"x"}',
        b'{"counter":99999999999999999999}',
    ]
    for content in (told, b""):
        pair.same(ask(322, content, fields=master))
    pair.same(registration(master, body(TOPICS)))
    for content in (told, b"", *others):
        pair.same(ask(322, content, fields=master))
    for missing in master:
        pair.same(ask(322, told, fields={**master, missing: ""}))
        fields = {name: text for name, text in master.items() if name != missing}
        pair.same(ask(322, told, fields=fields))
        pair.same(ask(904, fields=fields))
    pair.same(ask(904, fields=master))
    leave(pair, master)
