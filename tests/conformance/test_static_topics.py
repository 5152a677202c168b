"""Static topics: where logical queues live (topicQueueMappingInfoMap of a registration)."""

from collections.abc import Iterator

import pytest

from harness.frames import ask
from harness.pair import Pair
from harness.questions import everything
from harness.registrations import body, data_version, mapping, member, registration

ONE, TWO = member("static-1"), member("static-2")
SLAVE = member("static-1", 1)


@pytest.fixture(autouse=True)
def leaving(pair: Pair) -> Iterator[None]:
    """Brokers leave after each test; mappings stay, in both servers."""
    yield
    for each in (ONE, TWO, SLAVE):
        pair.same(ask(104, fields=each))
    pair.settle()


def names(test: str) -> list[str]:
    return [f"{test}-a", f"{test}-b"]


def views(pair: Pair, topics: list[str]) -> None:
    pair.same_all(everything(topics=topics, brokers=["static-1", "static-2"]))


def test_mappings_show_in_the_route(pair: Pair) -> None:
    topics = names("shown")
    for who in (ONE, TWO):
        told = [mapping(topics[0], who["brokerName"])]
        pair.same(registration(who, body(dict.fromkeys(topics, 4), mappings=told)))
        views(pair, topics)
    pair.same(ask(105, topic=topics[1]))


@pytest.mark.parametrize(
    "more",
    [
        {"currIdMap": {}},
        {"currIdMap": None},
        {"currIdMap": {"1": 2, "3": 0, "10": 1}},
        {"dirty": True, "epoch": 9223372036854775807, "totalQueues": -1},
        {"epoch": 9007199254740991},
        {"epoch": 9007199254740992},
        {"epoch": -9007199254740992},
        {"scope": None},
        {"scope": "ü中/", "bname": "ü中/"},
        {"topic": "another"},
        {"unknown": 1},
        {"epoch": "7", "dirty": "true", "totalQueues": "3"},
        {"currIdMap": {"0": "1"}},
    ],
)
@pytest.mark.parametrize("bare", [False, True])
def test_members_of_a_mapping(pair: Pair, more: dict[str, object], bare: bool) -> None:
    topics = names(f"members-{bare}-{sorted(more)}-{len(str(more))}")
    told = {**mapping(topics[0], "static-1"), **more}
    content = body(dict.fromkeys(topics, 4), mappings=[told])
    if bare:
        for number in ("0", "1", "3", "10", "-1"):
            content = content.replace(b'"%b":' % number.encode(), b"%b:" % number.encode())
    pair.same(registration(ONE, content))
    for version in (400, 479):
        pair.same(ask(105, topic=topics[0], version=version), exact=True)


def test_mappings_are_taken_with_a_new_version_only(pair: Pair) -> None:
    topics = names("version")
    for counter, epoch in ((1, 1), (1, 2), (2, 3), (2, 4), (1, 5)):
        told = [mapping(topics[0], "static-1", epoch=epoch)]
        content = body(dict.fromkeys(topics, 4), version=data_version(counter), mappings=told)
        pair.same(registration(ONE, content))
        views(pair, topics)


def test_mappings_outlive_the_topic_and_the_broker(pair: Pair) -> None:
    topics = names("outlive")
    content = body(dict.fromkeys(topics, 4), mappings=[mapping(topics[0], "static-1")])
    pair.same(registration(ONE, content))
    pair.same(ask(216, topic=topics[0]))
    views(pair, topics)
    pair.same(registration(ONE, body(dict.fromkeys(topics, 4), version=data_version(2))))
    views(pair, topics)
    pair.same(ask(104, fields=ONE))
    pair.settle()
    views(pair, topics)
    pair.same(registration(TWO, body(dict.fromkeys(topics, 4))))
    views(pair, topics)


def test_only_who_speaks_for_the_topics_maps_them(pair: Pair) -> None:
    topics = names("slave")
    told = [mapping(topics[0], "static-1", epoch=9)]
    pair.same(registration(ONE, body(dict.fromkeys(topics, 4))))
    pair.same(registration(SLAVE, body(dict.fromkeys(topics, 4), mappings=told)))
    views(pair, topics)
    pair.same(ask(104, fields=ONE))
    pair.settle()
    pair.same(registration(SLAVE, body(dict.fromkeys(topics, 4), mappings=told)))
    views(pair, topics)
    newer = body(dict.fromkeys(topics, 4), mappings=told, version=data_version(5))
    pair.same(registration(SLAVE, newer))
    views(pair, topics)


def test_registration_does_not_delete_topics_while_there_are_mappings(pair: Pair) -> None:
    topics = [*names("keep"), "keep-c"]
    pair.same(ask(318, b"deleteTopicWithBrokerRegistration=true"))
    pair.same(registration(ONE, body(dict.fromkeys(topics, 4))))
    told = [mapping(topics[0], "static-1")]
    pair.same(registration(ONE, body(dict.fromkeys(topics[:2], 4), mappings=told)))
    views(pair, topics)
    pair.same(registration(ONE, body(dict.fromkeys(topics[:2], 4))))
    views(pair, topics)
    pair.same(ask(318, b"deleteTopicWithBrokerRegistration=false"))
