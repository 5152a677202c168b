"""Each program of the image runs as a user without a name, and writes to its volumes alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from harness.cluster import Nodes
from harness.java.pods import RESTRICTED
from harness.kind.containerd import NodeContainer
from harness.product import SYSTEM, WAIT, Make, Product
from harness.server import Server
from harness.wait import until
from harness.workspace import Workspace

UID: Final = 12345
ANYBODY: Final = {"runAsUser": UID, "runAsGroup": UID}
PROGRAMS: Final = ("operator", "nameserver", "mqadmin")

pytestmark = pytest.mark.needs("images", "nodes")


@pytest.mark.alone
def test_every_program_runs_as_any_user_on_a_read_only_root(
    product: Product, nodes: Nodes, make: Make
) -> None:
    with _programs(product, nodes, make, read_only=True) as programs:
        seen = {name: (each.user, each.read_only) for name, each in programs.items()}
    assert seen == dict.fromkeys(PROGRAMS, (UID, True))


@pytest.mark.alone
def test_no_program_writes_beside_its_volumes_where_it_could(
    product: Product, nodes: Nodes, make: Make
) -> None:
    with _programs(product, nodes, make, read_only=False) as programs:
        seen = {name: each.written() for name, each in programs.items()}
    assert seen == {name: set() for name in PROGRAMS}


def test_what_is_written_beside_volumes_is_seen(
    product: Product, nodes: Nodes, namespace: str
) -> None:
    workspace = Workspace(product.cluster, namespace)
    _run(workspace, "writer", "python3", "-c", "open('/tmp/x', 'w')", read_only=False)
    assert "/tmp/x" in _container(nodes, workspace, "writer", "main").written()


@contextmanager
def _programs(
    product: Product, nodes: Nodes, make: Make, *, read_only: bool
) -> Iterator[dict[str, NodeContainer]]:
    """Containers of the three programs as that user, once each has done its work."""
    own = {"readOnlyRootFilesystem": read_only}
    operator = [{"name": "operator", "securityContext": own}]
    pod = {"securityContext": ANYBODY | {"fsGroup": UID}, "containerSecurityContext": own}
    with product.operator_with(securityContext=ANYBODY, containers=operator):
        nsc = make(replicas=1, pod=pod, kvConfig=[{"kvNamespace": "app", "entries": {"a": "1"}}])
        (server,) = map(Server, nsc.servers().values())
        server.put("app", "b", "2")
        assert server.kv("app") == {"a": "1", "b": "2"}
        command = ("mqadmin", "clusterList", "-n", nsc.addresses("client"))
        assert "#Cluster" in _run(nsc.workspace, "mqadmin", *command, read_only=read_only)
        leader = until(product.leader_in_pod, timeout=WAIT, what="a leader").partition("_")[0]
        system = Workspace(product.cluster, SYSTEM)
        yield {
            "operator": _container(nodes, system, leader, "operator"),
            "nameserver": _container(nodes, nsc.workspace, *nsc.pods(), "nameserver"),
            "mqadmin": _container(nodes, nsc.workspace, "mqadmin", "main"),
        }


def _run(workspace: Workspace, name: str, *command: str, read_only: bool) -> str:
    """Run a command of the image to its end as that user; what it printed."""
    security: dict[str, Any] = RESTRICTED | ANYBODY | {"readOnlyRootFilesystem": read_only}
    # A Service may lead nowhere yet: the command fails then, and is run again.
    fields = {"restartPolicy": "OnFailure", "securityContext": security}
    workspace.apply(workspace.pod(name, *command, **fields))
    workspace.wait_phase(name, "Succeeded")
    return workspace.log(name)


def _container(nodes: Nodes, workspace: Workspace, pod: str, name: str) -> NodeContainer:
    return NodeContainer(nodes, workspace.container(pod, name)["containerID"])
