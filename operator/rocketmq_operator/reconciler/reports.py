"""What the operator knows of each server, as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rocketmq_operator.reconciler.sync import Held
from rocketmq_operator.reconciler.views import ServerView


class Target(NamedTuple):
    """One server: the pod it runs in, and where it listens."""

    pod: str
    uid: str
    ip: str
    remoting_port: int
    http_port: int
    started: datetime

    @property
    def address(self) -> str:
        """``host:port`` of the remoting protocol."""
        return f"{self.ip}:{self.remoting_port}"

    @property
    def http(self) -> str:
        """Base URL of the HTTP view."""
        return f"http://{self.ip}:{self.http_port}"


@dataclass(frozen=True, slots=True)
class Report:
    """The last answer of one server; ``view`` and ``held`` are None while it does not answer."""

    target: Target
    view: ServerView | None = None
    held: Held | None = None
    version: str = ""
    restart_required: tuple[str, ...] = ()
    error: str = ""
