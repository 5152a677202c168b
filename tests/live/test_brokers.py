"""What the status tells of Java brokers, and what a rollout waits for."""

from harness.java.pods import BrokerPod
from harness.product import Make
from harness.server import Server
from harness.wait import until


def test_master_and_slave_are_told_apart_and_missed(make: Make) -> None:
    expected = [{"name": "DefaultCluster", "minBrokerNames": 1, "minMasters": 1}]
    nsc = make(replicas=1, brokers={"expectedClusters": expected})
    assert nsc.condition("BrokersAvailable")["status"] == "False"
    namesrv = nsc.addresses("namesrvAddr")
    (server,) = map(Server, nsc.servers().values())
    with BrokerPod(nsc.workspace, namesrv) as master:
        slave = BrokerPod(
            nsc.workspace,
            namesrv,
            broker_id=1,
            ready=lambda broker: broker.address in server.brokers(),
        )
        with slave:
            found = nsc.wait_status(lambda status: status["brokersOnline"] == "2/2", "2/2")
            roles = {entry["id"]: entry["role"] for entry in found["brokers"]}
            assert roles == {0: "Master", 1: "Slave"}
            assert nsc.condition("BrokersAvailable")["status"] == "True"
            slave.kill()
            found = nsc.wait_status(lambda status: status["brokersOnline"] == "1/2", "1/2")
            states = {entry["address"]: entry["state"] for entry in found["brokers"]}
            assert states == {master.address: "Online", slave.address: "Offline"}
    until(
        lambda: "BrokerOffline" in nsc.kubectl("get", "events"),
        timeout=10,
        what="an event that says so",
    )


def test_a_rolling_restart_waits_until_each_server_knows_the_broker(make: Make) -> None:
    nsc = make(replicas=2, rollout={"minReadySeconds": 0})
    with BrokerPod(nsc.workspace, nsc.addresses("namesrvAddr")):
        nsc.wait_columns(BROKERS="1/1")
        before = nsc.started()
        nsc.patch(pod={"metadata": {"annotations": {"example.com/roll": "1"}}})
        found = nsc.wait_status(
            lambda status: status["rollout"].get("blockedBy") == "ViewsNotConverged",
            "the rollout to wait for the restarted server's view",
        )
        assert found["brokersOnline"] == "1/1"
        assert found["rollout"]["reasons"] == ["metadata.annotations"]
        untouched = [name for name, value in nsc.started().items() if before[name] == value]
        assert len(untouched) == 1
