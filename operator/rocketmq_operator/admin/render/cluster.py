"""What clusterList prints."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rocketmq_operator.protocol.bodies import ClusterInfo

_CLUSTER_ROW = (
    "{:<22}  {:<22}  {:<4}  {:<22} {:<16}  {:>16}  {:>30}  {:<22}  {:>11}  {:<12}  {:<8}  {:>10}"
)
_CLUSTER_HEADER = (
    "{:<22}  {:<22}  {:<4}  {:<22} {:<16}  {:>16}  {:>30}  {:<22}  {:<11}  {:<12}  {:<8}  {:<10}"
)
_CLUSTER_COLUMNS = (
    "#Cluster Name", "#Broker Name", "#BID", "#Addr", "#Version", "#InTPS(LOAD)",
    "#OutTPS(LOAD)", "#Timer(Progress)", "#PCWait(ms)", "#Hour", "#SPACE", "#ACTIVATED",
)  # fmt: skip

_TOTALS_ROW = "{:<16}  {:<32} {:>14} {:>14} {:>14} {:>14}"
_TOTALS_COLUMNS = (
    "#Cluster Name", "#Broker Name", "#InTotalYest", "#OutTotalYest", "#InTotalToday",
    "#OutTotalToday",
)  # fmt: skip

RuntimeInfo = Mapping[str, str]
"""A broker's answer to GET_BROKER_RUNTIME_INFO; empty for one that does not answer."""


class Member(NamedTuple):
    """One broker of a cluster, with what it says of itself."""

    cluster: str
    name: str
    broker_id: int
    address: str
    runtime: RuntimeInfo


def members(
    info: ClusterInfo, only: str | None, runtime: Mapping[str, RuntimeInfo]
) -> list[Member]:
    """All brokers, or those of one cluster, in order; ``runtime`` by broker address."""
    return [
        Member(cluster, name, broker_id, address, runtime.get(address, {}))
        for cluster, names in sorted(info.cluster_addr_table.items())
        if only in (None, cluster)
        for name in sorted(set(names) & info.broker_addr_table.keys())
        for broker_id, address in sorted(info.broker_addr_table[name].broker_addrs.items())
    ]


def row(member: Member, now_ms: int) -> dict[str, object]:
    """One broker for programs: rates in messages per second, times in seconds."""
    info = member.runtime
    return {
        "cluster": member.cluster,
        "broker": member.name,
        "id": member.broker_id,
        "address": member.address,
        "answers": bool(info),
        "version": info.get("brokerVersionDesc", ""),
        "inTPS": _first(info, "putTps"),
        "outTPS": _first(info, "getTransferredTps"),
        "inToday": _difference(info, "msgPutTotalTodayNow", "msgPutTotalTodayMorning"),
        "outToday": _difference(info, "msgGetTotalTodayNow", "msgGetTotalTodayMorning"),
        "hours": float(_hours(info, now_ms)),
        "space": _number(info, "commitLogDiskRatio"),
        "active": info.get("brokerActive", "false") == "true",
    }


def cluster_totals(found: Iterable[Member]) -> Iterable[str]:
    """The lines of clusterList -m: messages of yesterday and of today."""
    yield _TOTALS_ROW.format(*_TOTALS_COLUMNS)
    for member in found:
        spans = (("TodayMorning", "YesterdayMorning"), ("TodayNow", "TodayMorning"))
        cells = (
            _difference(member.runtime, f"msg{kind}Total{end}", f"msg{kind}Total{begin}")
            for end, begin in spans
            for kind in ("Put", "Get")
        )
        yield _TOTALS_ROW.format(member.cluster, member.name, *cells)


def cluster_list(found: Iterable[Member], now_ms: int) -> Iterable[str]:
    """The lines of clusterList."""
    yield _CLUSTER_HEADER.format(*_CLUSTER_COLUMNS)
    for member in found:
        yield _CLUSTER_ROW.format(*member[:4], *_runtime_cells(member.runtime, now_ms))


def _runtime_cells(info: RuntimeInfo, now_ms: int) -> tuple[str, ...]:
    def wait(kind: str, missing: str = "") -> str:
        size = info.get(f"{kind}ThreadPoolQueueSize", missing)
        head = info.get(f"{kind}ThreadPoolQueueHeadWaitTimeMills", missing)
        return f"{size},{head}ms"

    ack = wait("ack", "N") if info else ",ms"
    return (
        info.get("brokerVersionDesc", ""),
        f"{_first(info, 'putTps'):9.2f}({wait('send')})",
        f"{_first(info, 'getTransferredTps'):9.2f}({wait('pull')}|{ack})",
        _timer(info),
        info.get("pageCacheLockTimeMills", ""),
        _hours(info, now_ms),
        f"{_number(info, 'commitLogDiskRatio'):.4f}",
        info.get("brokerActive", "false"),
    )


def _timer(info: RuntimeInfo) -> str:
    behind = int(_number(info, "timerReadBehind"))
    offset = int(_number(info, "timerOffsetBehind"))
    congestion = _number(info, "timerCongestNum") / 10000
    enqueue, dequeue = _number(info, "timerEnqueueTps"), _number(info, "timerDequeueTps")
    return f"{behind}-{offset}({congestion:.1f}w, {enqueue:.1f}, {dequeue:.1f})"


def _hours(info: RuntimeInfo, now_ms: int) -> str:
    """Like Java since 1970 for a broker that has no message yet."""
    if "earliestMessageTimeStamp" not in info:
        return "0.00"
    return f"{(now_ms - _number(info, 'earliestMessageTimeStamp')) / 3_600_000:.2f}"


def _difference(info: RuntimeInfo, end: str, begin: str) -> int:
    return int(_number(info, end) - _number(info, begin))


def _first(info: RuntimeInfo, name: str) -> float:
    return _parsed(info.get(name, "").split(" ")[0])


def _number(info: RuntimeInfo, name: str) -> float:
    return _parsed(info.get(name, ""))


def _parsed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
