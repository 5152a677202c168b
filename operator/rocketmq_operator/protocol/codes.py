"""Numbers of the protocol: request and response codes, languages, version ordinals.

The names are Java's (``RequestCode``, ``ResponseCode``, ``LanguageCode``, ``MQVersion``).
"""

from enum import IntEnum


class RequestCode(IntEnum):
    """Requests a NameServer serves or sends, and those that our tools send to brokers."""

    PULL_MESSAGE = 11
    UPDATE_AND_CREATE_TOPIC = 17
    UPDATE_BROKER_CONFIG = 25
    GET_BROKER_CONFIG = 26
    GET_BROKER_RUNTIME_INFO = 28
    GET_MAX_OFFSET = 30
    PUT_KV_CONFIG = 100
    GET_KV_CONFIG = 101
    DELETE_KV_CONFIG = 102
    REGISTER_BROKER = 103
    UNREGISTER_BROKER = 104
    GET_ROUTEINFO_BY_TOPIC = 105
    GET_BROKER_CLUSTER_INFO = 106
    GET_CONSUMER_CONNECTION_LIST = 203
    WIPE_WRITE_PERM_OF_BROKER = 205
    GET_ALL_TOPIC_LIST_FROM_NAMESERVER = 206
    GET_CONSUME_STATS = 208
    DELETE_TOPIC_IN_BROKER = 215
    DELETE_TOPIC_IN_NAMESRV = 216
    REGISTER_TOPIC_IN_NAMESRV = 217
    GET_KVLIST_BY_NAMESPACE = 219
    GET_TOPICS_BY_CLUSTER = 224
    QUERY_TOPIC_CONSUME_BY_WHO = 300
    GET_SYSTEM_TOPIC_LIST_FROM_NS = 304
    GET_CONSUMER_RUNNING_INFO = 307
    GET_UNIT_TOPIC_LIST = 311
    GET_HAS_UNIT_SUB_TOPIC_LIST = 312
    GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST = 313
    VIEW_BROKER_STATS_DATA = 315
    UPDATE_NAMESRV_CONFIG = 318
    GET_NAMESRV_CONFIG = 319
    QUERY_DATA_VERSION = 322
    ADD_WRITE_PERM_OF_BROKER = 327
    GET_BROKER_MEMBER_GROUP = 901
    BROKER_HEARTBEAT = 904
    NOTIFY_MIN_BROKER_ID_CHANGE = 905


class ResponseCode(IntEnum):
    """Answers of NameServers, and those of brokers that our tools know by name."""

    SUCCESS = 0
    SYSTEM_ERROR = 1
    SYSTEM_BUSY = 2
    REQUEST_CODE_NOT_SUPPORTED = 3
    NO_PERMISSION = 16
    TOPIC_NOT_EXIST = 17
    PULL_NOT_FOUND = 19
    PULL_RETRY_IMMEDIATELY = 20
    PULL_OFFSET_MOVED = 21
    QUERY_NOT_FOUND = 22
    CONSUMER_NOT_ONLINE = 206
    BROADCAST_CONSUMPTION = 213
    GO_AWAY = 1500


class LanguageCode(IntEnum):
    """What a peer is written in: the name stands in JSON headers, the number in binary ones."""

    JAVA = 0
    CPP = 1
    DOTNET = 2
    PYTHON = 3
    DELPHI = 4
    ERLANG = 5
    RUBY = 6
    OTHER = 7
    HTTP = 8
    GO = 9
    PHP = 10
    OMS = 11
    RUST = 12
    NODE_JS = 13


CURRENT_VERSION = 479
"""What we put on the wire: V5_3_3, the newest release whose behaviour is reproduced."""

V3_0_11 = 37
"""From here on a registration body has two parts."""
V4_9_4 = 401
"""From here on a route is answered as standard JSON."""
V5_0_0 = 413
V5_3_1 = 475
"""Versions above understand GO_AWAY."""
"""From here on a compressed registration ends with the static topic mappings."""


def _version_names() -> list[str]:
    """All names in the order of Java's enum ``MQVersion.Version``, whose ordinal is the number."""
    names = ["V3_0_0_SNAPSHOT", "V3_0_0_ALPHA1", *(f"V3_0_0_BETA{n}" for n in range(1, 6))]
    for n in range(6, 10):
        names += [f"V3_0_0_BETA{n}_SNAPSHOT", f"V3_0_0_BETA{n}"]
    names.append("V3_0_0_FINAL")
    releases = [(3, 0, patch) for patch in range(1, 16)]
    releases += [(3, minor, patch) for minor in (1, 2) for patch in range(10)]
    releases += [(3, minor, patch) for minor in range(3, 10) for patch in range(1, 10)]
    releases += [
        (major, minor, patch) for major in (4, 5) for minor in range(10) for patch in range(10)
    ]
    for major, minor, patch in releases:
        name = f"V{major}_{minor}_{patch}"
        names += [f"{name}_SNAPSHOT", name]
    return [*names, "HIGHER_VERSION"]


_VERSION_NAMES = _version_names()


def version_name(ordinal: int) -> str:
    """The display name of a version number: ``479`` is ``V5_3_3``.

    Numbers above the table are ``HIGHER_VERSION``; a negative one, which no release sends, is
    ``UNKNOWN(<number>)``.
    """
    if ordinal < 0:
        return f"UNKNOWN({ordinal})"
    return _VERSION_NAMES[min(ordinal, len(_VERSION_NAMES) - 1)]
