"""One use of a command: the options it was given, and what it works with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.admin.options import Option, Parsed
from rocketmq_operator.admin.output import Output
from rocketmq_operator.admin.targets import AnyServer, addresses
from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.bodies import ClusterInfo

T = TypeVar("T")

NAMESRV: Final = Option(
    "n",
    "namesrvAddr",
    "Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'",
    takes_value=True,
)


@dataclass
class Invocation:
    """``seconds`` is the deadline of each call; ``servers`` the NameServers as they were given.

    ``show`` prints something at once, for commands that go on.
    """

    found: Parsed
    admin: AdminClient
    seconds: float
    namesrv: str | None
    show: Callable[[Output], None]

    @cached_property
    def servers(self) -> list[str]:
        """The NameServers, in order. Raises SettingsError."""
        return addresses(self.namesrv)

    @cached_property
    def _any_server(self) -> AnyServer:
        return AnyServer(self.servers)

    async def ask(self, call: Callable[[str], Awaitable[T]]) -> T:
        """What any one NameServer answers; the same one again while it does."""
        return await self._any_server.ask(call)

    async def cluster_info(self) -> ClusterInfo:
        """All brokers, as any one NameServer knows them."""
        return await self.ask(lambda server: self.admin.cluster_info(server, timeout=self.seconds))

    async def topic_list(self) -> list[str]:
        """All topics, as any one NameServer knows them."""
        return await self.ask(lambda server: self.admin.topic_list(server, timeout=self.seconds))

    def has(self, name: str) -> bool:
        """Whether an option was given."""
        return name in self.found

    def get(self, name: str) -> str | None:
        """The value of an option, without blanks around it; None where it was not given."""
        value = self.found.values.get(name)
        return None if value is None else value.strip()

    def text(self, name: str) -> str:
        """The value of an option, or nothing."""
        return self.get(name) or ""

    def number(self, name: str, default: int) -> int:
        """The value of an option as a whole number. Raises SettingsError."""
        value = self.get(name)
        try:
            return default if value is None else int(value)
        except ValueError:
            raise SettingsError(f"--{name} {value!r} is not a whole number") from None

    def says_true(self, name: str) -> bool:
        """Whether the value of an option is true, in any letter case."""
        return self.text(name).lower() == "true"


Work = Callable[[Invocation], Awaitable[Output]]


@dataclass(frozen=True)
class Command:
    """``example`` is the command line after the command's name.

    ``own`` are options that Java's command of the same name does not take.
    """

    work: Work
    options: Sequence[Option] = field(default_factory=tuple)
    example: str = ""
    own: Sequence[Option] = field(default_factory=tuple)
