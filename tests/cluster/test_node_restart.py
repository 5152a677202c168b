"""A machine that goes down with everything on it, and comes back."""

from typing import Any, Final

import pytest

from harness.cluster import Nodes
from harness.java.pods import BrokerPod
from harness.product import WAIT, Make, Nsc, Product
from harness.server import Server
from harness.wait import until
from rocketmq_operator.errors import RocketMQError

ORDER: Final = "orderMessageEnable"
SPEC: Final[dict[str, Any]] = {
    "replicas": 2,
    "namesrvConfig": {ORDER: "true"},
    "kvConfig": [{"kvNamespace": "app", "entries": {"a": "1"}}],
}
NEXT: Final = [{"kvNamespace": "app", "entries": {"a": "2"}}]
HEALTHY: Final = {"READY": "2/2", "STATUS": "Running", "VIEWS": "Converged", "CONFIG": "Synced"}


@pytest.mark.alone
@pytest.mark.needs("nodes")
def test_everything_heals_after_a_restart_of_the_node(
    product: Product, nodes: Nodes, make: Make
) -> None:
    nsc = make(**SPEC)
    names = nsc.addresses("namesrvAddr")
    for server in _servers(nsc):
        server.put("app", "foreign", "x")
    with BrokerPod(nsc.workspace, names, restarts=True):
        nsc.wait_columns(BROKERS="1/1")
        before = nsc.started()
        nodes.restart_node()
        until(
            lambda: set(nsc.started().values()).isdisjoint(before.values()),
            timeout=WAIT,
            what="both servers started again",
        )
        product.wait_for_operator()
        until(
            lambda: [server.config(ORDER) for server in _servers(nsc)] == ["true"] * 2,
            timeout=WAIT,
            what="both servers with their configuration",
            retry_on=(RocketMQError,),
        )
        assert _kv(nsc) == [{"a": "1", "foreign": "x"}] * 2
        nsc.patch(kvConfig=NEXT)  # which no status of before the restart can know
        nsc.wait_ready()
        nsc.wait_columns(BROKERS="1/1", **HEALTHY)
        assert _kv(nsc) == [{"a": "2", "foreign": "x"}] * 2


def _servers(nsc: Nsc) -> list[Server]:
    return [Server(address) for address in nsc.servers().values()]


def _kv(nsc: Nsc) -> list[dict[str, str]]:
    return [server.kv("app") for server in _servers(nsc)]
