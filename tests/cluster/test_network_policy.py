"""Whom the servers' NetworkPolicy lets in, and whom it keeps out."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

import pytest

from harness.java import pods
from harness.java.pods import RESTRICTED, BrokerPod
from harness.product import Make, Product
from harness.wait import until
from harness.workspace import Workspace

pytestmark = pytest.mark.needs("policies")

MESSAGES: Final = 20
REFUSED: Final = 8.0
"""Seconds after which nobody tries any more to get in."""
PATIENCE: Final = 60.0
HTTP: Final = 8080
FETCH: Final = """
import sys, time, urllib.request
url, end = sys.argv[1], time.monotonic() + float(sys.argv[2])
while True:
    try:
        sys.exit(urllib.request.urlopen(url, timeout=2).status != 200)
    except OSError as error:
        if time.monotonic() > end:
            sys.exit(str(error))
        time.sleep(0.5)
"""


@pytest.fixture
def elsewhere(product: Product) -> Iterator[Workspace]:
    """Another namespace."""
    name = f"elsewhere-{secrets.token_hex(3)}"
    product.kubectl("create", "namespace", name)
    yield Workspace(product.cluster, name)
    product.kubectl("delete", "namespace", name, "--wait=false")


def within(namespace: str) -> dict[str, Any]:
    """Everybody in a namespace, as policies name them."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def fetches(workspace: Workspace, name: str, url: str, seconds: float) -> bool:
    """Whether a pod there gets an answer from the URL in that time."""
    command = ("/opt/rocketmq/bin/python", "-c", FETCH, url, str(seconds))
    pod = workspace.pod(name, *command, restartPolicy="Never", securityContext=RESTRICTED)
    workspace.apply(pod)
    return until(
        lambda: {"Succeeded", "Failed"} & {workspace.get("pods", name)["status"].get("phase")},
        timeout=PATIENCE,
        what=f"pod {name} to end",
        interval=0.3,
    ) == {"Succeeded"}


def test_brokers_and_clients_get_in_from_where_the_spec_says_and_from_nowhere_else(
    make: Make, namespace: str, elsewhere: Workspace
) -> None:
    nsc = make(replicas=1, networkPolicy={"remotingFrom": [within(namespace)]})
    client = nsc.addresses("client")

    def known(_: BrokerPod) -> bool:
        return nsc.columns()["BROKERS"] == "1/1"

    with BrokerPod(nsc.workspace, nsc.addresses("namesrvAddr"), ready=known):
        # Who enforces policies learns of a pod's address a moment after it has one.
        assert pods.produce(nsc.workspace, client, "within", MESSAGES).sent == MESSAGES
        with pods.start_producer(elsewhere, client, "without", 1, deadline=REFUSED) as producer:
            assert producer.result().sent == 0
        both = [within(namespace), within(elsewhere.namespace)]
        nsc.patch(networkPolicy={"remotingFrom": both})
        assert pods.produce(elsewhere, client, "let-in", MESSAGES).sent == MESSAGES


def test_the_http_side_is_for_the_operator_until_the_spec_lets_others_in(
    make: Make, namespace: str, elsewhere: Workspace
) -> None:
    nsc = make(replicas=2)
    nsc.wait_columns(VIEWS="Converged")
    url = f"http://{min(nsc.pod_ips().values())}:{HTTP}/readyz"
    assert not fetches(nsc.workspace, "kept-out", url, REFUSED)
    nsc.patch(networkPolicy={"httpFrom": [within(namespace)]})
    assert fetches(nsc.workspace, "let-in", url, PATIENCE / 2)
    assert not fetches(elsewhere, "kept-out", url, REFUSED)
