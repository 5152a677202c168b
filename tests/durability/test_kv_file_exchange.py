"""A KV file changes hands between the Java NameServer and ours, both ways."""

import shutil
from pathlib import Path
from typing import Final

from harness import java
from harness.connection import Connection
from harness.nameserver import NameServer
from rocketmq_operator.protocol.codes import RequestCode

TABLES: Final = {
    "ORDER_TOPIC_CONFIG": {"orders": "broker-a:4;broker-b:8", "%RETRY%group": "broker-a:1"},
    "empty": {},
    "": {"": ""},
    " spaces and\ttabs ": {" k ": " v "},
    "\u5546\u5e97": {"\u043a\u043b\u044e\u0447": "\U0001f6d2 \u00e9\u00df\u20ac"},
    "json": {'a"b\\c': '{"a":[1,null],\'b\':\\"x\\"}', "/*c*/": "//c", "#": "${a}=b", "1": "2"},
    "controls": {
        "\n\r": "\x00\x01\b\f\x1f\x7f\x85\u00a0\u2028\u2029\ufeff\uffff",
        "\\n": "\\u0041",
    },
    "long": {"k" * 3000: "v" * 30000},
    "many": {f"k{number}": str(number) for number in range(500)},
    "null": {"null": "null", "true": "false"},
}


def write(address: str) -> None:
    """Put TABLES; a namespace is left empty by deleting all that was in it."""
    with Connection(address) as connection:
        for namespace, table in TABLES.items():
            for key, value in {**table, "gone": "x"}.items():
                fields = {"namespace": namespace, "key": key, "value": value}
                assert connection.tell(RequestCode.PUT_KV_CONFIG, **fields).code == 0
            connection.tell(RequestCode.DELETE_KV_CONFIG, namespace=namespace, key="gone")


def read(address: str) -> dict[str, dict[str, str] | None]:
    """What a server has of the namespaces in TABLES."""
    with Connection(address) as connection:
        return {namespace: connection.kv(namespace) for namespace in TABLES}


def test_our_server_reads_the_file_that_the_java_server_wrote(tmp_path: Path) -> None:
    with java.NameServer(tmp_path / "java") as theirs:
        write(theirs.address)
        wanted = read(theirs.address)
    assert wanted == TABLES
    ours = NameServer(tmp_path / "ours")
    ours.data.mkdir(parents=True)
    shutil.copy(tmp_path / "java/kvConfig.json", ours.data)
    with ours:
        assert read(ours.address) == wanted


def test_the_java_server_reads_the_file_that_our_server_wrote(tmp_path: Path) -> None:
    with NameServer(tmp_path / "ours") as ours:
        write(ours.address)
        wanted = read(ours.address)
    assert wanted == TABLES
    (tmp_path / "java").mkdir()
    shutil.copy(ours.data / "kvConfig.json", tmp_path / "java")
    with java.NameServer(tmp_path / "java") as theirs:
        assert read(theirs.address) == wanted
