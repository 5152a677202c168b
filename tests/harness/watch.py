"""Watches what NameServers show, side by side, and measures how one follows another.

Every watched server is asked a few times a second for the cluster (request 106) and some routes
(request 105). A view is what brokers and clients would act on: groups, ids, addresses, perms. It
is compared by broker name, because brokers that act at the same time do so in any order.
"""

import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from harness.connection import Connection
from rocketmq_operator.errors import ResponseError, RocketMQError
from rocketmq_operator.protocol import fastjson
from rocketmq_operator.protocol.codes import RequestCode, ResponseCode
from rocketmq_operator.protocol.command import RemotingCommand, request

PERIOD: Final = 0.15
DEADLINE: Final = 2.0
"""Seconds after which a server without an answer counts as silent."""
SILENT: Final = "no answer"
ABSENT: Final = "not there"

View = Mapping[str, str]
"""What a server shows, as sorted JSON by subject: `cluster NAME` is a broker name's group and the
clusters it is in, `TOPIC NAME` its part of a route and what belongs to nobody in that route."""


class Sample(NamedTuple):
    """A view, true at some moment between two times (seconds, monotonic); None without answer."""

    asked: float
    answered: float
    view: View | None

    def shows(self, subject: str) -> str:
        """One part of the view."""
        return SILENT if self.view is None else self.view.get(subject, ABSENT)


class Episode(NamedTuple):
    """A time during which the same was shown: surely from..to, at most since..until."""

    shown: str
    since: float
    surely_from: float
    surely_to: float
    until: float
    samples: tuple[Sample, ...]


class Lag(NamedTuple):
    """How many seconds apart two servers showed the same, at the worst moment of a subject."""

    seconds: float
    subject: str = ""
    shown: str = ""


class Watch:
    """Asks servers, given by name and `host:port`, until its end. A context manager."""

    def __init__(self, servers: Mapping[str, str], topics: Sequence[str]) -> None:
        self._topics = tuple(topics)
        self._samples: dict[str, list[Sample]] = {name: [] for name in servers}
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=item, name=f"watch {item[0]}")
            for item in servers.items()
        ]

    def latest(self, server: str) -> Sample | None:
        """The newest sample of a server."""
        samples = self._samples[server]
        return samples[-1] if samples else None

    def since(self, server: str, begin: float) -> list[Sample]:
        """Samples of a server that were asked for after `begin`."""
        return [sample for sample in list(self._samples[server]) if sample.asked >= begin]

    def lag(self, one: str, other: str, begin: float, about: str = "") -> Lag:
        """The worst lag between two servers since `begin`, over subjects that end with `about`."""
        samples = self.since(one, begin), self.since(other, begin)
        subjects = {name for each in samples for sample in each for name in sample.view or ()}
        found = (lag(*samples, subject) for subject in subjects if subject.endswith(about))
        return max(found, default=Lag(0.0))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(3 * DEADLINE)

    def _ask(self, server: str, address: str) -> None:
        connection: Connection | None = None
        while not self._end.wait(PERIOD):
            asked = time.monotonic()
            try:
                connection = connection or Connection(address, timeout=DEADLINE)
                view = _view(connection, self._topics)
            except (OSError, RocketMQError):
                view = None
                if connection is not None:
                    connection.close()
                connection = None
            self._samples[server].append(Sample(asked, time.monotonic(), view))
        if connection is not None:
            connection.close()


def lag(one: Sequence[Sample], other: Sequence[Sample], subject: str) -> Lag:
    """How far from `one` the same was shown by `other` and the other way round, at least.

    The moment of a change is known to lie between two samples; the two moments that are closest
    count, so that a slow watch never makes a server look slow. What was shown for less than a
    second is left out. What passed, and was never shown by the other, counts as long as it was
    shown: the other may have seen what ended it that much earlier.
    """
    return max(_following(one, other, subject), _following(other, one, subject))


def episodes(samples: Iterable[Sample], subject: str) -> list[Episode]:
    """Samples joined where they show the same."""
    joined = [
        (shown, tuple(group))
        for shown, group in groupby(samples, lambda sample: sample.shows(subject))
    ]
    found = []
    for number, (shown, own) in enumerate(joined):
        before = joined[number - 1][1][-1].asked if number else own[0].asked
        after = joined[number + 1][1][0].answered if number + 1 < len(joined) else own[-1].answered
        found.append(Episode(shown, before, own[0].answered, own[-1].asked, after, own))
    return found


def _following(one: Iterable[Sample], other: Iterable[Sample], subject: str) -> Lag:
    own, theirs = episodes(one, subject), episodes(other, subject)
    lags = [
        Lag(_distance(each, theirs, passed=each not in (own[0], own[-1])), subject, each.shown)
        for each in own
        if each.surely_to - each.surely_from > 1.0
    ]
    return max(lags, default=Lag(0.0))


def _distance(own: Episode, theirs: Iterable[Episode], *, passed: bool) -> float:
    alike = [each for each in theirs if each.shown == own.shown]
    if not alike:
        return own.surely_to - own.surely_from if passed else float("inf")
    return max(
        min(max(each.since - one.answered, one.asked - each.until, 0.0) for each in alike)
        for one in own.samples
    )


def _view(connection: Connection, topics: Sequence[str]) -> View:
    commands = [request(RequestCode.GET_BROKER_CLUSTER_INFO)]
    commands += [request(RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": topic}) for topic in topics]
    connection.send(*commands)
    answers = {answer.opaque: answer for answer in (connection.receive() for _ in commands)}
    cluster, *routes = (answers[command.opaque] for command in commands)
    view = _cluster_parts(cluster)
    for topic, route in zip(topics, routes, strict=True):
        view |= _route_parts(topic, route)
    return view


def _cluster_parts(answer: RemotingCommand) -> dict[str, str]:
    body = _body(answer)
    clusters = body["clusterAddrTable"]
    names = {*body["brokerAddrTable"], *(name for names in clusters.values() for name in names)}
    return {
        f"cluster {name}": _text(
            body["brokerAddrTable"].get(name),
            [cluster for cluster, held in clusters.items() if name in held],
        )
        for name in names
    }


def _route_parts(topic: str, answer: RemotingCommand) -> dict[str, str]:
    if answer.code == ResponseCode.TOPIC_NOT_EXIST:
        return {}
    body = _body(answer)
    brokers, queues = body.pop("brokerDatas"), body.pop("queueDatas")
    return {
        f"{topic} {name}": _text(_of(name, brokers), _of(name, queues), body)
        for name in {each["brokerName"] for each in (*brokers, *queues)}
    }


def _of(name: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in entries if entry["brokerName"] == name]


def _body(answer: RemotingCommand) -> Any:
    if answer.code != ResponseCode.SUCCESS:
        raise ResponseError(answer.code, answer.remark, "a watched server")
    return fastjson.loads(answer.body)


def _text(*parts: Any) -> str:
    return json.dumps(_sorted(parts), sort_keys=True, ensure_ascii=False)


def _sorted(value: Any) -> Any:
    """Lists without their order, which means nothing in these bodies; keys as text."""
    if isinstance(value, dict):
        return {str(key): _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, tuple):
        return [_sorted(item) for item in value]
    return value
