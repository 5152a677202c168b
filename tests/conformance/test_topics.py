"""Topics as administrators see and change them: 206, 216, 217, 224, 304, 311 to 313."""

import json
from collections.abc import Iterator

import pytest

from harness.frames import JSON, ROCKETMQ, ask
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import body, data_version, member, registration, topic

KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
MEMBERS = [member("top-a"), member("top-b"), member("top-c", cluster="C2")]
NAMES = ["t-0", "t-1", "t-2", "t-3", "new", ""]


@pytest.fixture(autouse=True)
def brokers(pair: Pair) -> Iterator[None]:
    """Three brokers in two clusters with the same four topics, of all unit flags."""
    configs = [topic(f"t-{flag}", 4, topicSysFlag=flag) for flag in range(4)]
    for who in MEMBERS:
        pair.same(registration(who, body(configs)))
    views(pair)
    yield
    for who in MEMBERS:
        pair.same(ask(104, fields=who))
    pair.settle()
    for name in NAMES:
        pair.same(ask(216, topic=name))
    pair.same_all(everything())


def views(pair: Pair) -> None:
    pair.same_all(everything(topics=NAMES, clusters=("C1", "C2", "C3")))


@KINDS
@pytest.mark.parametrize("cluster", ["", "C1", "C2", "C3", "c1"])
@pytest.mark.parametrize("name", ["t-0", "no-such-topic"])
def test_deletion(pair: Pair, kind: int, cluster: str, name: str) -> None:
    pair.same(ask(216, kind=kind, topic=name, clusterName=cluster))
    views(pair)
    pair.same(ask(216, kind=kind, topic=name, clusterName=cluster))
    pair.same(ask(216, kind=kind, topic=name, clusterName="C1"))
    views(pair)


@KINDS
def test_deletion_without_a_topic(pair: Pair, kind: int) -> None:
    for fields in ({}, {"clusterName": "C1"}, {"topic": ""}, {"topic": "", "clusterName": "C1"}):
        pair.same(ask(216, kind=kind, fields=fields))
    views(pair)


def test_deletion_of_the_first_entry_decides_about_unit_flags(pair: Pair) -> None:
    pair.same(ask(216, topic="t-3", clusterName="C1"))
    views(pair)
    configs = [topic("t-3", 4, topicSysFlag=0), topic("t-0")]
    pair.same(registration(MEMBERS[2], body(configs, version=data_version(2))))
    views(pair)


def queue(broker: str, **more: object) -> dict[str, object]:
    return {
        "brokerName": broker,
        "perm": 6,
        "readQueueNums": 3,
        "writeQueueNums": 3,
        "topicSysFlag": 0,
        **more,
    }


def route(*queues: object) -> bytes:
    told = {"brokerDatas": [], "filterServerTable": {}, "queueDatas": list(queues)}
    return json.dumps(told).encode()


@KINDS
@pytest.mark.parametrize("name", ["new", "t-0"])
@pytest.mark.parametrize(
    "queues",
    [
        [],
        [queue("top-a")],
        [queue("top-a"), queue("top-b", perm=4)],
        [queue("nobody")],
        [queue("top-a"), queue("nobody"), queue("top-b")],
        [queue("nobody"), queue("top-b")],
        [queue("top-a", perm=2), queue("top-a", perm=4)],
        [queue("top-a", perm="2", readQueueNums=-1)],
    ],
)
def test_registration_of_one_topic(
    pair: Pair, kind: int, name: str, queues: list[dict[str, object]]
) -> None:
    pair.same(ask(217, route(*queues), kind=kind, topic=name))
    views(pair)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"junk",
        b'"x"',
        b'{"queueDatas":null}',
        b'{"queueDatas":{}}',
        b'{"queueDatas":"x"}',
        b'{"queueDatas":5}',
        b'{"queueDatas":[5]}',
        b"{queueDatas:[{brokerName:'top-a',perm:4,}],}",
        b'{"queueDatas":{"brokerName":"top-a"}}',
        b'{"brokerDatas":5,"queueDatas":[]}',
        b'{"brokerDatas":[{"brokerName":"x","brokerAddrs":{0:"a"}}],"queueDatas":[]}',
    ],
)
@pytest.mark.parametrize("name", ["new", "t-0"])
def test_bodies_of_the_registration_of_one_topic(pair: Pair, name: str, content: bytes) -> None:
    pair.same(ask(217, content, topic=name))
    views(pair)


def test_a_topic_that_was_registered_alone_goes_with_its_brokers(pair: Pair) -> None:
    pair.same(ask(217, route(queue("top-a"), queue("top-c")), topic="new"))
    pair.same(ask(104, fields=MEMBERS[0]))
    pair.settle()
    views(pair)
    pair.same(ask(216, topic="new", clusterName="C2"))
    views(pair)


@KINDS
@pytest.mark.parametrize("code", [206, 216, 217, 224, 304, 311, 312, 313])
def test_requests_without_any_field(pair: Pair, kind: int, code: int) -> None:
    if code != 304:
        pair.same(ask(code, kind=kind))
        pair.same(ask(code, b"body" if code != 217 else b"", kind=kind, extra="1"))


@KINDS
@pytest.mark.parametrize("cluster", ["C1", "C2", "C3", "", "c1", "C1 "])
def test_topics_of_a_cluster(pair: Pair, kind: int, cluster: str) -> None:
    pair.same(ask(224, kind=kind, cluster=cluster))


@pytest.mark.parametrize("name", ["enableTopicList", "enableAllTopicList"])
@KINDS
def test_lists_can_be_switched_off(pair: Pair, kind: int, name: str) -> None:
    for value in ("false", "no", "TRUE"):
        pair.same(ask(318, f"{name}={value}".encode()))
        for code in (206, 224, 311, 312, 313):
            pair.same(ask(code, kind=kind, cluster="C1"))


@KINDS
def test_system_topics_are_clusters_brokers_and_one_address(pair: Pair, kind: int) -> None:
    pair.same(ask(104, fields=MEMBERS[1]))
    pair.same(ask(104, fields=MEMBERS[2]))
    pair.settle()
    pair.same(ask(304, kind=kind))
    pair.same(ask(104, fields=MEMBERS[0]))
    pair.settle()
    pair.same(ask(304, kind=kind), exact=True)


def test_registrations_delete_topics_if_they_are_told_to(pair: Pair) -> None:
    pair.same(ask(318, b"deleteTopicWithBrokerRegistration=true"))
    fewer = body({"t-1": 4, "t-2": 4})
    pair.same(registration(MEMBERS[0], fewer))
    views(pair)
    pair.same(registration(MEMBERS[0], fewer))
    views(pair)
    pair.same(ask(217, route(queue("top-a")), topic="new"))
    pair.same(registration(MEMBERS[0], fewer))
    views(pair)
    pair.same(registration(MEMBERS[0], body()))
    views(pair)
    slave = member("top-a", 1)
    pair.same(registration(slave, body()))
    views(pair)
    pair.same(registration(MEMBERS[1], body({"t-0": 4})))
    views(pair)
    pair.same(ask(104, fields=slave))
    pair.same(ask(318, b"deleteTopicWithBrokerRegistration=false"))
    pair.settle()
