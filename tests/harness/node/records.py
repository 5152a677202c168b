"""What the node knows of a container, as the API's container states."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.node.objects import timestamp


@dataclass(frozen=True)
class Waiting:
    """Not started, and why."""

    reason: str
    message: str = ""

    def to_api(self) -> dict[str, Any]:
        """As a container state."""
        texts = {"reason": self.reason} | ({"message": self.message} if self.message else {})
        return {"waiting": texts}


@dataclass(frozen=True)
class Running:
    """Started and not ended."""

    started_at: datetime

    def to_api(self) -> dict[str, Any]:
        """As a container state."""
        return {"running": {"startedAt": timestamp(self.started_at)}}


@dataclass(frozen=True)
class Terminated:
    """Ended; `exit_code` is 128 plus the signal's number if a signal ended it."""

    exit_code: int
    started_at: datetime
    finished_at: datetime
    container_id: str
    message: str = ""

    @property
    def reason(self) -> str:
        """As container runtimes put it."""
        return "Completed" if self.exit_code == 0 else "Error"

    def to_api(self) -> dict[str, Any]:
        """As a container state."""
        texts = {"message": self.message} if self.message else {}
        return {
            "terminated": {
                "exitCode": self.exit_code,
                "reason": self.reason,
                "startedAt": timestamp(self.started_at),
                "finishedAt": timestamp(self.finished_at),
                "containerID": self.container_id,
                **texts,
            }
        }


State = Waiting | Running | Terminated


@dataclass
class Record:
    """One container of a pod over all its restarts."""

    name: str
    state: State = field(default_factory=lambda: Waiting("ContainerCreating"))
    last: Terminated | None = None
    restarts: int = 0
    started: bool = False
    ready: bool = False
    image_id: str = ""
    container_id: str = ""

    @property
    def has_run(self) -> bool:
        """Whether an instance of it was ever started."""
        return self.last is not None or not isinstance(self.state, Waiting)

    def begin(self, state: Running, container_id: str, image_id: str) -> None:
        """An instance was started."""
        if self.container_id:
            self.restarts += 1
        self.container_id, self.image_id = container_id, image_id
        self._enter(state)

    def end(self, state: Terminated) -> None:
        """The instance has ended."""
        self._enter(state)
        self.started = self.ready = False

    def wait(self, state: Waiting) -> None:
        """The next instance cannot start yet."""
        self._enter(state)
        self.started = self.ready = False

    def _enter(self, state: State) -> None:
        if isinstance(self.state, Terminated):
            self.last = self.state
        self.state = state
