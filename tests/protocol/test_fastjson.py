"""JSON as fastjson 1.2.83 writes and reads it."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol import fastjson
from rocketmq_operator.protocol.bodies import (
    BrokerData,
    ClusterInfo,
    DataVersion,
    QueueData,
    TopicRouteData,
)

CLUSTER = (
    b'{"brokerAddrTable":{"a":{"brokerAddrs":{0:"h:1",1:"h:2"},"brokerName":"a","cluster":"C"}}}'
)


@pytest.mark.parametrize(
    "data", [CLUSTER, CLUSTER.replace(b"{0:", b'{"0":').replace(b",1:", b',"1":')]
)
def test_numeric_keys_are_read_bare_and_quoted(data):
    broker = fastjson.decode(data, ClusterInfo).broker_addr_table["a"]
    assert broker == BrokerData("a", {0: "h:1", 1: "h:2"}, "C")


def test_default_dialect_writes_numeric_keys_bare_and_leaves_nulls_out():
    info = ClusterInfo({"a": BrokerData("a", {0: "h:1", 2: "h:3"}, "C")}, {"C": ["a"]})
    assert fastjson.dumps(info) == (
        b'{"brokerAddrTable":{"a":{"brokerAddrs":{0:"h:1",2:"h:3"},"brokerName":"a","cluster":"C",'
        b'"enableActingMaster":false}},"clusterAddrTable":{"C":["a"]}}'
    )


def test_browser_dialect_quotes_and_sorts_keys():
    route = TopicRouteData([BrokerData("a", {2: "h:3", 0: "h:1"}, "C")])
    assert fastjson.dumps_browser(route) == (
        b'{"brokerDatas":[{"brokerAddrs":{"0":"h:1","2":"h:3"},"brokerName":"a","cluster":"C",'
        b'"enableActingMaster":false}],"filterServerTable":{},"queueDatas":[]}'
    )


def test_browser_dialect_escapes_as_java_was_seen_to():
    assert fastjson.dumps_browser("bü中<>&'\"/\\(x)\t\u2028") == (
        rb'"b\u00FC\u4E2D<>&' + b"'" + rb'\"\/\\(x)\t\u2028"'
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ü中😀/<>'", "ü中😀/<>'".encode()),
        ("\x01\x1f\x7f\x9f", rb"\u0001\u001F\u007F\u009F"),
        ("\u2028\u2029", rb"\u2028\u2029"),
        ("\\u00ff", rb"\\u00ff"),
        ('\b\t\n\f\r"', rb"\b\t\n\f\r\""),
    ],
)
def test_default_dialect_escapes_as_java_was_seen_to(text, written):
    assert fastjson.dumps(text) == b'"' + written + b'"'


def values(largest):
    return st.recursive(
        st.none() | st.booleans() | st.integers(-largest, largest) | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(), inner.filter(lambda v: v is not None))
        ),
        max_leaves=10,
    )


@given(values(2**63 - 1))
def test_the_default_dialect_reads_back_the_same(value):
    assert fastjson.loads(fastjson.dumps(value)) == value


@given(values(2**53 - 1))
def test_the_browser_dialect_reads_back_the_same(value):
    assert json.loads(fastjson.dumps_browser(value)) == value


def test_the_browser_dialect_writes_numbers_that_javascript_would_round_as_text():
    assert fastjson.dumps_browser([2**53 - 1, 2**53, -(2**53)]) == (
        b'[9007199254740991,"9007199254740992","-9007199254740992"]'
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("  \n", None),
        ("{a:1,'b':\"c\",}", {"a": 1, "b": "c"}),
        ("[1,,2,]", [1, 2]),
        ("{/* c */a:1 // d\n}", {"a": 1}),
        (r"{'a':'it\'s \x41 B 😀'}", {"a": "it's A B 😀"}),
        ('{{"queueId":0}:1}', {'{"queueId":0}': 1}),
        ('{0:{"$ref":"$.a"},-1:2}', {0: {"$ref": "$.a"}, -1: 2}),
        ("\ufeff[206L,1S,1B,1.5D,2F]", [206, 1, 1, 1.5, 2.0]),
        (r"'\F\7\/'", "\f\x07/"),
        ("{a:-1.5e3,b:true,c:null}", {"a": -1500.0, "b": True, "c": None}),
    ],
)
def test_the_tolerant_reader_reads(text, value):
    assert fastjson.loads(text) == value


@pytest.mark.parametrize(
    "text", [r"'\q'", "{", "{a}", "{a:}", "[1", "hello", "{'a':'b}", "{a:1} x", "[" * 9999]
)
def test_malformed_json_is_a_body_error(text):
    with pytest.raises(BodyError):
        fastjson.loads(text)


@given(st.text(alphabet="{}[]:,\"'\\abu0123.-+ /*\n", max_size=40))
def test_the_reader_raises_nothing_but_body_errors(text):
    with contextlib.suppress(BodyError):
        fastjson.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"counter":"3","stateVersion":4.7,"timestamp":5}',
        b'{"counter":3,"stateVersion":4,"timestamp":"5","x":null}',
        b"{counter:3,stateVersion:4,timestamp:5}",
    ],
)
def test_casts_of_fastjson(text):
    assert fastjson.decode(text, DataVersion) == DataVersion(3, 4, 5)


@pytest.mark.parametrize("name", ["stateVersion", "StateVersion", "state_version", "STATE-VERSION"])
def test_names_are_taken_in_any_letter_case_once_text_is_no_strict_json(name):
    assert fastjson.decode(f"{{'{name}':4}}".encode(), DataVersion) == DataVersion(state_version=4)


@pytest.mark.parametrize("number", ["2147483648", "'2147483648'", "-2147483649", "9e101"])
def test_numbers_keep_to_the_size_of_their_java_type(number):
    with pytest.raises(BodyError):
        fastjson.decode(f'{{"brokerName":"a","perm":{number}}}'.encode(), QueueData)


@pytest.mark.parametrize("text", [b"", b" ", b"null", b"[]"])
def test_no_value_where_there_may_be_none(text):
    assert fastjson.decode_or_null(text, DataVersion) is None


def test_maps_with_names_of_text_take_no_bare_number():
    with pytest.raises(BodyError):
        fastjson.decode(b'{"clusterAddrTable":{1:["a"]}}', ClusterInfo)


def test_a_single_value_is_a_list_of_one():
    data = b'{"clusterAddrTable":{"C":"a"}}'
    assert fastjson.decode(data, ClusterInfo).cluster_addr_table == {"C": ["a"]}


def test_null_leaves_the_default_and_a_number_becomes_a_string():
    data = b'{"brokerName":7,"brokerAddrs":null,"enableActingMaster":"TRUE"}'
    assert fastjson.decode(data, BrokerData) == BrokerData("7", enable_acting_master=True)


@pytest.mark.parametrize(
    "data", [b"null", b"[]x", b'{"counter":"x"}', b'{"counter":1e999}', b"\xff"]
)
def test_what_does_not_fit_is_a_body_error(data):
    with pytest.raises(BodyError):
        fastjson.decode(data, DataVersion)


WORDS = st.text(max_size=6) | st.sampled_from(["broker-a", "h:1", "a/b", "\x7f", "é", "\ud800", ""])
NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
MEMBERS = st.one_of(
    st.builds(QueueData, broker_name=WORDS, perm=NUMBERS, topic_sys_flag=NUMBERS),
    st.builds(
        BrokerData,
        WORDS,
        st.dictionaries(NUMBERS | st.integers(0, 12), WORDS, max_size=13),
        st.none() | WORDS,
        st.booleans(),
        st.none() | WORDS,
    ),
)


@given(st.lists(MEMBERS, max_size=4))
def test_a_list_in_the_browser_dialect_is_made_of_its_items(items):
    alone = [fastjson.dumps_browser(item) for item in items]
    assert fastjson.dumps_browser(items) == b"[" + b",".join(alone) + b"]"
