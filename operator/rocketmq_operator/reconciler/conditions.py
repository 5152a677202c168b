"""Conditions as Kubernetes tools read them.

``Reconciling`` and ``Stalled`` are there only while True, and ``Ready`` always, so that kstatus
(Argo CD, Flux, Helm) and ``kubectl wait`` agree without code of their own.
https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rocketmq_operator.reconciler.timestamps import to_text
from rocketmq_operator.reconciler.wording import cut

MAX_MESSAGE: Final = 4096
"""Characters; the API takes 32768, and a person reads far less."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; ``holds`` None means Unknown."""

    type: str
    holds: bool | None
    reason: str
    message: str = ""

    @property
    def status(self) -> str:
        """``True``, ``False`` or ``Unknown``."""
        return "Unknown" if self.holds is None else str(self.holds)


def to_status(
    conditions: Iterable[Condition],
    previous: Iterable[Mapping[str, Any]],
    generation: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """The list for ``status.conditions``; a transition time moves only with its status."""
    before = {item["type"]: item for item in previous}
    return [
        {
            "type": condition.type,
            "status": condition.status,
            "observedGeneration": generation,
            "lastTransitionTime": _since(condition, before.get(condition.type), now),
            "reason": condition.reason,
            "message": cut(condition.message, MAX_MESSAGE),
        }
        for condition in conditions
    ]


def _since(condition: Condition, before: Mapping[str, Any] | None, now: datetime) -> str:
    if before and before.get("status") == condition.status and before.get("lastTransitionTime"):
        return str(before["lastTransitionTime"])
    return to_text(now)
