"""KV entries of teams with objects of their own, on a cluster that is somebody else's."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from harness.cluster import KubectlError
from harness.product import WAIT, Make, Nsc, Product
from harness.server import Server
from harness.wait import until

TEAMS: Final = 20
STABLE: Final = 60.0
"""Seconds, in which servers are looked at often and the operator looks at each of them as well."""
LOOK: Final = 2.0
GONE: Final = 20.0
"""Seconds for a deleted object whose servers answer."""


class Nskv:
    """One NameServerKVConfig, driven with kubectl."""

    def __init__(self, nsc: Nsc, name: str, namespace: str = "", *, user: str = "") -> None:
        self._nsc = nsc
        self.name = name
        self.namespace = namespace or nsc.namespace
        self._as = [f"--as={user}"] if user else []

    def kubectl(self, *args: str, **kwargs: Any) -> str:
        """kubectl in its namespace."""
        return self._nsc.product.kubectl("-n", self.namespace, *self._as, *args, **kwargs)

    def apply(self, entries: dict[str, str], **more: Any) -> "Nskv":
        """Apply it with these entries of the KV namespace `app`."""
        reference = {"name": self._nsc.name, "namespace": self._nsc.namespace}
        body = {
            "apiVersion": "namesrv.dev/v1alpha1",
            "kind": "NameServerKVConfig",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {"clusterRef": reference, "kvNamespace": "app", "entries": entries, **more},
        }
        self.kubectl("apply", "-f", "-", input=json.dumps(body))
        return self

    def row(self) -> str:
        """What `kubectl get nskv` prints of it, without its age."""
        (row,) = self.kubectl("get", "nskv", self.name, "--no-headers").splitlines()
        return " ".join(row.split()[:-1])

    def wait_row(self, words: str) -> None:
        """Wait until `kubectl get nskv` prints this after the names."""
        wanted = f"{self.name} {self._nsc.namespace}/{self._nsc.name} app {words}"
        until(lambda: self.row() == wanted, timeout=WAIT, what=f"a row {wanted}")

    def status(self) -> dict[str, Any]:
        """Its status."""
        found: dict[str, Any] = json.loads(self.kubectl("get", "nskv", self.name, "-o=json"))
        return found.get("status", {})

    def delete(self, timeout: float = GONE) -> None:
        """Delete it and wait until it is gone."""
        self.kubectl("delete", "nskv", self.name, timeout=timeout)


def held(nsc: Nsc) -> list[dict[str, str]]:
    """The KV namespace `app` of every server."""
    return [Server(address).kv("app") for address in nsc.servers().values()]


def own(**entries: str | None) -> dict[str, Any]:
    return {"kvConfig": [{"kvNamespace": "app", "entries": entries}]}


def test_entries_come_and_change_and_go_with_their_object(make: Make) -> None:
    nsc = make(replicas=2, **own(own="1"))
    before = nsc.started()
    team = Nskv(nsc, "team").apply({"a": "1", "b": "1"})
    team.wait_row("2 2/2 True Synced")
    assert held(nsc) == [{"own": "1", "a": "1", "b": "1"}] * 2
    team.apply({"a": "2"})
    until(lambda: held(nsc) == [{"own": "1", "a": "2"}] * 2, timeout=WAIT, what="b to be gone")
    Server(next(iter(nsc.servers().values()))).put("app", "a", "spoiled")
    until(lambda: held(nsc) == [{"own": "1", "a": "2"}] * 2, timeout=WAIT, what="a put right")
    team.delete()
    assert held(nsc) == [{"own": "1"}] * 2
    assert nsc.started() == before


def test_two_objects_and_the_cluster_want_one_key_and_all_are_told(make: Make) -> None:
    nsc = make(replicas=2)
    first = Nskv(nsc, "first").apply({"k": "first", "f": "1"})
    first.wait_row("2 2/2 True Synced")
    second = Nskv(nsc, "second").apply({"k": "second", "s": "1"})
    second.wait_row("1 2/2 False KeyConflict")
    assert first.row().endswith("2 2/2 True Synced")
    conflict = {
        "key": "k",
        "owner": f"NameServerKVConfig {nsc.namespace}/first",
        "refused": [f"NameServerKVConfig {nsc.namespace}/second"],
    }
    assert first.status()["conflicts"] == second.status()["conflicts"] == [conflict]
    told = nsc.wait_status(lambda status: "conflicts" in status.get("kvDelegation", {}), "told")
    assert told["kvDelegation"]["conflicts"] == [{"kvNamespace": "app", **conflict}]
    nsc.patch(**own(k="own"))
    first.wait_row("1 2/2 False KeyConflict")
    _stays_so(nsc, {"k": "own", "f": "1", "s": "1"})
    nsc.patch(kvConfig=[])
    first.wait_row("2 2/2 True Synced")
    first.delete()
    second.wait_row("2 2/2 True Synced")
    assert held(nsc) == [{"k": "second", "s": "1"}] * 2


def _stays_so(nsc: Nsc, table: dict[str, str]) -> None:
    """For a minute of drift checks, and the objects with them."""
    nsc.patch(drift={"intervalSeconds": 10})
    nsc.wait_ready()
    objects = ("get", "nskv", "-o=jsonpath={.items[*].metadata.resourceVersion}")
    before, until_then = nsc.kubectl(*objects), time.monotonic() + STABLE
    while time.monotonic() < until_then:
        assert held(nsc) == [table] * 2
        time.sleep(LOOK)  # it is the time that is tested
    assert nsc.kubectl(*objects) == before


def test_a_paused_object_keeps_what_was_written_even_on_a_new_server(make: Make) -> None:
    nsc = make(replicas=1)
    team = Nskv(nsc, "team").apply({"a": "1"})
    team.wait_row("1 1/1 True Synced")
    team.apply({"a": "2", "b": "2"}, paused=True)
    team.wait_row("1 1/1 False Paused")
    nsc.kubectl("delete", "pod", f"{nsc.name}-nameserver-0")
    nsc.wait_status(lambda status: status["ready"] == "0/1", "the server gone")
    nsc.wait_ready()
    assert held(nsc) == [{"a": "1"}]
    team.apply({"a": "2", "b": "2"}, paused=False)
    team.wait_row("2 1/1 True Synced")
    assert held(nsc) == [{"a": "2", "b": "2"}]


def test_what_is_retained_outlives_its_object(make: Make) -> None:
    nsc = make(replicas=1)
    team = Nskv(nsc, "team").apply({"a": "1"}, deletionPolicy="Retain")
    team.wait_row("1 1/1 True Synced")
    team.delete()
    nsc.wait_status(lambda status: not status.get("kvDelegation"), "no object any more")
    nsc.wait_ready()
    assert held(nsc) == [{"a": "1"}]


def test_a_deleted_object_waits_for_a_paused_cluster_until_a_person_lets_it_go(make: Make) -> None:
    nsc = make(replicas=1)
    team = Nskv(nsc, "team").apply({"a": "1"})
    team.wait_row("1 1/1 True Synced")
    nsc.patch(paused=True)
    nsc.wait_columns(STATUS="Paused")
    team.kubectl("delete", "nskv", team.name, "--wait=false")
    team.wait_row("1 False ClusterPaused")
    finalizers = json.dumps({"metadata": {"finalizers": None}})
    team.kubectl("patch", "nskv", team.name, "--type=merge", "-p", finalizers)
    nsc.patch(paused=False)
    nsc.wait_ready()
    assert held(nsc) == [{"a": "1"}]


def test_an_object_says_that_its_cluster_is_missing_and_never_outstays_it(make: Make) -> None:
    nsc = Nsc(make(replicas=1).product, "later", "default")
    team = Nskv(nsc, "team-of-later").apply({"a": "1"})
    team.wait_row("False ClusterNotFound")
    try:
        nsc.create(replicas=1, pod={"terminationGracePeriodSeconds": 5})
        team.wait_row("1 1/1 True Synced")
        nsc.delete()
        team.wait_row("1 False ClusterNotFound")
    finally:
        team.delete()
        nsc.delete()


@pytest.fixture
def teams(product: Product, namespace: str) -> Iterator[list[str]]:
    """Namespaces in each of which a user of its name may what Kubernetes lets editors do."""
    names = [f"{namespace}-team-{number}" for number in range(TEAMS)]
    items = [item for name in names for item in _team(name)]
    product.apply({"apiVersion": "v1", "kind": "List", "items": items})
    yield names
    product.kubectl("delete", "namespace", "--wait=false", *names)


def _team(name: str) -> list[dict[str, Any]]:
    rbac = "rbac.authorization.k8s.io"
    labels = {"may-write": "yes"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "editor", "namespace": name},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": name}],
        },
    ]


def test_twenty_teams_write_their_own_keys_and_nothing_else(
    make: Make, teams: list[str], product: Product
) -> None:
    selector = {"matchLabels": {"may-write": "yes"}}
    nsc = make(replicas=2, kvDelegation={"from": "Selector", "namespaceSelector": selector})
    objects = [
        Nskv(nsc, "mine", team, user=team).apply({f"key-{number}": team})
        for number, team in enumerate(teams)
    ]
    for each in objects:
        each.wait_row("1 2/2 True Synced")
    assert held(nsc) == [{f"key-{number}": team for number, team in enumerate(teams)}] * 2
    intruder = Nskv(nsc, "mine", teams[1], user=teams[0])
    with pytest.raises(KubectlError, match="forbidden"):
        intruder.apply({"key-1": "stolen"})
    with pytest.raises(KubectlError, match="forbidden"):
        intruder.kubectl("-n", nsc.namespace, "patch", "nsc", nsc.name, "--type=merge", "-p", "{}")
    product.kubectl("label", "namespace", teams[0], "may-write-")
    objects[0].wait_row("1 2/2 False NotPermitted")
    objects[0].apply({"key-0": "changed"})
    nsc.patch(**own(later="1"))
    nsc.wait_ready()
    assert held(nsc)[0]["key-0"] == teams[0]
    objects[0].delete()
    assert "key-0" not in held(nsc)[0]
