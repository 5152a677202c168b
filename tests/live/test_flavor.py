"""The stock Java NameServer under the same resource, and the way from the one to the other."""

from typing import Any, Final

from harness.cluster import Cluster
from harness.java.pods import BrokerPod
from harness.product import Make
from harness.server import Server
from harness.wait import until

HEAP: Final = [
    {"name": "JAVA_OPT_EXT", "value": "-Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"}
]
ORDER: Final = "orderMessageEnable"


def java(cluster: Cluster, **spec: Any) -> dict[str, Any]:
    pod = {"env": HEAP, "terminationGracePeriodSeconds": 5}
    return {"flavor": "Java", "image": cluster.java_image(), "pod": pod, **spec}


def kv(**entries: str | None) -> dict[str, Any]:
    return {"kvConfig": [{"kvNamespace": "app", "entries": entries}]}


def test_java_servers_are_run_and_kept_in_sync(make: Make, kubernetes: Cluster) -> None:
    nsc = make(**java(kubernetes, replicas=2, namesrvConfig={ORDER: "true"}, **kv(a="1")))
    assert {"READY": "2/2", "CONFIG": "Synced"}.items() <= nsc.columns().items()
    assert "version" not in nsc.status()
    before = nsc.started()
    with BrokerPod(nsc.workspace, nsc.addresses("namesrvAddr")):
        nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")
        nsc.patch(namesrvConfig={ORDER: None}, **kv(a="2", b="2"))
        nsc.wait_ready()
        servers = [Server(address) for address in nsc.servers().values()]
        assert [server.kv("app") for server in servers] == [{"a": "2", "b": "2"}] * 2
        assert [server.config(ORDER) for server in servers] == ["false"] * 2
        servers[0].put("app", "a", "spoiled")
        nsc.patch(drift={"intervalSeconds": 10})
        until(lambda: servers[0].kv("app")["a"] == "2", timeout=30, what="a put right")
        assert nsc.started() == before
    nsc.wait_columns(BROKERS="0/1")
