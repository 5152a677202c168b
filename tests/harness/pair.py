"""The Java NameServer and ours side by side, told the same and compared.

    with start_servers(directory, properties={"orderMessageEnable": "true"}) as servers:
        with servers.pair() as pair:
            pair.same(ask(105, topic="orders"))
            pair.differs("slug-of-a-listed-difference", frame)

Deliberate differences are the rows of a table in ``docs/conformance.md``. Whoever meets one names
it by the id in the first column.
"""

import re
import signal as signals
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from harness import java
from harness.frames import JSON, Answer, ask, plain, unordered
from harness.nameserver import NameServer
from harness.peer import CLOSED, Outcome, Peer
from harness.wait import until

__all__ = [
    "CLOSED",
    "TALLY",
    "Outcome",
    "Pair",
    "Peer",
    "Servers",
    "Tally",
    "listed",
    "start_servers",
    "unmet",
]

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "conformance.md"
SETTLE_TIMEOUT: Final = 15.0

_ROW = re.compile(r"^\| *`([a-z0-9-]+)` *\|", re.MULTILINE)
_EXCEPTION = re.compile(r"^(?:java|org|com)\.[\w.$]+(?:Exception|Error)\b")
_LANGUAGE = {"JAVA": b'"language":"JAVA"', "PYTHON": b'"language":"PYTHON"'}


@cache
def listed() -> frozenset[str]:
    """The ids of the deliberate differences."""
    return frozenset(_ROW.findall(DOCUMENT.read_text()))


@dataclass
class Tally:
    """What a run compared, and which listed differences it met."""

    frames: int = 0
    steps: int = 0
    met: set[str] = field(default_factory=set)

    def meet(self, difference: str) -> None:
        """Note that a listed difference is still there."""
        if difference not in listed():
            raise AssertionError(f"{difference!r} is not in the table of {DOCUMENT.name}")
        self.met.add(difference)


TALLY: Final = Tally()
"""Of this process."""


class Pair:
    """Both servers; they have been told the same since they started."""

    def __init__(self, theirs: str, ours: str, *, tally: Tally = TALLY) -> None:
        self.theirs, self.ours = Peer(theirs), Peer(ours)
        self._tally = tally
        self._barriers = 0

    @property
    def peers(self) -> tuple[Peer, Peer]:
        """Theirs and ours."""
        return self.theirs, self.ours

    def same(self, frame: bytes, connection: str = "admin", *, exact: bool = False) -> Outcome:
        """Ask both and require the same answer; ours is returned.

        ``exact``: the bodies must be the same bytes. Otherwise lists and maps may be in another
        order, and nothing else: the bytes must be the same but for their order.
        """
        theirs, ours = self._asked(frame, connection)
        self._require(theirs, ours, exact=exact)
        return ours

    def answer(self, frame: bytes, connection: str = "admin", *, exact: bool = False) -> Answer:
        """Like ``same``; the connection must stay open."""
        outcome = self.same(frame, connection, exact=exact)
        assert isinstance(outcome, Answer), "both closed the connection"
        return outcome

    def same_all(self, frames: Sequence[bytes], connection: str = "admin") -> list[Outcome]:
        """Ask many in one write; each frame needs an opaque of its own, in rising order."""
        self._tally.frames += len(frames)
        for peer in self.peers:
            peer.send(connection, b"".join(frames))
        theirs, ours = (peer.receive_all(connection, len(frames)) for peer in self.peers)
        for their, our in zip(theirs, ours, strict=True):
            self._require(their, our)
        return ours

    def differs(
        self, difference: str, frame: bytes, connection: str = "admin"
    ) -> tuple[Outcome, Outcome]:
        """Ask both and require that the answers differ as listed; theirs and ours."""
        theirs, ours = self._asked(frame, connection)
        self._tally.meet(difference)
        assert not _alike(theirs, ours), f"the listed difference {difference} has gone: {ours}"
        return theirs, ours

    def unlike(self, difference: str, theirs: object, ours: object) -> None:
        """Require that what was seen of both is not the same, as listed."""
        self._tally.meet(difference)
        assert theirs != ours, f"the listed difference {difference} has gone: both {ours!r}"

    def told(self, frame: bytes, connection: str = "admin") -> None:
        """Send both a frame that is not answered, and see that it is not.

        A request that both answer the same goes out behind it, and its answer comes first.
        """
        self._tally.frames += 1
        for peer in self.peers:
            peer.send(connection, frame)
        probe = self.answer(ask(31999, opaque=PROBE), connection)
        assert probe.opaque == PROBE, "the frame before it was answered"

    def become_same(self, frame: bytes, wanted: int, connection: str = "admin") -> None:
        """Ask until both answer with the code ``wanted``, and then the same."""
        self.both(lambda peer: _code(peer.ask(connection, frame)) == wanted, f"code {wanted}")
        self.same(frame, connection)

    def both(self, condition: Callable[[Peer], bool], what: str) -> None:
        """Wait until ``condition`` holds of each."""
        for peer in self.peers:
            until(
                lambda peer=peer: condition(peer),  # type: ignore[misc]  # bound now
                timeout=SETTLE_TIMEOUT,
                what=f"{what} at {peer.address}",
                interval=0.01,
            )

    def configuration(self, connection: str = "admin") -> list[str]:
        """Both servers' configuration, which must be the same but for addresses and paths."""
        self._tally.frames += 1
        theirs, ours = (_configuration(peer, connection) for peer in self.peers)
        assert ours == theirs, f"theirs: {theirs}\nours:   {ours}"
        return ours

    def close(self, connection: str) -> None:
        """Close a connection to both; its effect comes later (see ``settle``)."""
        for peer in self.peers:
            peer.close(connection)

    def settle(self) -> None:
        """Wait until both have done whatever they had queued: unregistrations and lost connections.

        Java does these in the order they came in. So a broker registers, its connection closes,
        and once it is gone everything before it is done.
        """
        self._barriers += 1
        name = f"barrier-{self._barriers}"
        fields = {"brokerName": name, "brokerAddr": f"{name}:1", "clusterName": name}
        frame = ask(103, fields={**fields, "brokerId": "0"})
        for peer in self.peers:
            registered = peer.ask(name, frame)
            assert isinstance(registered, Answer), f"{peer.address} closed the connection"
            assert registered.code == 0, registered.remark
            peer.close(name)
        self.both(lambda peer: not _knows(peer, name), "a lost connection to be noticed")

    def close_all(self) -> None:
        """Close every connection."""
        for peer in self.peers:
            peer.close_all()

    def _asked(self, frame: bytes, connection: str) -> tuple[Outcome, Outcome]:
        """Both answer at the same time."""
        self._tally.frames += 1
        for peer in self.peers:
            peer.send(connection, frame)
        return self.theirs.receive(connection), self.ours.receive(connection)

    def _require(self, theirs: Outcome, ours: Outcome, *, exact: bool = False) -> None:
        if isinstance(theirs, str) or isinstance(ours, str):
            if ours != theirs:
                raise AssertionError(f"outcomes differ\ntheirs: {theirs}\nours:   {ours}")
            return
        self._tally.meet("language")
        assert (theirs.language, ours.language) == ("JAVA", "PYTHON")
        if _EXCEPTION.match(theirs.remark or ""):
            self._tally.meet("exception-remark")
            assert ours.remark
            assert not _EXCEPTION.match(ours.remark)
        if not _alike(theirs, ours) or (exact and ours.body != theirs.body):
            raise AssertionError(f"answers differ\ntheirs: {theirs}\nours:   {ours}")


PROBE: Final = 1_999_999_999
"""Opaque of the request behind a frame that is not answered."""


def _code(outcome: Outcome) -> int | None:
    return outcome.code if isinstance(outcome, Answer) else None


OWN: Final = ("bindAddress=", "configStorePath=", "kvConfigPath=", "rocketmqHome=")
"""Properties that cannot be the same: an address and paths."""


def _configuration(peer: Peer, connection: str) -> list[str]:
    answer = peer.ask(connection, ask(319))
    assert isinstance(answer, Answer), f"{peer.address} closed the connection"
    return [line for line in answer.text.split("\n") if not line.startswith(OWN)]


def _knows(peer: Peer, cluster: str) -> bool:
    answer = peer.ask("barrier", ask(106))
    return isinstance(answer, Answer) and f'"{cluster}"' in answer.text


def _alike(theirs: Outcome, ours: Outcome) -> bool:
    """Whether answers agree. Exception texts name Java's classes and lines, and need not."""
    if isinstance(theirs, str) or isinstance(ours, str):
        return theirs == ours
    failed = _is_exception(theirs) and _is_exception(ours)
    return (
        _parts(theirs) == _parts(ours)
        and (failed or theirs.remark == ours.remark)
        and (failed or _same_bytes(_neutral(theirs), _neutral(ours)))
        and _same_body(theirs.body, ours.body)
    )


def _parts(answer: Answer) -> tuple[object, ...]:
    return (
        *(answer.kind, answer.code, answer.flag, answer.opaque, answer.version),
        answer.ext_fields,
    )


def _same_body(theirs: bytes, ours: bytes) -> bool:
    return theirs == ours or (_same_bytes(theirs, ours) and _parsed(theirs) == _parsed(ours))


def _same_bytes(theirs: bytes, ours: bytes) -> bool:
    """The same but for their order."""
    return theirs == ours or sorted(theirs) == sorted(ours)


def _is_exception(outcome: Answer) -> bool:
    """Java's exception text, or what ours says in its place: any remark that Java has not."""
    remark = outcome.remark or ""
    if outcome.language == "JAVA":
        return bool(_EXCEPTION.match(remark))
    return outcome.code == 1 and bool(remark) and remark not in _REMARKS


_REMARKS: Final = frozenset(
    {
        "crc32 not match",
        "disable",
        "name server not ready",
        "namespace or key is null",
        "not set any response code",
        "register broker failed",
        "string2Properties error",
    }
)
"""Java's own remarks with code 1; every other one is an exception's text."""


def _neutral(outcome: Answer) -> bytes:
    """The header's bytes without the language, which differs."""
    if outcome.kind == JSON:
        return outcome.header.replace(_LANGUAGE[outcome.language], b"")
    return outcome.header[:2] + outcome.header[3:]


def _parsed(body: bytes) -> object:
    try:
        return unordered(plain(body)) if body else None
    except ValueError:
        return body.decode(errors="surrogateescape")


@dataclass
class Servers:
    """Both servers as processes."""

    theirs: java.NameServer
    ours: NameServer

    @contextmanager
    def pair(self) -> Iterator[Pair]:
        """Both, with no connection open yet; all are closed at the end."""
        pair = Pair(self.theirs.address, self.ours.address)
        try:
            yield pair
        finally:
            pair.close_all()

    def signal(self, number: signals.Signals) -> None:
        """Send both a signal, such as SIGSTOP."""
        self.theirs.signal(number)
        self.ours.signal(number)


@contextmanager
def start_servers(  # noqa: PLR0913 - settings by keyword, each with a default
    directory: Path,
    *,
    properties: Mapping[str, str | int] | None = None,
    environment: Mapping[str, str] | None = None,
    java_flags: Sequence[str] = (),
    our_arguments: Sequence[str] = (),
    our_environment: Mapping[str, str] | None = None,
    ready: Callable[[str], bool] = java.answers,
) -> Iterator[Servers]:
    """Start both with the same -c file and environment, and end both.

    ``java_flags`` go to the JVM only, ``our_arguments`` and ``our_environment`` to ours only.
    ``ready`` tells by an address whether a server serves.
    """
    given = {**(environment or {})}
    theirs = java.NameServer(
        directory / "java",
        properties=properties,
        flags=java_flags,
        environment=given,
        ready=ready,
    )
    ours = NameServer(
        directory / "ours",
        properties=properties,
        environment={**given, **(our_environment or {})},
        arguments=our_arguments,
        ready=ready,
    )
    try:
        ours.start()
        theirs.start()
        yield Servers(theirs, ours)
    finally:
        theirs.kill()
        ours.kill()


def unmet(ids: Iterable[str]) -> list[str]:
    """Those of the listed differences that nothing met."""
    return sorted(set(ids) - TALLY.met)
