"""Routes in every dialect, from finished answers that are never out of date."""

import json

import pytest

from rocketmq_operator.errors import FrameError
from rocketmq_operator.nameserver import settings
from rocketmq_operator.nameserver.kvconfig import KvConfig
from rocketmq_operator.nameserver.processor import Call, Processor
from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.codes import LanguageCode
from rocketmq_operator.protocol.command import RemotingCommand, request
from rocketmq_operator.protocol.headers import SerializeType

STANDARD = b'{"0":"10.0.0.1:10911"}'
BARE = b'{0:"10.0.0.1:10911"}'


def lookup(opaque, topic="A", version=479, **fields):
    command = RemotingCommand(
        105, 0, opaque, LanguageCode.JAVA, version, None, {"topic": topic, **fields}
    )
    return headers.encode(command)[4:]


@pytest.mark.parametrize(
    ("version", "fields", "ids"),
    [
        (479, {}, STANDARD),
        (401, {}, STANDARD),
        (400, {}, BARE),
        (0, {"acceptStandardJsonOnly": "TRUE"}, STANDARD),
        (400, {"acceptStandardJsonOnly": "yes"}, BARE),
    ],
)
def test_the_dialect_follows_the_client(pure, version, fields, ids):
    pure.register()
    payload = lookup(1, version=version, **fields)
    assert ids in pure.ask_payload(payload)
    assert ids in pure.ask_payload(payload)


def test_a_missing_topic_is_code_17_with_javas_words(pure):
    answer = pure.tell(105, topic="X")
    assert answer.code == 17
    assert answer.remark == (
        "No topic route info in name server for the topic: X\n"
        "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
    )
    assert "topic: null" in pure.tell(105).remark


@pytest.mark.parametrize("kind", SerializeType)
@pytest.mark.parametrize("opaque", [0, 7, 10, 99999, 2**31 - 1, -1])
def test_a_cached_answer_equals_the_first_but_for_the_opaque(pure, kind, opaque):
    pure.register()
    first = headers.decode(
        pure.ask_payload(headers.encode(request(105, {"topic": "A"}), kind)[4:])[4:]
    )
    before = pure.processor.cache.hits
    for _ in range(2):
        command = RemotingCommand(105, 0, opaque, ext_fields={"topic": "A"})
        frame = pure.ask_payload(headers.encode(command, kind)[4:])
        assert len(frame) == 4 + int.from_bytes(frame[:4], "big")
        answer = headers.decode(frame[4:])
        assert (answer.opaque, answer.body, answer.code) == (opaque, first.body, 0)
    assert pure.processor.cache.hits > before or opaque < 0


def test_an_answer_in_the_servers_own_header_form():
    server = Processor(settings.defaults({}), KvConfig(), serialize_type=SerializeType.ROCKETMQ)
    payload = lookup(77)
    call = Call(headers.decode(payload), payload, "c", 0)
    frames = [server.frame(call, server.process(call)), server.cache.hit(payload)]
    assert frames[0] == frames[1]
    assert frames[0][4] == SerializeType.ROCKETMQ
    assert headers.decode(frames[0][4:]).opaque == 77


CHANGES = {
    "new version": lambda pure, config: pure.register([config("A", queues=1), "B"], counter=2),
    "new member": lambda pure, _: pure.register(address="10.0.0.9:1", broker_id=1),
    "zone": lambda pure, _: pure.register(__ZONE_NAME="z"),
    "filter servers": lambda pure, _: pure.register(filters=["f:1"]),
    "broker gone": lambda pure, _: pure.leave(),
    "topic deleted": lambda pure, _: pure.routes.delete_topic("A", None),
    "write permission": lambda pure, _: pure.routes.set_perm("ba", lambda perm: perm & ~2),
    "other broker": lambda pure, _: pure.register(["A", "Z"], name="bb", address="10.0.0.9:1"),
    "order conf": lambda pure, _: pure.tell(
        100, namespace="ORDER_TOPIC_CONFIG", key="A", value="v"
    ),
    "setting": lambda pure, _: pure.tell(318, b"needWaitForService=true\nwaitSecondsForService=9"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_no_change_leaves_an_old_answer_behind(pure_with, topic_config, change):
    pure = pure_with(orderMessageEnable="true")
    pure.register()
    before = [pure.ask_payload(lookup(1)) for _ in range(2)]
    change(pure, topic_config)
    after = pure.ask_payload(lookup(1))
    assert before[0] == before[1] != after
    pure.processor.cache.clear()
    assert pure.ask_payload(lookup(1)) == after


def test_other_topics_and_equal_registrations_keep_their_answers(pure, topic_config):
    pure.register()
    for topic in "AB":
        pure.ask_payload(lookup(1, topic))
    pure.register()
    pure.register([topic_config("A", queues=1), "B"], counter=2)
    hits = pure.processor.cache.hits
    pure.ask_payload(lookup(2, "B"))
    assert pure.processor.cache.hits == hits + 1
    pure.ask_payload(lookup(2, "A"))
    assert pure.processor.cache.hits == hits + 1


def test_a_route_that_appears_replaces_the_cached_miss(pure):
    assert pure.perms("A") is None
    pure.register()
    assert pure.perms("A") == {"ba": 6}


def test_a_young_server_says_so_when_told_to(pure_with):
    pure = pure_with(needWaitForService="true", waitSecondsForService="45")
    pure.register()
    pure.now = 44_999
    answer = pure.tell(105, topic="A")
    assert (answer.code, answer.remark) == (1, "name server not ready")
    pure.now = 45_000
    assert pure.perms("A") == {"ba": 6}


def test_order_configuration_is_attached_only_when_enabled(pure):
    pure.tell(100, namespace="ORDER_TOPIC_CONFIG", key="A", value="ba:4")
    pure.register()
    assert pure.route("A").order_topic_conf is None
    pure.tell(318, b"orderMessageEnable=true")
    assert pure.route("A").order_topic_conf == "ba:4"


def test_a_zone_sees_its_own_brokers_in_the_old_dialect(pure):
    pure.register(__ZONE_NAME="z1")
    pure.register(name="bb", address="10.0.0.2:1", __ZONE_NAME="z2")
    answer = pure.tell(105, topic="A", __ZONE_MODE="true", __ZONE_NAME="Z2")
    assert b'{0:"10.0.0.2:1"}' in answer.body
    route = pure.route("A", __ZONE_MODE="true", __ZONE_NAME="z1")
    assert [data.broker_name for data in route.broker_datas] == ["ba"]
    assert [queue.broker_name for queue in route.queue_datas] == ["ba"]
    assert len(pure.route("A").broker_datas) == 2


def test_topic_list_can_be_disabled(pure):
    pure.tell(318, b"enableAllTopicList=false")
    assert (pure.tell(206).code, pure.tell(206).remark) == (1, "disable")


@pytest.mark.parametrize("code", [999, -1, 0, 1001])
def test_unknown_codes_are_refused_in_javas_words(pure, code):
    answer = pure.tell(code)
    assert (answer.code, answer.remark) == (3, f" request type {code} not supported")


@pytest.mark.parametrize("code", [105, 999, 100])
def test_oneway_requests_are_never_answered(pure, code):
    assert pure.ask(request(code, {"topic": "A"}, oneway=True)) is None


def test_an_answer_beyond_a_frame_is_an_error_and_not_sent(pure):
    with pytest.raises(FrameError):
        headers.encode(request(105).reply(0, body=bytes(16 * 1024 * 1024)))


def test_topic_names_of_any_script_survive(pure):
    pure.register(["主题", "a/b"])
    assert pure.topics() == ["a/b", "主题"]
    assert json.loads(pure.tell(105, topic="主题").body)["queueDatas"][0]["brokerName"] == "ba"
