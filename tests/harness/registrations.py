"""REGISTER_BROKER requests as brokers of all ages write them."""

import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from harness.frames import CURRENT, JSON, ask

Member = dict[str, str]
Topics = Mapping[str, int] | Iterable[Mapping[str, object]]
"""Topic to its number of queues, or whole topic configurations."""
CLUSTER: Final = "C1"
V5: Final = 413


def member(
    name: str, number: int = 0, *, cluster: str = CLUSTER, address: str | None = None
) -> Member:
    """The ext fields that say who a broker is."""
    return {
        "brokerName": name,
        "brokerAddr": address or f"{name}:{10911 + number}",
        "clusterName": cluster,
        "brokerId": str(number),
    }


def topic(name: str, queues: int = 4, perm: int = 6, **more: object) -> dict[str, object]:
    """One topic configuration."""
    return {
        "attributes": {},
        "order": False,
        "perm": perm,
        "readQueueNums": queues,
        "topicFilterType": "SINGLE_TAG",
        "topicName": name,
        "topicSysFlag": 0,
        "writeQueueNums": queues,
        **more,
    }


def mapping(name: str, broker: str, **more: object) -> dict[str, object]:
    """Where the logical queues of a static topic live on one broker."""
    return {
        "bname": broker,
        "currIdMap": {"0": 0, "1": 1},
        "dirty": False,
        "epoch": 1,
        "scope": "__global__",
        "topic": name,
        "totalQueues": 4,
        **more,
    }


def data_version(counter: int = 1, state: int = 0, timestamp: int = 1000) -> dict[str, int]:
    """How new a topic table is."""
    return {"counter": counter, "stateVersion": state, "timestamp": timestamp}


def wrapper(
    topics: Topics = (),
    *,
    version: Mapping[str, int] | None = None,
    mappings: Sequence[Mapping[str, object]] = (),
) -> dict[str, object]:
    """The topic table with its version."""
    return {
        "dataVersion": version or data_version(),
        "mappingDataVersion": version or data_version(),
        "topicConfigTable": {str(each["topicName"]): each for each in configs(topics)},
        "topicQueueMappingDetailMap": {},
        "topicQueueMappingInfoMap": {str(each["topic"]): each for each in mappings},
    }


def configs(topics: Topics) -> list[Mapping[str, object]]:
    """Topic configurations of either form of ``Topics``."""
    if isinstance(topics, Mapping):
        return [topic(name, queues) for name, queues in topics.items()]
    return list(topics)


def body(
    topics: Topics = (),
    *,
    version: Mapping[str, int] | None = None,
    filters: Sequence[str] | None = (),
    mappings: Sequence[Mapping[str, object]] = (),
) -> bytes:
    """The body since 3.0.11."""
    told: dict[str, object] = {} if filters is None else {"filterServerList": list(filters)}
    table = wrapper(topics, version=version, mappings=mappings)
    told["topicConfigSerializeWrapper"] = table
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def compressed(
    topics: Topics = (),
    *,
    version: Mapping[str, int] | None = None,
    filters: bytes = b"[]",
    mappings: Sequence[Mapping[str, object]] | None = (),
) -> bytes:
    """The compressed body; ``mappings`` None: without that part, as before 5.0."""
    lines = [
        f"{each['topicName']} {each['readQueueNums']} {each['writeQueueNums']} {each['perm']} "
        f"{each['topicFilterType']} {{}}".encode()
        for each in configs(topics)
    ]
    parts = [_chunk(json.dumps(version or data_version()).encode()), struct.pack(">i", len(lines))]
    parts += [*map(_chunk, lines), _chunk(filters)]
    if mappings is not None:
        parts.append(struct.pack(">i", len(mappings)))
        parts += [_chunk(json.dumps(each).encode()) for each in mappings]
    return zlib.compress(b"".join(parts), 9)


def _chunk(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def crc(data: bytes) -> str:
    """The checksum as brokers announce it."""
    return str(zlib.crc32(data) & 0x7FFFFFFF)


def registration(
    who: Member,
    content: bytes | None = None,
    *,
    version: int = CURRENT,
    kind: int = JSON,
    opaque: int = 7,
    fields: Mapping[str, str] | None = None,
    **more: str,
) -> bytes:
    """The request of a 5.x broker without acting master; more ext fields, or others, by name.

    An ext field that is given as "" is left out.
    """
    content = body() if content is None else content
    told = {
        **who,
        "haServerAddr": f"{who.get('brokerAddr')}1",
        "enableActingMaster": "false",
        "compressed": "false",
        "bodyCrc32": crc(content),
        **(fields or {}),
        **more,
    }
    kept = {name: text for name, text in told.items() if text}
    return ask(103, content, kind=kind, version=version, opaque=opaque, fields=kept)
