"""The cache: the newest version of each object wins, in whatever order the news arrives."""

from typing import Any

from rocketmq_operator.reconciler.kinds import CLUSTER, POD, Key
from rocketmq_operator.reconciler.kube.store import Store

KEY = Key("ns", "prod")


def pod(version: int, name: str = "p0", uid: str = "u") -> dict[str, Any]:
    labels = {"namesrv.dev/cluster": "prod"}
    return {
        "metadata": {
            "namespace": "ns", "name": name, "uid": uid,
            "labels": labels, "resourceVersion": str(version),
        }
    }  # fmt: skip


def test_news_of_a_member_names_its_cluster() -> None:
    store = Store()
    assert store.put(POD, pod(5)) == KEY
    assert store.members(KEY, POD) == [pod(5)]


def test_an_older_version_is_no_news() -> None:
    store = Store()
    store.put(POD, pod(10))
    assert store.put(POD, pod(9)) is None
    assert store.put(POD, pod(10)) is None
    assert store.members(KEY, POD) == [pod(10)]


def test_versions_compare_as_numbers() -> None:
    store = Store()
    store.put(POD, pod(9))
    assert store.put(POD, pod(10)) == KEY


def test_a_late_event_does_not_bring_a_deleted_object_back() -> None:
    store = Store()
    store.put(POD, pod(5))
    assert store.remove(POD, pod(8)) == KEY
    assert store.put(POD, pod(7)) is None
    assert store.members(KEY, POD) == []


def test_a_new_object_of_the_same_name_comes_after_the_deletion() -> None:
    store = Store()
    store.remove(POD, pod(8))
    assert store.put(POD, pod(9, uid="u2")) == KEY


def test_the_deletion_of_a_former_object_spares_its_successor() -> None:
    store = Store()
    store.put(POD, pod(9, uid="u2"))
    assert store.remove(POD, pod(8, uid="u1")) is None
    assert len(store.members(KEY, POD)) == 1


def test_a_list_drops_what_vanished_and_keeps_what_is_newer_than_it() -> None:
    store = Store()
    store.put(POD, pod(5, "gone"))
    store.put(POD, pod(21, "new"))
    assert store.replace(POD, [pod(7, "kept")], 20) == {KEY}
    names = [obj["metadata"]["name"] for obj in store.members(KEY, POD)]
    assert names == ["kept", "new"]


def test_an_object_that_lost_its_label_is_no_member() -> None:
    store = Store()
    store.put(POD, pod(5))
    stranger = pod(6)
    stranger["metadata"]["labels"] = {}
    store.put(POD, stranger)
    assert store.members(KEY, POD) == []


def test_clusters_are_found_by_their_key() -> None:
    store = Store()
    body = {"metadata": {"namespace": "ns", "name": "prod", "uid": "u", "resourceVersion": "1"}}
    assert store.put(CLUSTER, body) == KEY
    assert list(store.clusters()) == [KEY]
    assert store.cluster(KEY) == body
