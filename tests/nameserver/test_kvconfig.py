"""The KV store: answers, Java's file format, seeds."""

import json

import pytest

from rocketmq_operator.errors import BodyError
from rocketmq_operator.nameserver.kvconfig import KvConfig, KvEdit

JAVA_FILE = b'{"configTable":{"ns":{"k":"v"},"empty":{},"ORDER_TOPIC_CONFIG":{"T":"b:4"}}}'


def test_a_file_of_java_reads_and_writes_back_the_same():
    assert KvConfig.read(JAVA_FILE).written() == JAVA_FILE


def test_an_empty_file_is_an_empty_store_and_null_values_are_dropped():
    assert KvConfig.read(b" \n").tables == {}
    assert KvConfig.read(b'{"configTable":{"ns":{"k":null}}}').tables == {"ns": {}}


@pytest.mark.parametrize(
    "data", [b"{", b"{}", b"[]", b'{"configTable":{"ns":[]}}', b"null", b"\xff"]
)
def test_anything_else_is_refused(data):
    with pytest.raises(BodyError):
        KvConfig.read(data)


def test_edits_make_a_new_store_and_leave_the_old_one():
    old = KvConfig.read(JAVA_FILE)
    new = old.edited(
        [
            KvEdit("ns", "k", None, delete=True),
            KvEdit("new", "a", "1"),
            KvEdit("gone", "a", None, delete=True),
            KvEdit("null", "a", None),
        ]
    )
    assert new.tables == {**old.tables, "ns": {}, "new": {"a": "1"}, "null": {}}
    assert old.written() == JAVA_FILE


def test_a_seed_wins_for_its_keys_alone():
    seed = KvConfig({"ns": {"k": "seeded"}, "more": {"a": "b"}})
    merged = KvConfig.read(JAVA_FILE).edited([KvEdit("ns", "own", "x")]).seeded(seed)
    assert merged.get("ns", "k") == "seeded"
    assert merged.get("ns", "own") == "x"
    assert merged.get("more", "a") == "b"
    assert merged.get("ORDER_TOPIC_CONFIG", "T") == "b:4"


def test_put_get_delete_and_list(pure):
    assert pure.tell(100, namespace="ns", key="k", value="v").code == 0
    assert pure.tell(101, namespace="ns", key="k").ext_fields == {"value": "v"}
    assert json.loads(pure.tell(219, namespace="ns").body) == {"table": {"k": "v"}}
    assert pure.tell(102, namespace="ns", key="k").code == 0
    assert pure.tell(219, namespace="ns").body == b'{"table":{}}'


@pytest.mark.parametrize(
    ("code", "fields", "answer", "remark"),
    [
        (100, {"namespace": "ns"}, 1, "namespace or key is null"),
        (100, {"key": "k"}, 1, "namespace or key is null"),
        (101, {"namespace": "ns", "key": "k2"}, 22, "No config item, Namespace: ns Key: k2"),
        (101, {}, 22, "No config item, Namespace: null Key: null"),
        (219, {"namespace": "ns"}, 22, "No config item, Namespace: ns"),
        (219, {}, 22, "No config item, Namespace: null"),
        (102, {}, 0, None),
    ],
)
def test_what_is_not_there_is_said_in_javas_words(pure, code, fields, answer, remark):
    found = pure.tell(code, **fields)
    assert (found.code, found.remark) == (answer, remark)
