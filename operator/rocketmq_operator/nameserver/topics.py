"""Which broker names hold which queues of a topic (Java's topicQueueTable). Pure.

Topics with equal queues share one tuple: a hundred thousand topics are a handful of tuples.
"""

import operator
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping

from rocketmq_operator.nameserver.unconfirmed import Unconfirmed
from rocketmq_operator.protocol.bodies import QueueData, TopicConfig

PERM_READ = 4
PERM_WRITE = 2
SLICE = 2000
"""Topics applied between two pauses; some 2 ms of work."""

Entries = tuple[QueueData, ...]
_Move = tuple[Entries | None, Entries, bool]


class TopicTable:
    """Topic to its queue entries, one for each broker name. ``changed`` hears of every change.

    ``edits`` moves with every change but those that a registration makes to its own broker's.
    """

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed
        self.unconfirmed = Unconfirmed()
        self.edits = 0
        self._entries: dict[str, Entries] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def get(self, topic: str) -> Entries | None:
        """The entries of one topic, or None."""
        return self._entries.get(topic)

    def items(self) -> Iterable[tuple[str, Entries]]:
        """All topics with their entries."""
        return self._entries.items()

    def count(self, name: str) -> int:
        """How many topics have an entry of broker ``name``."""
        return self._counts.get(name, 0)

    def of_brokers(self, names: Collection[str]) -> list[str]:
        """Topics with an entry of any of ``names``."""
        return self._where(lambda entries: any(queue.broker_name in names for queue in entries))

    def flagged(self, having: int, lacking: int) -> list[str]:
        """Topics whose first entry has the system flag bits ``having`` and not ``lacking``."""
        return self._where(
            lambda entries: (entries[0].topic_sys_flag & (having | lacking)) == having
        )

    def _where(self, test: Callable[[Entries], bool]) -> list[str]:
        memo: dict[int, bool] = {}
        found: list[str] = []
        for topic, entries in self._entries.items():
            if id(entries) not in memo:
                memo[id(entries)] = test(entries)
            if memo[id(entries)]:
                found.append(topic)
        return found

    def apply(
        self, name: str, configs: Collection[TopicConfig], *, everything: bool, mask: int
    ) -> Generator[None, None, None]:
        """Enter what broker ``name`` registered, in slices. Nothing is removed.

        ``everything``: also topics that have a confirmed entry of ``name`` already. ``mask`` is
        applied to each perm.
        """
        shapes: dict[tuple[int, int, int, int], QueueData] = {}
        moves: dict[tuple[int, int, int, int, int], _Move] = {}
        adopted = self.unconfirmed.waits_for(name)
        for index, config in enumerate(configs, 1):
            if index % SLICE == 0:
                yield
            topic = config.topic_name
            if topic is None:
                continue
            old = self._entries.get(topic)
            news = adopted and self.unconfirmed.confirm(name, topic)
            if old is not None and not (everything or news) and _has(old, name):
                continue
            move = moves.get(key := _key(old, config))
            if move is None:
                move = moves[key] = _move(old, _shared(shapes, name, config, mask))
            if move[1] is not old:
                self._replace(topic, name, move)

    def adopt(self, topics: Mapping[str, Entries], vouched: Mapping[str, int]) -> None:
        """Enter topics that another server knows, unconfirmed; ``vouched``: when, by broker name.

        Entries of other broker names are left out, and where there is one already.
        """
        self.edits += 1
        shared: dict[Entries, Entries] = {}
        memo: dict[tuple[int, int], tuple[Entries | None, Entries, Entries]] = {}
        for topic, told in topics.items():
            old = self._entries.get(topic)
            known = memo.get((id(old), id(told)))
            if known is None:
                new = _joined(old, told, vouched)
                known = memo[id(old), id(told)] = (old, told, shared.setdefault(new, new))
            if known[2] != (old or ()):
                self._adopt(topic, old, known[2], vouched)

    def _adopt(
        self, topic: str, old: Entries | None, new: Entries, vouched: Mapping[str, int]
    ) -> None:
        self._entries[topic] = new
        for queue in new[len(old or ()) :]:
            name = queue.broker_name
            self._counts[name] = self._counts.get(name, 0) + 1
            self.unconfirmed.add(name, topic, vouched[name])
        self._changed(topic)

    def drop_overdue(self, now: int) -> Generator[None, None, None]:
        """Remove what no registration has confirmed in time, in slices."""
        for name, topics in self.unconfirmed.overdue(now).items():
            for index, topic in enumerate(topics, 1):
                self.remove(topic, {name})
                if index % SLICE == 0:
                    yield

    def _replace(self, topic: str, name: str, move: _Move) -> None:
        self._entries[topic] = move[1]
        if move[2]:
            self._counts[name] = self._counts.get(name, 0) + 1
        self._changed(topic)

    def put(self, topic: str, queues: Iterable[QueueData]) -> None:
        """Enter single queue entries."""
        self.edits += 1
        for queue in queues:
            self.unconfirmed.confirm(queue.broker_name, topic)
            move = _move(self._entries.get(topic), queue)
            if move[1] is not move[0]:
                self._replace(topic, queue.broker_name, move)

    def keep_only(self, name: str, kept: Mapping[str, object]) -> bool:
        """Drop the entries of broker ``name`` from all topics but ``kept``; whether any was."""
        return bool(_finish(self._rewrite(lambda old: _without(old, {name}), skip=kept)))

    def remove(self, topic: str, names: Collection[str] | None = None) -> set[str]:
        """Drop a topic, or its entries of ``names``; returns the broker names that lost one."""
        old = self._entries.get(topic)
        if old is None:
            return set()
        left = () if names is None else _without(old, names)
        if left is not old:
            self._settle([topic], old, left)
        return {queue.broker_name for queue in old} - {queue.broker_name for queue in left}

    def drop_brokers(
        self, gone: Collection[str], read_only: Collection[str]
    ) -> Generator[None, None, None]:
        """Remove the entries of ``gone`` and make those of ``read_only`` so, in slices."""

        def rewritten(old: Entries) -> Entries:
            return _with_perm(_without(old, gone), read_only, without_write)

        if gone or read_only:
            yield from self._rewrite(rewritten)

    def set_perm(self, name: str, change: Callable[[int], int]) -> int:
        """Change the perm of every entry of broker ``name``; returns how many it has."""
        _finish(self._rewrite(lambda old: _with_perm(old, {name}, change)))
        return self.count(name)

    def _rewrite(
        self, rewritten: Callable[[Entries], Entries], skip: Mapping[str, object] | None = None
    ) -> Generator[None, None, int]:
        """Replace every topic's entries by ``rewritten``, asked once for each distinct tuple.

        Pauses between slices of the changes; returns how many there were.
        """
        memo: dict[int, tuple[Entries, Entries, list[str]]] = {}
        for topic, old in list(self._entries.items()):
            known = memo.get(id(old))
            if known is None:
                new = rewritten(old)
                known = memo[id(old)] = (old, new, [])
            if known[1] is not old and (skip is None or topic not in skip):
                known[2].append(topic)
        for old, new, topics in memo.values():
            for start in range(0, len(topics), SLICE):
                if start:
                    yield
                self._settle(topics[start : start + SLICE], old, new)
        return sum(len(topics) for _, _, topics in memo.values())

    def _settle(self, topics: list[str], old: Entries, new: Entries) -> None:
        """Move ``topics``, which all have ``old``, to ``new``."""
        self.edits += 1
        for topic in topics:
            if new:
                self._entries[topic] = new
            else:
                del self._entries[topic]
            self._changed(topic)
        kept = {queue.broker_name for queue in new}
        for queue in old:
            if queue.broker_name not in kept:
                self._uncount(queue.broker_name, len(topics))
                self.unconfirmed.drop(queue.broker_name, topics)

    def _uncount(self, name: str, count: int) -> None:
        self._counts[name] -= count
        if not self._counts[name]:
            del self._counts[name]


def without_write(perm: int) -> int:
    """``perm`` without the write bit."""
    return perm & ~PERM_WRITE


def read_write(_: int) -> int:
    """Read and write, whatever it was."""
    return PERM_READ | PERM_WRITE


def _finish(steps: Generator[None, None, int]) -> int:
    """Run all slices at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return int(end.value)


def _key(old: Entries | None, config: TopicConfig) -> tuple[int, int, int, int, int]:
    """What decides how ``old`` changes; a move keeps its ``old``, so the id stays its own."""
    return (
        id(old),
        config.perm,
        config.read_queue_nums,
        config.topic_sys_flag,
        config.write_queue_nums,
    )


def _shared(
    shapes: dict[tuple[int, int, int, int], QueueData], name: str, config: TopicConfig, mask: int
) -> QueueData:
    shape = (config.perm, config.read_queue_nums, config.topic_sys_flag, config.write_queue_nums)
    queue = shapes.get(shape)
    if queue is None:
        perm, reads, flag, writes = shape
        queue = shapes[shape] = QueueData(name, perm & mask, reads, flag, writes)
    return queue


def _move(old: Entries | None, queue: QueueData) -> _Move:
    """``old``, ``old`` with ``queue`` (itself if it is there), whether its broker is new there."""
    if old is None:
        return None, (queue,), True
    for index, each in enumerate(old):
        if each.broker_name == queue.broker_name:
            same = each == queue
            return old, old if same else (*old[:index], queue, *old[index + 1 :]), False
    return old, (*old, queue), True


def _joined(old: Entries | None, told: Entries, names: Collection[str]) -> Entries:
    """``old`` with those of ``told`` whose broker is one of ``names`` and new there."""
    entries = old or ()
    for queue in told:
        if queue.broker_name in names and not _has(entries, queue.broker_name):
            entries = (*entries, queue)
    return entries


def _has(entries: Entries, name: str) -> bool:
    return any(queue.broker_name == name for queue in entries)


def _without(entries: Entries, names: Collection[str]) -> Entries:
    left = tuple(queue for queue in entries if queue.broker_name not in names)
    return entries if len(left) == len(entries) else left


def _with_perm(entries: Entries, names: Collection[str], change: Callable[[int], int]) -> Entries:
    fresh = tuple(
        _reperm(queue, change) if queue.broker_name in names else queue for queue in entries
    )
    return entries if all(map(operator.is_, fresh, entries)) else fresh


def _reperm(queue: QueueData, change: Callable[[int], int]) -> QueueData:
    perm = change(queue.perm)
    if perm == queue.perm:
        return queue
    return QueueData(
        queue.broker_name, perm, queue.read_queue_nums, queue.topic_sys_flag, queue.write_queue_nums
    )
