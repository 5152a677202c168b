"""A NameServer's file of KV entries, as the parts of a spec that say the same."""

import re
from typing import Any, Final

import msgspec

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.conversion.fields import Remarks, filled
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.spec import ORDER_TOPICS

TABLES: Final = "configTable"
NAMESPACE: Final = re.compile(r"[!-~]{1,128}")
KEY: Final = re.compile(r"[!-~]{1,255}")
VALUE: Final = re.compile(r"[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F]{0,4096}")
TOPIC: Final = re.compile(r"[%|A-Za-z0-9_-]{1,127}")
ORDER: Final = re.compile(
    r"[A-Za-z0-9._-]{1,127}:[1-9][0-9]{0,4}(;[A-Za-z0-9._-]{1,127}:[1-9][0-9]{0,4})*"
)
NOT_TAKEN: Final = "a spec does not take it; write it by mqadmin updateKvConfig"
MAX_NAMESPACES: Final = 32
MAX_ENTRIES: Final = 256
MAX_TOPICS: Final = 1024
TOO_MANY: Final = "a spec does not hold so many; give the rest to NameServerKVConfigs"


def is_file(document: Any) -> bool:
    """Whether a document is a kvConfig.json."""
    return isinstance(document, dict) and document.keys() == {TABLES}


def wanted(document: Object, remarks: Remarks) -> Object:
    """``kvConfig`` and ``orderTopics`` of a spec. Raises SpecError."""
    tables = _tables(document)
    orders = _taken(ORDER_TOPICS, tables.pop(ORDER_TOPICS, {}), (TOPIC, ORDER), remarks)
    listed = [
        {"kvNamespace": name, "entries": entries}
        for name, table in sorted(tables.items())
        if _named(name, remarks) and (entries := _taken(name, table, (KEY, VALUE), remarks))
    ]
    _check(TABLES, len(listed), MAX_NAMESPACES)
    return filled(kvConfig=listed, orderTopics=orders)


def _tables(document: Object) -> dict[str, Object]:
    try:
        return msgspec.convert(document[TABLES] or {}, dict[str, dict[str, Any]])
    except msgspec.ValidationError as error:
        raise SpecError(TABLES, f"want KV entries by KV namespace: {error}") from error


def _named(name: str, remarks: Remarks) -> bool:
    if NAMESPACE.fullmatch(name):
        return True
    remarks.left("KV namespace", name, NOT_TAKEN)
    return False


def _taken(
    namespace: str, table: Object, forms: tuple[re.Pattern[str], re.Pattern[str]], remarks: Remarks
) -> dict[str, str]:
    found = {}
    for key, value in sorted(table.items()):
        if forms[0].fullmatch(key) and forms[1].fullmatch(str(value)):
            found[key] = str(value)
        else:
            remarks.left(f"KV {namespace}/{key}", value, NOT_TAKEN)
    _check(f"{TABLES}.{namespace}", len(found), MAX_TOPICS if forms[0] is TOPIC else MAX_ENTRIES)
    return found


def _check(path: str, count: int, most: int) -> None:
    if count > most:
        raise SpecError(path, f"there are {count}, and at most {most} fit: {TOO_MANY}")
