"""At rest the operator writes nothing but its Lease, by the API server's own count."""

import re
import time
from typing import Final

import pytest

from harness.product import Make, Product

REST: Final = 60.0
"""Seconds."""
WRITES: Final = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"})
NOT_OURS: Final = frozenset(
    {
        ("leases", ""),  # the operator's, and each node's heartbeat
        ("nodes", "status"),  # a kubelet's, every five minutes
        ("serviceaccounts", "token"),  # a kubelet's, for pods that live long
        ("subjectaccessreviews", ""),  # what parts of the control plane ask the API server
        ("tokenreviews", ""),
    }
)
"""Resources and subresources that a cluster writes at rest. Nothing else in it has a reason to."""


def writes(product: Product) -> dict[str, int]:
    """Successful and refused writes so far, by resource and verb."""
    found: dict[str, int] = {}
    for line in product.kubectl("get", "--raw", "/metrics").splitlines():
        match = re.fullmatch(r"apiserver_request_total\{(.*)\} ([0-9.e+]+)", line)
        if match is None:
            continue
        labels = dict(re.findall(r'(\w+)="([^"]*)"', match[1]))
        written = labels["resource"], labels["subresource"]
        if labels["verb"] in WRITES and written not in NOT_OURS:
            name = " ".join([labels["verb"], *written])
            found[name] = found.get(name, 0) + int(float(match[2]))
    return found


@pytest.mark.alone
def test_nothing_is_written_for_a_minute(product: Product, make: Make) -> None:
    make(replicas=3, kvConfig=[{"kvNamespace": "app", "entries": {"a": "1"}}])
    make(replicas=1)
    before = _settled(product)
    time.sleep(REST)  # the time itself is what is measured
    assert writes(product) == before


def _settled(product: Product) -> dict[str, int]:
    """The counts once they have stood still for five seconds."""
    deadline = time.monotonic() + 60
    last = writes(product)
    while time.monotonic() < deadline:
        time.sleep(5)
        now = writes(product)
        if now == last:
            return now
        last = now
    raise AssertionError(f"writes never came to rest: {last}")
