"""Real Java brokers and clients on our servers, and what the status tells of them."""

import time
from pathlib import Path
from typing import Final

from harness import java
from harness.product import Make
from harness.server import Server
from harness.wait import until

WITHIN: Final = 2.0
"""Seconds from the moment that no server shows a broker to the status that says so."""


def test_a_broker_registers_passes_messages_and_is_missed_at_once(
    make: Make, tmp_path: Path
) -> None:
    nsc = make(replicas=3)
    namesrv = nsc.namesrv_addr()
    with java.Broker(tmp_path / "a", namesrv) as broker:
        until(
            lambda: [nsc.columns()[name] for name in ("BROKERS", "VIEWS")] == ["1/1", "Converged"],
            timeout=30,
            what="BROKERS 1/1 and VIEWS Converged",
        )
        (entry,) = nsc.status()["brokers"]
        assert (entry["address"], entry["state"], entry["views"]) == (
            broker.address,
            "Online",
            "3/3",
        )
        assert java.produce(namesrv, "Messages", 100).sent == 100
        assert java.consume(namesrv, "Messages", 100).distinct == 100
        broker.kill()
        servers = [Server(address) for address in nsc.servers().values()]
        until(
            lambda: not any(server.brokers() for server in servers),
            timeout=30,
            what="the servers to drop the broker",
            interval=0.02,
        )
        dropped = time.monotonic()
        until(
            lambda: nsc.columns()["BROKERS"] == "0/1",
            timeout=30,
            what="BROKERS 0/1",
            interval=0.02,
        )
        assert time.monotonic() - dropped <= WITHIN
    assert nsc.status()["brokers"][0]["state"] == "Offline"
    assert "BrokerOffline" in nsc.kubectl("get", "events")


def test_master_and_slave_are_told_apart(make: Make, tmp_path: Path) -> None:
    expected = [{"name": "DefaultCluster", "minBrokerNames": 1, "minMasters": 1}]
    nsc = make(replicas=1, brokers={"expectedClusters": expected})
    assert nsc.condition("BrokersAvailable")["status"] == "False"
    namesrv = nsc.namesrv_addr()
    with java.Broker(tmp_path / "master", namesrv):
        slave = java.Broker(
            tmp_path / "slave",
            namesrv,
            broker_id=1,
            ready=lambda broker: broker.address in Server(namesrv).brokers(),
        )
        with slave:
            found = nsc.wait_status(lambda status: status["brokersOnline"] == "2/2", "2/2")
            roles = {entry["id"]: entry["role"] for entry in found["brokers"]}
            assert roles == {0: "Master", 1: "Slave"}
            assert nsc.condition("BrokersAvailable")["status"] == "True"


def test_a_rolling_restart_waits_until_each_server_knows_the_broker(
    make: Make, tmp_path: Path
) -> None:
    nsc = make(replicas=2, rollout={"minReadySeconds": 0})
    addresses = nsc.namesrv_addr()
    with java.Broker(tmp_path / "a", addresses):
        until(lambda: nsc.columns()["BROKERS"] == "1/1", timeout=30, what="BROKERS 1/1")
        before = nsc.started()
        nsc.patch(pod={"metadata": {"annotations": {"example.com/roll": "1"}}})
        found = nsc.wait_status(
            lambda status: status["rollout"].get("blockedBy") == "ViewsNotConverged",
            "the rollout to wait for the restarted server's view",
        )
        assert found["brokersOnline"] == "1/1"
        untouched = [name for name, value in nsc.started().items() if before[name] == value]
        assert len(untouched) == 1
