"""What lists showed and watches have not told yet: the sign of a watch that is stuck."""

from collections import OrderedDict
from typing import Final

from rocketmq_operator.reconciler.kinds import Kind, Object

PATIENCE: Final = 60.0
"""Seconds a watch may take to tell what a list showed."""
MAX_REMEMBERED: Final = 1_000

Name = tuple[Kind, str, str]


class Unheard:
    """Objects, with the version that a list showed and the time of that; time is an argument."""

    def __init__(self) -> None:
        self._since: OrderedDict[Name, tuple[int, float]] = OrderedDict()

    def listed(self, kind: Kind, obj: Object, now: float) -> None:
        """A list showed ``obj`` in a version that was news."""
        name = _name(kind, obj)
        if name not in self._since and len(self._since) < MAX_REMEMBERED:
            self._since[name] = (_version(obj), now)

    def heard(self, kind: Kind, obj: Object) -> None:
        """A watch told of ``obj``."""
        name = _name(kind, obj)
        if name in self._since and _version(obj) >= self._since[name][0]:
            del self._since[name]

    def stuck(self, now: float) -> str:
        """What no watch has told for too long, in a sentence, or ""."""
        for (kind, namespace, name), (_, since) in self._since.items():
            if now - since > PATIENCE:
                return (
                    f"the watch of {kind.plural} is stuck: it has not told of {namespace}/{name} "
                    f"for {now - since:.0f} s"
                )
        return ""


def _name(kind: Kind, obj: Object) -> Name:
    return kind, obj["metadata"]["namespace"], obj["metadata"]["name"]


def _version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])
