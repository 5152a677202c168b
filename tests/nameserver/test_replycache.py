"""The cache is bounded, and headers it cannot be sure of are not remembered."""

import pytest

from rocketmq_operator.nameserver.replycache import ReplyCache
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.command import RemotingCommand


def payload(topic, opaque=1):
    return headers.encode(RemotingCommand(105, 0, opaque, ext_fields={"topic": topic}))[4:]


def remembered(cache, topic, data=None, opaque=1):
    reply = RemotingCommand(0, 1, opaque, body=topic.encode() * 100)
    entry = cache.store(topic, reply, ("ba",), standard=True)
    cache.remember(data or payload(topic), entry, opaque)
    return entry


def test_the_oldest_headers_and_answers_make_room():
    cache = ReplyCache(max_headers=3, max_bytes=2500)
    for topic in "abcdefgh":
        remembered(cache, topic)
    assert cache.hit(payload("a")) is None
    assert cache.hit(payload("h")) is not None
    assert len(cache) < 8


def test_a_long_header_is_answered_but_not_remembered():
    cache = ReplyCache()
    remembered(cache, "t" * 2000)
    assert cache.hit(payload("t" * 2000)) is None


@pytest.mark.parametrize(
    "header",
    [
        b'{"code":105,"opaque":1,"extFields":{"opaque":1,"topic":"t"}}',
        b'{"code":105,"extFields":{"topic":"t"},"opaque":1}',
        b'{"code":105,"opaque":"1","extFields":{"topic":"t"}}',
        b'{"code":105,"opaque": 1,"extFields":{"topic":"t"}}',
        b'{"code":105,"opaque":2,"extFields":{"topic":"t"}}',
    ],
)
def test_unusual_headers_take_the_long_way(header):
    cache = ReplyCache()
    data = len(header).to_bytes(4, "big") + header
    remembered(cache, "t", data)
    assert cache.hit(data) is None


def test_a_body_behind_the_header_takes_the_long_way():
    cache = ReplyCache()
    remembered(cache, "t")
    assert cache.hit(payload("t")) is not None
    assert cache.hit(payload("t") + b"x") is None


@pytest.mark.parametrize("forget", ["topic_changed", "broker_changed", "clear"])
def test_what_changed_is_gone_by_every_way_to_it(forget):
    cache = ReplyCache()
    entry = remembered(cache, "t")
    getattr(cache, forget)(*{"topic_changed": ["t"], "broker_changed": ["ba"], "clear": []}[forget])
    assert cache.hit(payload("t")) is None
    assert cache.entry("t", standard=True) is None
    assert cache.reply(entry, 1) is None


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x01\x00\x00\x00", b"\x00\x00\x00\x00", b"\x05junk"]
)
def test_malformed_payloads_are_no_hit(data):
    assert ReplyCache().hit(data) is None
