"""JSON headers: everything fastjson is willing to read, and what it is not."""

import pytest

from harness.frames import Answer, ask, json_frame
from harness.pair import Pair

REST = '"language":"JAVA","opaque":5,"version":479'
READABLE = [
    '{"code":206,%s}',
    "{code:206,%s}",
    "{'code':206,%s}",
    "{$code:1,code:206,_x:2,%s}",
    '{"code":"206",%s}',
    "{\"code\":'206',%s}",
    '{"code":"+206",%s}',
    '{"code":"0206",%s}',
    '{"code":"206.0",%s}',
    '{"code":"2,06",%s}',
    '{"code":"206.5",%s}',
    '{"code":" 206",%s}',
    '{"code":"206L",%s}',
    '{"code":"x",%s}',
    '{"code":"",%s}',
    '{"code":"null",%s}',
    '{"code":206.0,%s}',
    '{"code":206.9,%s}',
    '{"code":2.06e2,%s}',
    '{"code":206L,%s}',
    '{"code":206S,%s}',
    '{"code":206B,%s}',
    '{"code":206D,%s}',
    '{"code":206F,%s}',
    '{"code":0206,%s}',
    '{"code":0xCE,%s}',
    '{"code":true,%s}',
    '{"code":false,%s}',
    '{"code":null,%s}',
    '{"code":[206],%s}',
    '{"code":{},%s}',
    '{"code":99999999999,%s}',
    '{"code":4294967502,%s}',
    '{"code":1e99,%s}',
    '{"code":-1,%s}',
    '{"code":-0,%s}',
    "{%s}",
    '{"code":206,%s,}',
    '{"code":206,,%s}',
    '{,"code":206,%s}',
    '{"code":206 %s}',
    '{"code"=206,%s}',
    '{"Code":206,%s}',
    '{"CODE":206,%s}',
    '{"co_de":206,%s}',
    '{"c-ode":206,%s}',
    '{"iscode":206,%s}',
    '{"code":206,"Code":106,%s}',
    '{"code":206,"code":106,%s}',
    '{"code":206,"x":{"y":[1,{"z":null}]},%s}',
    '{"code":206,"$ref":"$",%s}',
    '{"code":206,"@type":"java.lang.Object",%s}',
    '{"code":206,"customHeader":{},%s}',
    '{"code":206,"body":"AAA=",%s}',
    '{"code":206,"a":NaN,%s}',
    '{"code":206,"a":undefined,%s}',
    '{"code":206,"a":\'x\',%s}',
    '{"code":206,"a":"\\x41\\u0041\\/\\v\\0\\7\\\'",%s}',
    '{"code":206,"a":"\\q",%s}',
    '{"code":206,"a":"\\u12",%s}',
    '{"code":206,"a":"\n",%s}',
    '{"code":206,"a":"\x01",%s}',
    '{"code":206,"a":"unterminated,%s}',
    '{"code":206,%s}  ',
    '  \r\n\t{"code":206,%s}',
    '\ufeff{"code":206,%s}',
    '{"code":206,%s}x',
    '{"code":206,%s}}',
    '{"code":206,%s}{}',
    '/* c */{"code":206,%s}',
    '{// c\n"code":206,%s}',
    '[{"code":206,%s}]',
    '{"code":206,"flag":"0",%s}',
    '{"code":206,"flag":null,%s}',
    '{"code":206,"flag":4.9,%s}',
    '{"code":206,"flag":"x",%s}',
    '{"code":206,"remark":5,%s}',
    '{"code":206,"remark":{"a":1},%s}',
    '{"code":206,"remark":null,%s}',
    '{"code":206,"remark":["a"],%s}',
    '{"code":206,"serializeTypeCurrentRPC":"ROCKETMQ",%s}',
    '{"code":206,"serializeTypeCurrentRPC":"NOPE",%s}',
    '{"code":206,"serializeTypeCurrentRPC":1,%s}',
    '{"code":206,"serializeTypeCurrentRPC":null,%s}',
    '{"code":206,"extFields":null,%s}',
    '{"code":206,"extFields":{},%s}',
    '{"code":206,"extFields":[],%s}',
    '{"code":206,"extFields":"",%s}',
    '{"code":206,"extFields":"x",%s}',
    '{"code":206,"extFields":5,%s}',
    '{"code":206,"extFields":{1:"x"},%s}',
    '{"code":206,"extFields":{null:"x"},%s}',
    '{"code":206,"extFields":{a:\'x\',},%s}',
    '{"code":206,"extFields":{"a":{"b":1},"c":[1,2],"d":null,"e":1.50,"f":true},%s}',
]


def warm(pair: Pair) -> None:
    """Java looks at nothing before the first 12 bytes of a connection."""
    pair.same(ask(106), "headers")


@pytest.mark.parametrize("header", READABLE)
def test_forms(pair: Pair, header: str) -> None:
    warm(pair)
    pair.same(json_frame(header % REST), "headers")


@pytest.mark.parametrize(
    "language",
    [
        '"PYTHON"',
        '"NOPE"',
        '"java"',
        '"0"',
        '""',
        "null",
        "0",
        "3",
        "13",
        "14",
        "99",
        "-1",
        "{}",
        "[]",
        "true",
        "1.5",
    ],
)
def test_languages(pair: Pair, language: str) -> None:
    warm(pair)
    pair.same(json_frame(f'{{"code":206,"language":{language},"opaque":5}}'), "headers")


@pytest.mark.parametrize(
    "version", ["null", '"479"', "1.5", "99999999999", '"x"', "-5", "true", "[]", '""', "400"]
)
@pytest.mark.parametrize("code", [105, 206])
def test_versions(pair: Pair, version: str, code: int) -> None:
    warm(pair)
    pair.same(json_frame(f'{{"code":{code},"opaque":5,"version":{version}}}'), "headers")


@pytest.mark.parametrize(
    "opaque",
    [
        *['"5"', "5.5", "-5", "2147483647", "2147483648", "-2147483648", "5e2", "-0", '"-0"'],
        *["true", "false", '"1,000"', '"5.0"', '"5.5"', "[]", "{}", "1e9", "1e10", "4.7e9"],
        '" 5"',
    ],
)
def test_opaques(pair: Pair, opaque: str) -> None:
    warm(pair)
    pair.same(json_frame(f'{{"code":206,"opaque":{opaque}}}'), "headers")


@pytest.mark.parametrize("name", ["flag", "Flag", "FLAG", "fl_ag", "f-lag"])
@pytest.mark.parametrize("value", ["2", '"2"', "2.9", "3", "true"])
def test_flags_by_any_name(pair: Pair, name: str, value: str) -> None:
    warm(pair)
    pair.told(json_frame(f'{{"code":206,"{name}":{value},"opaque":5}}'), "headers")


@pytest.mark.parametrize("name", ["extFields", "ExtFields", "ext_fields", "EXTFIELDS"])
@pytest.mark.parametrize(
    "fields",
    [
        '{"namespace":"n","key":"k"}',
        "{'namespace':'n',key:k}",
        '{"namespace":"n","namespace":"m","key":"k"}',
        '{"namespace":null,"key":"k"}',
        '{"namespace":1,"key":2.50}',
        '{"namespace":true,"key":false}',
        '{"namespace":1e3,"key":-0.0}',
        '{"namespace":123456789012345678901234567890,"key":"k"}',
        '{"namespace":{"b":1},"key":[1,"x"]}',
        '{"namespace":"\\u00fc\\ud83d\\ude00","key":"\\t"}',
        '{"namespace":"","key":""}',
        '{"Namespace":"n","Key":"k"}',
        '{"namespace":"n","key":"k","":"x"}',
    ],
)
def test_ext_fields(pair: Pair, name: str, fields: str) -> None:
    warm(pair)
    pair.same(json_frame(f'{{"code":101,"{name}":{fields},"opaque":5}}'), "headers")


@pytest.mark.parametrize("header", ["{}", '{"code":206}', '{"code":206,"opaque":null}'])
def test_without_an_opaque_the_answer_has_any(pair: Pair, header: str) -> None:
    warm(pair)
    theirs, ours = pair.differs("missing-opaque", json_frame(header), "headers")
    assert isinstance(theirs, Answer)
    assert isinstance(ours, Answer)
    assert (ours.code, ours.remark, ours.body) == (theirs.code, theirs.remark, theirs.body)


@pytest.mark.parametrize("value", ["new Date(5)", "Set[1]", "TreeSet[1]", "x'41'"])
def test_java_values(pair: Pair, value: str) -> None:
    warm(pair)
    header = f'{{"code":206,"a":{value},"opaque":5}}'
    pair.differs("java-values", json_frame(header), "headers")


def test_a_semicolon_behind_a_number(pair: Pair) -> None:
    warm(pair)
    pair.differs("java-values", json_frame('{"code":206;"opaque":5}'), "headers")
