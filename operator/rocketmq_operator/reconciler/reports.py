"""What the operator knows of each server, and what it asks of those who watch it, as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rocketmq_operator.reconciler.credentials import Credentials
from rocketmq_operator.reconciler.sync import Held, Wanted
from rocketmq_operator.reconciler.views import ServerView


class Target(NamedTuple):
    """One server: the pod it runs in, where it listens, and with whose TLS, if with any."""

    pod: str
    uid: str
    ip: str
    remoting_port: int
    http_port: int
    started: datetime
    credentials: Credentials | None = None

    @property
    def address(self) -> str:
        """``host:port`` of the remoting protocol."""
        return f"{self.ip}:{self.remoting_port}"

    @property
    def http(self) -> str:
        """Base URL of the HTTP view."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"http://{host}:{self.http_port}"


@dataclass(frozen=True, slots=True)
class Report:
    """The last answer of one server; ``view`` and ``held`` are None while it does not answer."""

    target: Target
    view: ServerView | None = None
    held: Held | None = None
    version: str = ""
    restart_required: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """What to keep so on every server, and how often to look (seconds)."""

    wanted: Wanted
    probe_interval: float
    drift_interval: float
    stale_after: float
    writable: bool
