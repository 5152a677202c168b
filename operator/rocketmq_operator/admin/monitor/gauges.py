"""What the monitor shows to Prometheus: consumers, brokers, and how NameServers see them."""

import contextlib
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from rocketmq_operator.admin.monitor.reports import (
    Blocked,
    Offline,
    OffsetMoved,
    Report,
    SubscriptionDifferent,
    UndoneMsgs,
)
from rocketmq_operator.admin.monitor.views import Brokers
from rocketmq_operator.errors import SettingsError
from rocketmq_operator.transport.client import split_address

PREFIX = "rocketmq_monitor"


class Gauges:
    """All metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._by_topic = {
            name: self._gauge(name, text, "group", "topic")
            for name, text in (
                ("undone_messages", "Messages of a topic that a group has not consumed."),
                ("undone_messages_single_queue", "The same of the queue with the most."),
                ("delay_seconds", "Age of the oldest of them, against the newest message."),
            )
        }
        self._troubles = {
            Offline: self._gauge("group_offline", "1: undone messages and no client.", "group"),
            Blocked: self._gauge("blocked_clients", "Clients that stand still.", "group"),
            SubscriptionDifferent: self._gauge(
                "subscription_different", "1: clients of a group want different things.", "group"
            ),
        }
        self._up = self._gauge(
            "broker_up", "1: the broker answers.", "cluster", "broker", "id", "address"
        )
        self._shown = self._gauge("brokers_shown", "Brokers that a NameServer knows.", "namesrv")
        self._rounds = self._gauge("last_round_timestamp_seconds", "When a round last ended.")
        self._moved = Counter(
            f"{PREFIX}_offset_moved", "Offset-moved events.", ["group", "topic"],
            registry=self.registry,
        )  # fmt: skip

    def show(self, reports: Sequence[Report], seen: Brokers) -> None:
        """The last round; what is not in it any more is gone."""
        for gauge in (*self._by_topic.values(), *self._troubles.values(), self._up, self._shown):
            gauge.clear()
        for report in reports:
            self._show(report)
        for row in seen.rows:
            names = (row["cluster"], row["broker"], row["id"], row["address"])
            self._up.labels(*names).set(bool(row["answers"]))
        for server, count in seen.shown.items():
            self._shown.labels(server).set(count)
        self._rounds.set_to_current_time()

    def _show(self, report: Report) -> None:
        match report:
            case UndoneMsgs(group, topic, total, single, delay):
                values = (total, single, delay / 1000)
                for gauge, value in zip(self._by_topic.values(), values, strict=True):
                    gauge.labels(group, topic).set(value)
            case OffsetMoved(group, queue):
                self._moved.labels(group, queue.topic).inc()
            case Offline(group) | Blocked(group) | SubscriptionDifferent(group):
                self._troubles[type(report)].labels(group).inc()

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)


@contextlib.contextmanager
def served(gauges: Gauges, where: str) -> Iterator[None]:
    """Serve them at ``host:port`` meanwhile. Raises SettingsError."""
    host, port = split_address(where)
    try:
        server, thread = start_http_server(port, host, registry=gauges.registry)
    except OSError as error:
        raise SettingsError(f"--prometheus {where}: {error.strerror}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
