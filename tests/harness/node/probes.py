"""Probes: what to ask, how often, and what a row of answers means."""

from dataclasses import dataclass

from harness.node.objects import Object


@dataclass(frozen=True)
class Probe:
    """A probe with every default filled in; times in seconds."""

    action: Object
    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int
    grace: int | None


def parse_probe(spec: Object | None) -> Probe | None:
    """A container's probe as the API has it."""
    if not spec:
        return None
    return Probe(
        action=spec,
        initial_delay=spec.get("initialDelaySeconds", 0),
        period=spec.get("periodSeconds", 10),
        timeout=spec.get("timeoutSeconds", 1),
        success_threshold=spec.get("successThreshold", 1),
        failure_threshold=spec.get("failureThreshold", 3),
        grace=spec.get("terminationGracePeriodSeconds"),
    )


@dataclass
class Tally:
    """Counts answers of one kind in a row."""

    probe: Probe
    _last: bool | None = None
    _in_a_row: int = 0

    def add(self, success: bool) -> bool | None:
        """True or False once enough such answers came in a row, else None."""
        self._in_a_row = self._in_a_row + 1 if success == self._last else 1
        self._last = success
        threshold = self.probe.success_threshold if success else self.probe.failure_threshold
        return success if self._in_a_row >= threshold else None


def port_number(container: Object, port: int | str) -> int:
    """The number of a port given by number or by its name in the container's ports."""
    if isinstance(port, int) or port.isdigit():
        return int(port)
    for declared in container.get("ports", ()):
        if declared.get("name") == port:
            return int(declared["containerPort"])
    raise ValueError(f"container {container['name']!r} declares no port named {port!r}")
