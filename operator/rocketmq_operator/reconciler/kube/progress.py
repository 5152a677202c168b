"""What came of a pass so far: a request that fails keeps nothing else from being done and told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from rocketmq_operator.reconciler.kube.api import KubeError
from rocketmq_operator.reconciler.pods import Trouble

REFUSALS: Final = frozenset({400, 403, 413, 422})
"""Answers of the API server that will not change by asking again."""
OVERTAKEN: Final = frozenset({404, 409})
"""Answers to a decision made from a state that is no more; the next pass sees the new one."""
AWAY: Final = frozenset({"NotLeading", "Unreachable"})
"""Reasons of failures after which no other request goes well either."""
ASK_AGAIN: Final = 5.0
"""Seconds until another attempt at what others stand in the way of."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: what needs a person, what is under way, what is worth knowing.

    ``reasons`` are the fields of the pod template that were just changed; ``failure`` is what
    shall be tried again after a pause; ``again`` is in how many seconds another pass is due.
    """

    trouble: Trouble | None = None
    pending: str = ""
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    failure: KubeError | None = None
    again: float | None = None

    @property
    def failing(self) -> bool:
        """Whether something failed that is not mended by a look at the newest state."""
        return self.failure is not None and self.failure.status not in OVERTAKEN

    def then(self, later: "Progress") -> "Progress":
        """With what came later; the first trouble is the one that is told."""
        return Progress(
            self.trouble or later.trouble,
            "; ".join(filter(None, (self.pending, later.pending))),
            self.notes + later.notes,
            self.reasons + later.reasons,
            self.failure if self.failing else later.failure or self.failure,
            soonest(self.again, later.again),
        )


def missed(error: KubeError, refused: Trouble) -> Progress:
    """What a request that failed comes to: ``refused``, if asking again does not help.

    Raises the error where the API is away.
    """
    if error.reason in AWAY:
        raise error
    if error.status in REFUSALS:
        return Progress(refused, again=ASK_AGAIN)
    if error.status in OVERTAKEN:
        return Progress(pending="an object changed meanwhile and is looked at again", failure=error)
    return Progress(pending=f"tried again until it goes well: {error}", failure=error)


def not_written(error: KubeError) -> Progress:
    """What a write that failed comes to."""
    return missed(error, Trouble("ApplyRefused", str(error)))


def untold(error: KubeError) -> Progress:
    """What a write that failed comes to, of which the status of the cluster says nothing."""
    if error.reason in AWAY:
        raise error
    return Progress(failure=error)


async def attempt(
    step: Awaitable[Progress], comes_to: Callable[[KubeError], Progress] = not_written
) -> Progress:
    """What came of a step, whether it went well or not."""
    try:
        return await step
    except KubeError as error:
        return comes_to(error)


def soonest(*waits: float | None) -> float | None:
    """The shortest of some waits in seconds, or None without one."""
    return min((wait for wait in waits if wait is not None), default=None)
