"""Where each server is asked, and how: as its own pod was made, whatever the spec says now."""

from typing import Any

import pytest

from harness.children import cluster, pod
from rocketmq_operator.reconciler import interpret
from rocketmq_operator.reconciler.credentials import Credentials
from rocketmq_operator.reconciler.reports import Target

OLD, NEW = Credentials(b"old", b"c", b"k"), Credentials(b"new", b"c", b"k")
KNOWN = {"old": OLD, "new": NEW}
PLAIN: dict[str, Any] = {}
STARTED = "2026-01-01T00:00:00Z"


def enforced(secret: str) -> dict[str, Any]:
    return {"tls": {"mode": "Enforcing", "secretName": secret}}


def permissive(secret: str) -> dict[str, Any]:
    return {"tls": {"mode": "Permissive", "secretName": secret}}


def running(**spec: Any) -> dict[str, Any]:
    """A pod of the template that this spec makes."""
    container = {"name": "nameserver", "state": {"running": {"startedAt": STARTED}}}
    metadata = {"name": "prod-nameserver-0", "uid": "u0"}
    status = {"podIP": "10.0.0.1", "containerStatuses": [container]}
    return {"metadata": metadata, "spec": pod(**spec)["spec"], "status": status}


def target(made_of: dict[str, Any], now: dict[str, Any]) -> Target:
    (found,) = interpret.targets(cluster(**now), [running(**made_of)], KNOWN)
    return found


@pytest.mark.parametrize("flavor", [{}, {"flavor": "Java", "image": "apache/rocketmq:5.3.3"}])
def test_a_server_is_asked_where_it_listens(flavor: dict[str, Any]) -> None:
    before, now = {"ports": {"remoting": 9876}}, {"ports": {"remoting": 19876, "http": 18080}}
    assert target({**before, **flavor}, now).address == "10.0.0.1:9876"
    assert target({**now, **flavor}, before).address == "10.0.0.1:19876"
    assert target(now, before).http == "http://10.0.0.1:18080"


@pytest.mark.parametrize(
    ("made_of", "now", "shown"),
    [
        (PLAIN, enforced("new"), None),
        (permissive("old"), enforced("new"), None),
        (enforced("old"), enforced("new"), OLD),
        (enforced("old"), permissive("old"), OLD),
        (enforced("old"), PLAIN, OLD),
        (enforced("new"), enforced("new"), NEW),
        (enforced("gone"), PLAIN, None),
    ],
)
def test_a_server_is_talked_to_with_tls_if_it_takes_nothing_else(
    made_of: dict[str, Any], now: dict[str, Any], shown: Credentials | None
) -> None:
    assert target(made_of, now).credentials == shown


def test_only_the_secrets_are_read_that_are_needed() -> None:
    made = [PLAIN, permissive("p"), enforced("new"), enforced("old"), enforced("old")]
    assert interpret.tls_secrets([running(**spec) for spec in made]) == ["new", "old"]
