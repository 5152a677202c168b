"""Leaders that crash, sleep or are cut off from the API server: another replica takes over, and
what the first one had on its way is not written behind the other's back."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import yaml

from harness.cluster import Cluster
from harness.java.jvm import new_address
from harness.processes import Child, start
from harness.product import DEPLOYMENT, SYSTEM, Make, Nsc, Product
from harness.proxy import Link, Network
from harness.server import Server
from harness.wait import until
from rocketmq_operator.reconciler.kube.lease import LeaseTimes

LEASE: Final = LeaseTimes().duration
TAKEOVER: Final = LEASE + 10
"""Seconds from the end of a leader to the next one."""
REPLICA: Final = "outside"


@pytest.fixture
def link(kubernetes: Cluster) -> Iterator[Link]:
    """A way to the API server that can be cut."""
    document = yaml.safe_load(kubernetes.kubeconfig.read_text())
    server = urlsplit(document["clusters"][0]["cluster"]["server"])
    with Network() as network:
        yield network.link(server.netloc)


@pytest.fixture
def replica(product: Product, link: Link, tmp_path: Path) -> Iterator[Child]:
    """A replica of the operator, as the account of the others, behind the link; it leads."""
    product.scale_operator(0)
    kubeconfig = tmp_path / "kubeconfig"
    token = product.kubectl("-n", SYSTEM, "create", "token", DEPLOYMENT).strip()
    kubeconfig.write_text(yaml.safe_dump(_configuration(f"https://{link.address}", token)))
    environment = {
        "KUBECONFIG": str(kubeconfig),
        "POD_NAME": REPLICA,
        "NAMESERVER_IMAGE": product.nameserver_image(),
    }
    child = start(
        [sys.executable, "-m", "rocketmq_operator.reconciler", "run", f"--http={new_address()}:80"],
        log=tmp_path / "operator.log",
        env=os.environ | environment,
    )
    until(lambda: _leads(product, child), timeout=TAKEOVER, what="the replica to lead")
    yield child
    child.kill()
    product.scale_operator(2)


def _leads(product: Product, child: Child) -> bool:
    child.require_running()
    return product.leader().startswith(f"{REPLICA}_")


def _configuration(server: str, token: str) -> dict[str, Any]:
    """A kubeconfig; the certificate does not know the link."""
    cluster = {"server": server, "insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "link", "cluster": cluster}],
        "users": [{"name": "operator", "user": {"token": token}}],
        "contexts": [{"name": "link", "context": {"cluster": "link", "user": "operator"}}],
        "current-context": "link",
    }


def kv(value: str) -> dict[str, Any]:
    return {"kvConfig": [{"kvNamespace": "app", "entries": {"a": value}}]}


def test_another_replica_takes_over_from_a_leader_that_crashes(
    product: Product, kubernetes: Cluster, make: Make
) -> None:
    leader = until(product.leader_in_pod, timeout=TAKEOVER, what="a leader")
    kubernetes.kill(SYSTEM, leader.partition("_")[0], "operator", signal.SIGKILL)
    nsc = make(wait=False, replicas=1)
    until(lambda: product.leader() not in ("", leader), timeout=TAKEOVER, what="another leader")
    nsc.wait_ready()
    product.wait_for_operator()


def test_a_leader_that_sleeps_past_its_lease_writes_no_more(
    product: Product, kubernetes: Cluster, make: Make
) -> None:
    nsc = make(replicas=1, **kv("1"))
    leader = until(product.leader_in_pod, timeout=TAKEOVER, what="a leader")
    pod, asleep = leader.partition("_")[0], time.monotonic()
    kubernetes.kill(SYSTEM, pod, "operator", signal.SIGSTOP)
    nsc.patch(**kv("2"))
    until(lambda: product.leader() not in ("", leader), timeout=TAKEOVER, what="another leader")
    assert time.monotonic() - asleep < TAKEOVER
    nsc.wait_ready()
    kubernetes.kill(SYSTEM, pod, "operator", signal.SIGCONT)
    nsc.patch(**kv("3"))
    nsc.wait_ready()
    product.wait_for_operator()
    check_turns(product, nsc, leader)


def check_turns(product: Product, nsc: Nsc, first: str) -> None:
    """The last wish is done, and nobody wrote again after another one began to."""
    assert [Server(a).kv("app") for a in nsc.servers().values()] == [{"a": "3"}]
    turns = product.turns()
    assert any(f"({first}" in turn for turn in turns)
    assert sorted(turns) == sorted(set(turns))


def test_a_leader_cut_off_from_the_api_server_writes_no_more(
    product: Product, replica: Child, link: Link, make: Make
) -> None:
    nsc = make(replicas=1, **kv("1"))
    product.scale_operator(2)
    nsc.patch(**kv("2"))
    link.silence()
    cut = time.monotonic()
    until(
        lambda: not product.leader().startswith(REPLICA),
        timeout=TAKEOVER,
        what="another leader",
    )
    assert time.monotonic() - cut < TAKEOVER
    nsc.wait_ready()
    until(lambda: replica.exit_code is not None, timeout=LEASE, what="the replica to give up")
    link.resume()
    nsc.patch(**kv("3"))
    nsc.wait_ready()
    check_turns(product, nsc, f"{REPLICA}_")
