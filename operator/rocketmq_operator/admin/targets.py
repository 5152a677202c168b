"""Which NameServers a command goes to, and what becomes of failures of some of them."""

import random
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from rocketmq_operator.errors import (
    ProtocolError,
    ResponseError,
    RocketMQError,
    SettingsError,
    TransportError,
)
from rocketmq_operator.transport.client import split_address

T = TypeVar("T")

FAILURES: Final = (TransportError, ResponseError, ProtocolError)
"""What one server's failure is."""


class NotEverywhereError(RocketMQError):
    """A command that goes to every server did not succeed on all of them.

    ``outcomes`` has what became of each, in order: None for one that did as it was told, and a
    text for one that was not asked.
    """

    def __init__(self, outcomes: Sequence[tuple[str, RocketMQError | str | None]]) -> None:
        told = (f"{server}: {outcome or 'done'}" for server, outcome in outcomes)
        super().__init__("not done everywhere\n  " + "\n  ".join(told))
        self.outcomes = outcomes

    @property
    def failures(self) -> list[RocketMQError]:
        """Those of the servers that were asked."""
        return [each for _, each in self.outcomes if isinstance(each, RocketMQError)]


def addresses(text: str | None) -> list[str]:
    """The servers in ``a:9876;b:9876``, in order.

    ``http://host:port`` as the whole value is taken for ``host:port``
    (``NameServerAddressUtils``). Raises SettingsError for none, and for what is no address.
    """
    text = text or ""
    if text.startswith("http://"):
        text = text.rstrip("/").rpartition("/")[2]
    found = [part for part in text.split(";") if part]
    if not found:
        raise SettingsError(
            "no NameServer given: add -n HOST:9876;HOST:9876 or set NAMESRV_ADDR; for a "
            "NameServerCluster: kubectl get nsc NAME -o jsonpath='{.status.addresses.namesrvAddr}'"
        )
    for address in found:
        split_address(address)
    return found


async def on_every(servers: Sequence[str], call: Callable[[str], Awaitable[None]]) -> None:
    """Call each server, one after another.

    As with Java's tools a server that refuses does not keep the others from being asked, and one
    that cannot be reached ends the command at once. Raises NotEverywhereError.
    """
    outcomes: list[tuple[str, RocketMQError | str | None]] = []
    for number, server in enumerate(servers):
        try:
            await call(server)
        except FAILURES as error:
            outcomes.append((server, error))
            if not isinstance(error, ResponseError):
                outcomes += [(left, "not asked") for left in servers[number + 1 :]]
                break
        else:
            outcomes.append((server, None))
    failed = any(isinstance(outcome, RocketMQError) for _, outcome in outcomes)
    if failed and len(outcomes) == 1 and isinstance(outcomes[0][1], RocketMQError):
        raise outcomes[0][1]
    if failed:
        raise NotEverywhereError(outcomes)


class AnyServer:
    """Questions that any one server can answer, as a Java client asks them.

    It begins with a random server and stays with it as long as it answers; a question that one
    does not carry goes to the next, to each server once at most. Those passed over are named on
    stderr.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        self._servers = servers
        self._first = random.randrange(len(servers))

    async def ask(self, call: Callable[[str], Awaitable[T]]) -> T:
        """The first answer. Raises the last server's TransportError, and any ResponseError."""
        left = len(self._servers)
        while True:
            server = self._servers[self._first]
            try:
                return await call(server)
            except TransportError as error:
                left -= 1
                if not left:
                    raise
                self._first = (self._first + 1) % len(self._servers)
                print(f"mqadmin: {error}; asking another", file=sys.stderr)  # noqa: T201
