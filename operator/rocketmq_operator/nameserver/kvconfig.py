"""The KV store: namespace to key to value, in Java's file format. Pure; values are snapshots."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from rocketmq_operator.errors import BodyError
from rocketmq_operator.protocol import fastjson

ORDER_NAMESPACE = "ORDER_TOPIC_CONFIG"
"""The one namespace with a meaning: topic to ``brokerName:queues;brokerName:queues``."""


class KvEdit(NamedTuple):
    """One write. ``value`` None without ``delete`` is Java's "put null": the namespace appears."""

    namespace: str | None
    key: str | None
    value: str | None
    delete: bool = False


class _File(msgspec.Struct):
    config_table: dict[str, dict[str, str | None]] | None = msgspec.field(
        name="configTable", default=None
    )


class KvConfig:
    """An immutable snapshot of the store."""

    __slots__ = ("_tables",)

    def __init__(self, tables: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._tables: dict[str, Mapping[str, str]] = dict(tables or {})

    @classmethod
    def read(cls, data: bytes) -> "KvConfig":
        """What a file holds; an empty file is an empty store. Raises BodyError."""
        if not data.strip():
            return cls()
        tables = fastjson.decode(data, _File).config_table
        if tables is None:
            raise BodyError("there is no member configTable")
        return cls({name: _without_null(table) for name, table in tables.items()})

    def written(self) -> bytes:
        """The file's content: one line, as Java writes it."""
        return fastjson.dumps({"configTable": self._tables})

    def get(self, namespace: str | None, key: str | None) -> str | None:
        """One value, or None."""
        table = self.table(namespace)
        return None if table is None or key is None else table.get(key)

    def table(self, namespace: str | None) -> Mapping[str, str] | None:
        """One namespace, or None if it does not exist; it may exist and be empty."""
        return None if namespace is None else self._tables.get(namespace)

    @property
    def tables(self) -> Mapping[str, Mapping[str, str]]:
        """All namespaces."""
        return self._tables

    def edited(self, edits: Iterable[KvEdit]) -> "KvConfig":
        """The store after ``edits``; tables that no edit names are shared with this one."""
        tables = dict(self._tables)
        fresh: dict[str, dict[str, str]] = {}
        for edit in edits:
            if edit.namespace is None or (edit.delete and edit.namespace not in tables):
                continue
            if edit.namespace not in fresh:
                fresh[edit.namespace] = dict(tables.get(edit.namespace, {}))
                tables[edit.namespace] = fresh[edit.namespace]
            _apply(fresh[edit.namespace], edit)
        return KvConfig(tables)

    def seeded(self, seed: "KvConfig") -> "KvConfig":
        """The store with every key that ``seed`` names set as there; other keys stay."""
        merged = {
            name: {**self._tables.get(name, {}), **table} for name, table in seed.tables.items()
        }
        return KvConfig({**self._tables, **merged})


def _apply(table: dict[str, str], edit: KvEdit) -> None:
    if edit.key is None:
        return
    if edit.delete or edit.value is None:
        table.pop(edit.key, None)
    else:
        table[edit.key] = edit.value


def _without_null(table: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in table.items() if value is not None}
