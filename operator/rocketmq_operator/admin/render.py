"""What mqadmin prints, in the layout of Java's mqadmin 5.3.3."""

from collections.abc import Iterable, Mapping

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

RuntimeInfo = Mapping[str, str]
"""A broker's answer to GET_BROKER_RUNTIME_INFO; empty for one that does not answer."""


def namesrv_config(server: str, entries: Mapping[str, str]) -> Iterable[str]:
    """The lines of getNamesrvConfig for one server, by key."""
    yield f"============{server}============"
    for key, value in sorted(entries.items()):
        yield f"{key:<50}=  {value}"


def cluster_list(
    info: ClusterInfo, only: str | None, runtime: Mapping[str, RuntimeInfo], now_ms: int
) -> Iterable[str]:
    """The lines of clusterList; ``runtime`` by broker address."""
    yield _CLUSTER_HEADER.format(*_CLUSTER_COLUMNS)
    for cluster, names in sorted(info.cluster_addr_table.items()):
        if only in (None, cluster):
            yield from _cluster_rows(cluster, names, info, runtime, now_ms)


def _cluster_rows(
    cluster: str,
    names: Iterable[str],
    info: ClusterInfo,
    runtime: Mapping[str, RuntimeInfo],
    now_ms: int,
) -> Iterable[str]:
    for name in sorted(names):
        members = (
            info.broker_addr_table[name].broker_addrs if name in info.broker_addr_table else {}
        )
        for broker_id, address in sorted(members.items()):
            cells = _runtime_cells(runtime.get(address, {}), now_ms)
            yield _CLUSTER_ROW.format(cluster, name, broker_id, address, *cells)


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


def _first(info: RuntimeInfo, name: str) -> float:
    return _parsed(info.get(name, "").split(" ")[0])


def _number(info: RuntimeInfo, name: str) -> float:
    return _parsed(info.get(name, ""))


def _parsed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
