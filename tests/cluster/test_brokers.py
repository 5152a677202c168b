"""Real Java brokers and clients on our servers, and what the status tells of them."""

from typing import Final

import pytest

from harness.java.pods import BrokerPod, start_producer
from harness.product import Make
from harness.server import Server
from harness.traffic import Produced
from harness.watch import Watch

ROLL: Final = {"pod": {"metadata": {"annotations": {"example.com/roll": "1"}}}}
MESSAGES: Final = 400
"""At ten a second a rolling restart is well under way before the last of them."""
NAMES: Final = 240.0
"""Seconds for two servers to get new addresses: Java and CoreDNS keep the old ones for 30 each."""


def test_brokers_that_look_up_one_name_find_every_server(make: Make) -> None:
    nsc = make(replicas=3)

    def registered(broker: BrokerPod) -> bool:
        servers = nsc.servers().values()
        return all(broker.address in Server(server).brokers() for server in servers)

    lookup = {"fetchNameSrvAddrByDnsLookup": "true"}
    name = nsc.addresses("dnsLookup")
    with BrokerPod(nsc.workspace, name, properties=lookup, ready=registered):
        nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")


@pytest.mark.timeout(2 * NAMES)
def test_no_message_fails_while_every_server_is_replaced(make: Make) -> None:
    nsc = make(replicas=2, rollout={"minReadySeconds": 0})
    names, client = nsc.addresses("namesrvAddr"), nsc.addresses("client")
    with (
        BrokerPod(nsc.workspace, names),
        start_producer(
            nsc.workspace, client, "Messages", MESSAGES, pause=0.1, deadline=NAMES
        ) as producer,
    ):
        producer.wait_sending()
        before = nsc.started()
        nsc.patch(**ROLL)
        nsc.wait_rolled(before, NAMES)
        assert nsc.columns()["BROKERS"] == "1/1"
        assert producer.result() == Produced(MESSAGES, 0, "")


@pytest.mark.needs("services")
@pytest.mark.timeout(NAMES)
def test_a_server_that_moves_gets_the_broker_back_and_no_other_loses_it(make: Make) -> None:
    nsc = make(replicas=3)
    with BrokerPod(nsc.workspace, nsc.addresses("namesrvAddr")) as broker:
        nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")
        before, servers = nsc.pod_ips(), nsc.servers()
        moved = min(servers)
        others = {name: address for name, address in servers.items() if name != moved}
        with Watch(others, ()) as watch:
            nsc.kubectl("delete", "pod", moved)
            found = nsc.wait_status(
                lambda status: (
                    status["brokers"][0]["views"] == "3/3"
                    and nsc.pod_ips().get(moved) not in (None, before[moved])
                ),
                "the broker on three servers, one at another address",
                timeout=NAMES / 2,
            )
        assert found["brokersOnline"] == "1/1"
        assert broker.address in Server(nsc.servers()[moved]).brokers()
        answers = [
            each for name in others for each in watch.since(name, 0.0) if each.view is not None
        ]
        shown = [broker.address in each.shows(f"cluster {broker.name}") for each in answers]
        assert shown
        assert all(shown)
