"""What the commands print that are about consumers: consumerProgress, statsAll."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from rocketmq_operator.protocol.brokerbodies import ConsumerConnection, ConsumeStats, MessageQueue
from rocketmq_operator.protocol.codes import version_name

ACTIVELY, PASSIVELY = "CONSUME_ACTIVELY", "CONSUME_PASSIVELY"
GROUP_ROW: Final = "{:<64.64}  {:<6}  {:<24} {:<5}  {:<14}  {:<7}  {}"
GROUP_COLUMNS: Final = (
    "#Group", "#Count", "#Version", "#Type", "#Model", "#TPS", "#Diff Total",
)  # fmt: skip
QUEUE_ROW: Final = "{:<64.64}  {:<32.32}  {:<4}  {:<20}  {:<20}  {:<20} {:<20} {}"
CLIENT_QUEUE_ROW: Final = "{:<64.64}  {:<32.32}  {:<4}  {:<20}  {:<20}  {:<20} {:<20} {:<20} {}"
QUEUE_COLUMNS: Final = ("#Topic", "#Broker Name", "#QID", "#Broker Offset", "#Consumer Offset")
STATS_ROW: Final = "{:<64.64}  {:<64.64} {:>12} {:>11} {:>11} {:>14} {:>14}"
STATS_COLUMNS: Final = (
    "#Topic", "#Consumer Group", "#Accumulation", "#InTPS", "#OutTPS", "#InMsg24Hour",
    "#OutMsg24Hour",
)  # fmt: skip

Clients = Mapping[MessageQueue, str]
"""The address of the client that has a queue."""


class Group(NamedTuple):
    """A consumer group: who is connected, and what is left to consume."""

    name: str
    connection: ConsumerConnection | None
    stats: ConsumeStats | None

    @property
    def row(self) -> dict[str, Any]:
        """The group for programs, by the names of GROUP_COLUMNS."""
        clients = self.connection.connection_set if self.connection else []
        stats = self.stats or ConsumeStats()
        kind = self.connection.consume_type if self.connection and clients else ""
        passively = kind == PASSIVELY and self.connection is not None
        return {
            "group": self.name,
            "clients": len(clients),
            "version": version_name(min(each.version for each in clients)) if clients else "",
            "type": {"": "", ACTIVELY: "PULL"}.get(kind, "PUSH"),
            "model": self.connection.message_model if passively and self.connection else "",
            "tps": int(stats.consume_tps),
            "undone": sum(each.undone for each in stats.offset_table.values()),
        }


def group_list(groups: Iterable[Group]) -> Iterable[str]:
    """The lines of consumerProgress for all groups."""
    yield GROUP_ROW.format(*GROUP_COLUMNS)
    for group in groups:
        row = group.row
        yield GROUP_ROW.format(*row.values() if row["clients"] else _offline(row))


def _offline(row: Mapping[str, Any]) -> Iterable[Any]:
    return {**row, "version": "OFFLINE"}.values()


def queue_rows(stats: ConsumeStats, clients: Clients | None) -> list[dict[str, Any]]:
    """A row for each queue; times in ms since 1970, None for a queue without a message."""
    return [
        {
            "topic": queue.topic,
            "broker": queue.broker_name,
            "queue": queue.queue_id,
            "brokerOffset": each.broker_offset,
            "consumerOffset": each.consumer_offset,
            **({} if clients is None else {"client": clients.get(queue, "N/A")}),
            "undone": each.undone,
            "inflight": each.pull_offset - each.consumer_offset,
            "lastTime": each.last_timestamp or None,
        }
        for queue, each in stats.offsets.items()
    ]


def progress(stats: ConsumeStats, clients: Clients | None) -> Iterable[str]:
    """The lines of consumerProgress for one group; ``clients`` where they are asked for."""
    layout = QUEUE_ROW if clients is None else CLIENT_QUEUE_ROW
    own = () if clients is None else ("#Client IP",)
    # Java's header has no blank before its last column.
    yield layout.replace(" {}", "{}").format(
        *QUEUE_COLUMNS, *own, "#Diff", "#Inflight", "#LastTime"
    )
    rows = queue_rows(stats, clients)
    for row in rows:
        yield layout.format(*{**row, "lastTime": _time(row["lastTime"])}.values())
    yield ""
    yield f"Consume TPS: {stats.consume_tps:.2f}"
    yield f"Consume Diff Total: {sum(row['undone'] for row in rows)}"
    yield f"Consume Inflight Total: {sum(row['inflight'] for row in rows)}"


def _time(moment: int | None) -> str:
    """In the zone of this machine, as Java has it."""
    if moment is None:
        return "N/A"
    there = datetime.fromtimestamp(moment / 1000, UTC).astimezone()
    return there.strftime("%Y-%m-%d %H:%M:%S")


class TopicStats(NamedTuple):
    """What came into a topic, and what one group took out of it (no group: nobody consumes it)."""

    topic: str
    group: str
    undone: int
    in_tps: float
    out_tps: float
    in_today: int
    out_today: int

    @property
    def row(self) -> dict[str, Any]:
        """The same for programs."""
        return dict(
            zip(
                ("topic", "group", "undone", "inTPS", "outTPS", "inToday", "outToday"),
                self,
                strict=True,
            )
        )


def stats_header() -> str:
    """The first line of statsAll."""
    return STATS_ROW.format(*STATS_COLUMNS)


def stats_line(each: TopicStats) -> str:
    """One line of statsAll."""
    taken = (f"{each.out_tps:.2f}", each.out_today) if each.group else ("", "NO_CONSUMER")
    in_tps = f"{each.in_tps:.2f}"
    return STATS_ROW.format(
        each.topic, each.group, each.undone, in_tps, taken[0], each.in_today, taken[1]
    )
