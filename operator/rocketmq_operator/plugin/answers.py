"""What the servers of one cluster answered over HTTP, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SERVER: Final = "api/v1/server"
BROKERS: Final = "api/v1/brokers"
CONFIG: Final = "api/v1/config"
KV: Final = "api/v1/kv"
TOPICS: Final = "api/v1/topics"
ROUTES: Final = "api/v1/routes"

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Answers:
    """By pod: the bodies of those that answered, and why the others did not.

    ``refused`` are servers that understood and said no, with their words: a topic that there is
    not, or an older server that has no such view.
    """

    bodies: Mapping[str, Body] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def pods(self) -> list[str]:
        """All that were asked."""
        return sorted({*self.bodies, *self.refused, *self.failed})

    @property
    def silent(self) -> dict[str, str]:
        """Those without a body, with the reason."""
        return {**self.refused, **self.failed}
