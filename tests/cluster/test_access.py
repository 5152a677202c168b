"""Ways to the servers beside their DNS names: node ports, and the list over HTTP."""

from collections.abc import Callable

import pytest

from harness.java import pods
from harness.java.pods import BrokerPod
from harness.product import Make, Nsc
from harness.server import Server
from harness.traffic import Produced

MESSAGES = 20


def known_to(nsc: Nsc) -> Callable[[BrokerPod], bool]:
    """Whether every server knows a broker."""
    return lambda broker: all(
        broker.address in Server(server).brokers() for server in nsc.servers().values()
    )


@pytest.mark.needs("services")
def test_brokers_and_clients_come_in_by_a_port_of_the_node_for_each_server(make: Make) -> None:
    nsc = make(replicas=2, external={"type": "NodePort"})
    outside = nsc.wait_status(
        lambda status: status["addresses"].get("external", "").count(";") == 1,
        "an address outside for each server",
    )["addresses"]["external"]

    with BrokerPod(nsc.workspace, outside, ready=known_to(nsc)):
        nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")
        sent = pods.produce(nsc.workspace, outside, "outside", MESSAGES)
        assert sent == Produced(MESSAGES, 0, "")


@pytest.mark.needs("services")
def test_a_broker_finds_all_servers_by_the_list_over_http(make: Make) -> None:
    nsc = make(replicas=2, addressServer={"enabled": True})
    url = nsc.addresses("domainURL")
    domain = url.removeprefix("http://").partition("/")[0]

    finding = {"fetchNamesrvAddrByAddressServer": "true", "rmqAddressServerDomain": domain}
    with BrokerPod(nsc.workspace, "", properties=finding, ready=known_to(nsc)):
        nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")
