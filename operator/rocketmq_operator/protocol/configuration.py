"""Every property a Java NameServer knows, and what it means to ours.

Names and defaults are those of ``NamesrvConfig``, ``NettyServerConfig`` and
``NettyClientConfig`` at 5.3.3.
"""

import difflib
import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple


class Effect(Enum):
    """When a change of a property matters."""

    LIVE = "takes effect at once"
    RESTART = "takes effect after a restart"
    FIXED = "set by whoever starts the server, never from a cluster's configuration"
    IGNORED = "accepted; has no meaning in this server"


class Kind(Enum):
    """The Java type of a property, which decides what a value means."""

    STRING = "string"
    INT = "int"
    LONG = "long"
    BOOLEAN = "boolean"


class Property(NamedTuple):
    """One property. ``listed``: GET_NAMESRV_CONFIG prints it even if no file names it."""

    name: str
    kind: Kind
    default: str
    effect: Effect
    listed: bool = True


_SERVER = """
bindAddress string 0.0.0.0 FIXED
listenPort int 9876 FIXED
rocketmqHome string - FIXED
kvConfigPath string - FIXED
configStorePath string - FIXED
configBlackList string configBlackList;configStorePath;kvConfigPath FIXED
productEnvName string center IGNORED
clusterTest boolean false IGNORED
orderMessageEnable boolean false LIVE
returnOrderTopicConfigToBroker boolean true LIVE
clientRequestThreadPoolNums int 8 IGNORED
defaultThreadPoolNums int 16 IGNORED
clientRequestThreadPoolQueueCapacity int 50000 IGNORED
defaultThreadPoolQueueCapacity int 10000 RESTART
scanNotActiveBrokerInterval long 5000 RESTART
unRegisterBrokerQueueCapacity int 3000 RESTART
supportActingMaster boolean false LIVE
enableAllTopicList boolean true LIVE
enableTopicList boolean true LIVE
notifyMinBrokerIdChanged boolean false LIVE
enableControllerInNamesrv boolean false IGNORED
needWaitForService boolean false LIVE
waitSecondsForService int 45 LIVE
deleteTopicWithBrokerRegistration boolean false LIVE
serverWorkerThreads int 8 IGNORED
serverCallbackExecutorThreads int 0 IGNORED
serverSelectorThreads int 3 IGNORED
serverOnewaySemaphoreValue int 256 IGNORED
serverAsyncSemaphoreValue int 64 IGNORED
serverChannelMaxIdleTimeSeconds int 120 LIVE
serverSocketSndBufSize int 0 RESTART
serverSocketRcvBufSize int 0 RESTART
writeBufferHighWaterMark int 0 RESTART
writeBufferLowWaterMark int 0 RESTART
serverSocketBacklog int 1024 IGNORED
serverNettyWorkerGroupEnable boolean true IGNORED
serverPooledByteBufAllocatorEnable boolean true IGNORED
enableShutdownGracefully boolean false LIVE
shutdownWaitTimeSeconds int 30 LIVE
useEpollNativeSelector boolean false IGNORED
"""

_UNLISTED = """
notifyMinBrokerIdChangeTimeoutMillis long 3000 IGNORED
clientWorkerThreads int 4 IGNORED
clientCallbackExecutorThreads int 0 IGNORED
clientOnewaySemaphoreValue int 65535 IGNORED
clientAsyncSemaphoreValue int 65535 IGNORED
connectTimeoutMillis int 3000 IGNORED
channelNotActiveInterval long 60000 IGNORED
scanAvailableNameSrv boolean true IGNORED
clientChannelMaxIdleTimeSeconds int 120 IGNORED
clientSocketSndBufSize int 0 IGNORED
clientSocketRcvBufSize int 0 IGNORED
clientPooledByteBufAllocatorEnable boolean false IGNORED
clientCloseSocketIfTimeout boolean true IGNORED
useTLS boolean false IGNORED
socksProxyConfig string {} IGNORED
disableCallbackExecutor boolean false IGNORED
disableNettyWorkerGroup boolean false IGNORED
maxReconnectIntervalTimeSeconds long 60 IGNORED
enableReconnectForGoAway boolean true IGNORED
"""


def _read(table: str, *, listed: bool) -> list[Property]:
    rows = (line.split() for line in table.strip().splitlines())
    return [
        Property(name, Kind(kind), "" if default == "-" else default, Effect[effect], listed)
        for name, kind, default, effect in rows
    ]


PROPERTIES: Mapping[str, Property] = MappingProxyType(
    {row.name: row for row in _read(_SERVER, listed=True) + _read(_UNLISTED, listed=False)}
)

BLACK_LIST = frozenset({"configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"})
"""What UPDATE_NAMESRV_CONFIG always refuses: these say where files are written."""

_DECIMAL = re.compile(r"[+-]?[0-9]+")
_BITS = {Kind.INT: 31, Kind.LONG: 63}


def nearest(name: str) -> str | None:
    """The known property that ``name`` most likely means, or None."""
    by_lower = {known.lower(): known for known in PROPERTIES}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[close[0]] if close else None


def read_at_start(config: Mapping[str, str]) -> dict[str, str]:
    """Those of these properties that a running server does not take over."""
    known = {key: PROPERTIES[key] for key in config if key in PROPERTIES}
    return {key: config[key] for key, row in known.items() if row.effect is Effect.RESTART}


def normalize(row: Property, text: str) -> str | None:
    """``text`` as Java would store and print it, or None if Java would skip it as unreadable.

    A boolean is true only for ``true`` in any letter case, anything else is false; numbers are
    strict decimals of their size; strings are trimmed.
    """
    if row.kind is Kind.BOOLEAN:
        return "true" if text.lower() == "true" else "false"
    if row.kind is Kind.STRING:
        return text.strip()
    bits = _BITS.get(row.kind)
    if bits is None or not _DECIMAL.fullmatch(text):
        return None
    number = int(text) if len(text) <= 20 else 1 << 64
    return str(number) if -(1 << bits) <= number < 1 << bits else None
