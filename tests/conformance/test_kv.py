"""The KV store: PUT (100), GET (101), DELETE (102) and LIST (219)."""

import pytest

from harness.frames import JSON, ROCKETMQ, ask, json_frame
from harness.pair import Pair

KINDS = pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
TEXTS = [
    "v",
    "",
    " ",
    "second",
    'ü中 /"\\',
    "😀",
    "\x00\x01\b\t\n\f\r\x1f\x7f\x80\x9f",
    "\u2028\u2029\ufeff",
    "<a href='x'>&amp;</a>",
    "null",
    "{}",
    "[1,2]",
    "a=b;c:d",
    "\\u0041",
    "x" * 5000,
]


@KINDS
@pytest.mark.parametrize("text", TEXTS)
def test_values_come_back(pair: Pair, kind: int, text: str) -> None:
    name = {"namespace": f"values-{kind}", "key": "k"}
    pair.same(ask(100, kind=kind, fields={**name, "value": text}))
    pair.same(ask(101, kind=kind, fields=name), exact=True)
    pair.same(ask(219, kind=kind, namespace=name["namespace"]), exact=True)


@KINDS
@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_any_text_is_a_key_and_a_namespace(pair: Pair, kind: int, text: str) -> None:
    name = {"namespace": text, "key": text}
    pair.same(ask(101, kind=kind, fields=name))
    pair.same(ask(100, kind=kind, fields={**name, "value": "1"}))
    pair.same(ask(101, kind=kind, fields=name))
    pair.same(ask(219, kind=kind, namespace=text), exact=True)
    pair.same(ask(102, kind=kind, fields=name))
    pair.same(ask(219, kind=kind, namespace=text), exact=True)


@KINDS
@pytest.mark.parametrize("code", [100, 101, 102, 219])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"namespace": "n"},
        {"key": "k"},
        {"value": "v"},
        {"namespace": "n", "value": "v"},
        {"key": "k", "value": "v"},
        {"namespace": "missing", "key": "k"},
        {"Namespace": "n", "KEY": "k", "Value": "v"},
    ],
)
def test_missing_fields(pair: Pair, kind: int, code: int, fields: dict[str, str]) -> None:
    pair.same(ask(code, kind=kind, fields=fields))


@KINDS
def test_a_key_is_put_replaced_and_deleted(pair: Pair, kind: int) -> None:
    name = {"namespace": f"life-{kind}", "key": "k"}
    pair.same(ask(102, kind=kind, fields=name))
    pair.same(ask(219, kind=kind, namespace=name["namespace"]))
    for value in ("1", "2", "2"):
        pair.same(ask(100, kind=kind, fields={**name, "value": value}))
        pair.same(ask(101, kind=kind, fields=name))
    pair.same(ask(102, kind=kind, fields=name))
    pair.same(ask(101, kind=kind, fields=name))
    pair.same(ask(219, kind=kind, namespace=name["namespace"]), exact=True)
    pair.same(ask(102, kind=kind, fields=name))


@KINDS
def test_a_put_without_a_value_takes_the_key_away(pair: Pair, kind: int) -> None:
    name = {"namespace": f"null-{kind}", "key": "k"}
    pair.same(ask(100, kind=kind, fields=name))
    pair.same(ask(219, kind=kind, namespace=name["namespace"]), exact=True)
    pair.same(ask(100, kind=kind, fields={**name, "value": "1"}))
    pair.same(ask(100, kind=kind, fields=name))
    pair.same(ask(101, kind=kind, fields=name))
    pair.same(ask(219, kind=kind, namespace=name["namespace"]), exact=True)


def test_many_keys(pair: Pair) -> None:
    names = [f"key-{number}" for number in range(40)]
    frames = [
        ask(100, opaque=number, namespace="many", key=name, value=str(number))
        for number, name in enumerate(names)
    ]
    pair.same_all(frames)
    pair.same(ask(219, namespace="many"))


@KINDS
def test_bodies_are_ignored(pair: Pair, kind: int) -> None:
    for code in (100, 101, 102, 219):
        pair.same(ask(code, b"body", kind=kind, namespace="body", key="k", value="v"))


@KINDS
def test_one_way_requests_have_their_effect(pair: Pair, kind: int) -> None:
    name = {"namespace": f"oneway-{kind}", "key": "k"}
    pair.told(ask(100, kind=kind, flag=2, fields={**name, "value": "1"}))
    pair.become_same(ask(101, kind=kind, fields=name), wanted=0)
    pair.told(ask(102, kind=kind, flag=2, fields=name))
    pair.become_same(ask(101, kind=kind, fields=name), wanted=22)


@pytest.mark.parametrize("value", ["1", "1.5", "true", "-7", "1e3", '"text"', "null", "[1]", "{}"])
def test_values_that_are_no_text_in_the_header(pair: Pair, value: str) -> None:
    header = (
        '{"code":100,"extFields":{"namespace":"typed","key":"k","value":%s},"flag":0,'
        '"language":"JAVA","opaque":7,"version":479}'
    )
    pair.same(json_frame(header % value))
    pair.same(ask(101, namespace="typed", key="k"))
