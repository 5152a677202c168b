"""From NameServers that people made by hand to a NameServerCluster, as docs/migration.md goes."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from harness.java.handmade import HandMade
from harness.java.pods import FRESH_NAMES, RESTRICTED, BrokerPod, LookupsPod
from harness.product import Nsc, Product
from harness.server import Server
from harness.topics import make_topics
from harness.wait import until
from harness.workspace import Workspace

CONVERT: Final = (Path(sys.executable).parent / "rocketmq-operator", "convert", "-f", "-")
CLUSTER: Final = "DefaultCluster"
TOPIC: Final = "Moving"
ENTRIES: Final = {"region": "eu-1"}
RENEW_EVERY: Final = 25
"""Lookups of a client, before a new one takes its place."""
QUICK: Final = {"updateNameServerAddrPeriod": 1000}
"""How often a broker looks at its list of servers; two minutes by default."""
MORE: Final = 200
"""Lookups after the last step."""


def test_no_lookup_is_lost_on_the_way_from_servers_made_by_hand(
    product: Product, namespace: str, tmp_path: Path
) -> None:
    workspace, nsc = Workspace(product.cluster, namespace), Nsc(product, "namesrv", namespace)
    old = HandMade(workspace, replicas=2)
    old.start()
    broker = BrokerPod(workspace, old.namesrv_addr, properties=QUICK, flags=[FRESH_NAMES])
    with broker:
        address = product.cluster.address
        make_topics([address(broker.address)], [address(name) for name in old.names], [TOPIC])
        for name in old.names:
            Server(address(name)).put("app", "region", ENTRIES["region"])
        with ExitStack() as leaving:
            before = leaving.enter_context(lookups(workspace, old.namesrv_addr))
            _make_servers(nsc, old, tmp_path / "kvConfig.json")
            new = nsc.addresses("namesrvAddr")
            _tell_brokers(workspace, "both", f"{old.namesrv_addr};{new}", ask=old.namesrv_addr)
            nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")
            after = lookups(workspace, nsc.addresses("client"))
            with after:
                first = before.so_far()
                leaving.close()
                _tell_brokers(workspace, "new", new, ask=new)
                old.delete()
                asked = after.so_far().asked
                until(
                    lambda: after.so_far().asked > asked + MORE,
                    timeout=30,
                    what="lookups without the old servers",
                )
                second = after.so_far()
        assert (first.failed, second.failed) == (0, 0), first.last_error or second.last_error
        nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")


def lookups(workspace: Workspace, namesrv: str) -> LookupsPod:
    """Java clients, two new ones a second."""
    return LookupsPod(workspace, namesrv, TOPIC, brokers=1, renew_every=RENEW_EVERY)


def _make_servers(nsc: Nsc, old: HandMade, kv_file: Path) -> None:
    """The servers that `rocketmq-operator convert` makes of the old ones, with their entries."""
    held = Server(nsc.product.cluster.address(old.names[0])).kv("app")
    kv_file.write_text(json.dumps({"configTable": {"app": held}}))
    done = subprocess.run(
        [*CONVERT, "-f", kv_file],
        input=old.manifests(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    nsc.kubectl("apply", "-f", "-", input=done.stdout)
    nsc.wait_ready()
    servers = [Server(address) for address in nsc.servers().values()]
    assert len(servers) == len(old.names)
    assert [server.kv("app") for server in servers] == [ENTRIES] * len(servers)
    assert {server.config("orderMessageEnable") for server in servers} == {"true"}


def _tell_brokers(workspace: Workspace, step: str, servers: str, *, ask: str) -> None:
    """Give all brokers another list of servers while they run, by mqadmin in a pod."""
    where = ("-c", CLUSTER, "-a", "true", "-n", ask)
    words = ("mqadmin", "updateBrokerConfig", *where, "-k", "namesrvAddr", "-v", servers)
    fields = {"restartPolicy": "Never", "securityContext": RESTRICTED}
    workspace.apply(workspace.pod(step, *words, **fields))
    workspace.wait_phase(step, "Succeeded")
    assert "update broker config success" in workspace.log(step)
