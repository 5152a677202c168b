"""The same frames to the Java NameServer and to ours: the same answers.

Every test tells both servers the same, in its own broker and topic names.
"""

import json
import zlib
from typing import Any

import pytest

from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.codes import LanguageCode
from rocketmq_operator.protocol.command import RemotingCommand
from rocketmq_operator.protocol.headers import SerializeType

BINARY = SerializeType.ROCKETMQ


def ask(
    code: int,
    body: bytes = b"",
    *,
    version: int = 479,
    kind: SerializeType = SerializeType.JSON,
    **fields: str,
) -> bytes:
    """A whole frame of a request as a Java client sends it."""
    command = RemotingCommand(code, 0, 7, LanguageCode.JAVA, version, None, fields or None, body)
    return headers.encode(command, kind)


def broker(name: str, number: int = 0, cluster: str = "C1") -> dict[str, str]:
    return {
        "brokerName": name,
        "brokerAddr": f"10.9.0.1:{10911 + number}",
        "clusterName": cluster,
        "brokerId": str(number),
    }


def registration(
    name: str, topics: dict[str, int], *, counter: int = 1, number: int = 0, **more: str
) -> bytes:
    """REGISTER_BROKER; `topics` gives the queues of each."""
    table = {
        topic: {
            "topicName": topic, "readQueueNums": queues, "writeQueueNums": queues, "perm": 6,
            "topicFilterType": "SINGLE_TAG", "topicSysFlag": 0, "order": False, "attributes": {},
        }
        for topic, queues in topics.items()
    }  # fmt: skip
    version = {"counter": counter, "stateVersion": 0, "timestamp": 1000}
    wrapper = {"dataVersion": version, "topicConfigTable": table, "topicQueueMappingInfoMap": {}}
    body = json.dumps({"filterServerList": [], "topicConfigSerializeWrapper": wrapper}).encode()
    fields = {
        **broker(name, number),
        "haServerAddr": "10.9.0.1:10912",
        "enableActingMaster": "false",
        "compressed": "false",
        "bodyCrc32": str(zlib.crc32(body) & 0x7FFFFFFF),
        **more,
    }
    return ask(103, body, **fields)


def views(pair: Any, *topics: str) -> None:
    """Everything that can be read of the tables."""
    pair.same(ask(106))
    pair.same(ask(206))
    for topic in topics:
        pair.same(ask(105, topic=topic))
        pair.same(ask(105, topic=topic, version=400))


CODES = (100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 217, 219, 224, 304, 311, 312, 313, 318)


@pytest.mark.parametrize("code", [*CODES, 322, 327, 901, 904, 0, -1, 999])
@pytest.mark.parametrize("kind", list(SerializeType))
def test_requests_without_anything_in_them(pair: Any, code: int, kind: SerializeType) -> None:
    pair.same(ask(code, kind=kind))
    pair.same(ask(code, kind=kind, extra="1"))


@pytest.mark.parametrize("kind", list(SerializeType))
def test_kv(pair: Any, kind: SerializeType) -> None:
    name = f"kv-{kind.name}"
    for value in ("v", "", 'ü中 /"\\', "second"):
        pair.same(ask(100, kind=kind, namespace=name, key="k", value=value))
        pair.same(ask(101, kind=kind, namespace=name, key="k"))
        pair.same(ask(219, kind=kind, namespace=name))
    pair.same(ask(100, kind=kind, namespace=name, key="null"))
    pair.same(ask(101, kind=kind, namespace=name, key="null"))
    pair.same(ask(102, kind=kind, namespace=name, key="k"))
    pair.same(ask(101, kind=kind, namespace=name, key="k"))
    pair.same(ask(102, kind=kind, namespace="never", key="k"))
    pair.same(ask(219, kind=kind, namespace=name))


def test_a_broker_registers_changes_and_leaves(pair: Any) -> None:
    topics = {"life-a": 4, "life-b": 8}
    pair.same(registration("life", topics), "broker")
    views(pair, *topics)
    pair.same(registration("life", topics, number=1), "slave")
    views(pair, *topics)
    pair.same(registration("life", {"life-a": 16}, counter=1), "broker")
    views(pair, *topics)
    pair.same(registration("life", {"life-a": 16, "life-c": 1}, counter=2), "broker")
    views(pair, *topics, "life-c")
    empty = pair.same(ask(105, topic="no-such-topic"))
    pair.same(ask(104, **broker("life")))
    pair.same(ask(104, **broker("life", 1)))
    pair.become_same(ask(105, topic="life-a"), empty.body)
    views(pair, *topics)


def test_data_versions(pair: Any) -> None:
    told = b'{"counter":1,"stateVersion":0,"timestamp":1000}'
    pair.same(ask(322, told, **broker("versions")))
    pair.same(registration("versions", {"versions": 4, "versions-b": 4}), "broker")
    for body in (told, told.replace(b'"counter":1', b'"counter":2'), b"", b"junk"):
        pair.same(ask(322, body, **broker("versions")))
    pair.same(ask(904, **broker("versions")))
    pair.same(ask(104, **broker("versions")))


def test_a_connection_that_closes_takes_its_broker_with_it(pair: Any) -> None:
    empty = pair.same(ask(105, topic="gone-a"))
    pair.same(registration("gone", {"gone-a": 4, "gone-b": 4}), "broker")
    views(pair, "gone-a")
    pair.close("broker")
    pair.become_same(ask(105, topic="gone-a"), empty.body)
    views(pair, "gone-a")


@pytest.mark.parametrize(
    "more",
    [
        {"bodyCrc32": "5"},
        {"brokerId": "x"},
        {"compressed": "true", "bodyCrc32": "0"},
        {"heartbeatTimeoutMillis": "junk"},
    ],
)
def test_registrations_that_are_wrong(pair: Any, more: dict[str, str]) -> None:
    pair.same(registration("wrong", {"wrong-a": 4, "wrong-b": 4}, **more), "broker")
    pair.same(ask(104, **broker("wrong")))


@pytest.mark.parametrize("body", [b"", b"null", b"junk", b"[]", b"{}"])
def test_registrations_with_no_proper_body(pair: Any, body: bytes) -> None:
    fields = {**broker("bodies"), "haServerAddr": "x:1", "enableActingMaster": "false"}
    pair.same(ask(103, body, **fields), "broker")
    pair.same(ask(104, **broker("bodies")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "waitSecondsForService=46\nnoSuchKey=1",
        "waitSecondsForService=soon",
        "clusterTest=yes",
        "productEnvName=  a b  ",
        "kvConfigPath=/tmp/x",
        "configBlackList=x\nwaitSecondsForService=1",
        "orderMessageEnable:TRUE",
        "bad=\\u12",
        "waitSecondsForService=45\nclusterTest=false\nproductEnvName=center\norderMessageEnable=false",
    ],
)
def test_configuration(pair: Any, text: str) -> None:
    pair.same(ask(318, text.encode()))
    own = ("bindAddress", "configStorePath", "kvConfigPath", "listenPort", "rocketmqHome")
    answers = [peer.ask("admin", ask(319)).body for peer in (pair.theirs, pair.ours)]
    theirs, ours = (
        [line for line in body.splitlines() if not line.startswith(own)] for body in answers
    )
    assert ours == theirs


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\xff\xff\xff" + bytes(12),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\x00\x00" + bytes(12),
        b"\x00\x00\x00\x03abcdefghijklmnop",
        b"\x00\x00\x00\x10\x00\x00\x00\x20" + bytes(12),
        b"\x00\x00\x00\x10\x02\x00\x00\x02{}" + bytes(10),
        b"\x00\x00\x00\x0d\x00\x00\x00\x09not json!" + bytes(4),
        b"\x00\x00\x00\x18\x01\x00\x00\x14" + bytes(20),
    ],
)
def test_bytes_that_are_no_frame_close_the_connection(pair: Any, frame: bytes) -> None:
    assert pair.same(frame, "mad") == "closed"
