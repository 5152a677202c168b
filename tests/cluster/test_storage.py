"""Volumes: they outlive pods, and clusters too where that is wanted."""

from typing import Final

from harness.product import WAIT, Make, Nsc
from harness.server import Server
from harness.wait import until

STORAGE: Final = {"size": "16Mi"}
OTHERS: Final = {"by": "somebody"}
"""Entries that no spec knows: only the volume keeps them."""


def test_entries_of_others_outlive_the_pod_and_the_cluster(make: Make) -> None:
    nsc = make(replicas=1, storage=STORAGE)
    (server,) = map(Server, nsc.servers().values())
    server.put("theirs", "by", "somebody")
    before = nsc.started()
    nsc.kubectl("delete", "pod", *before)
    until(
        lambda: nsc.started().keys() == before.keys() and nsc.started() != before,
        timeout=WAIT,
        what="another pod",
    )
    nsc.wait_ready()
    assert _held(nsc) == OTHERS
    nsc.delete()
    assert len(_claims(nsc)) == 1
    nsc.create(replicas=1, storage=STORAGE)
    nsc.wait_ready()
    assert _held(nsc) == OTHERS


def test_volumes_go_with_their_cluster_where_that_is_wanted(make: Make) -> None:
    nsc = make(replicas=2, storage=STORAGE | {"whenDeleted": "Delete"})
    assert len(_claims(nsc)) == 2
    nsc.delete()
    until(lambda: not _claims(nsc), timeout=WAIT, what="no claim")


def _held(nsc: Nsc) -> dict[str, str]:
    (server,) = map(Server, nsc.servers().values())
    return server.kv("theirs")


def _claims(nsc: Nsc) -> list[str]:
    label = f"namesrv.dev/cluster={nsc.name}"
    return nsc.kubectl("get", "pvc", "-l", label, "-o", "name").split()
