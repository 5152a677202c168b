"""From the version before the charts to this one, as docs/install.md goes, with a broker and
clients: the servers' pods are not what they were, so they are rolled, as docs/upgrades.md says."""

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from harness import previous
from harness.cluster import KubectlError
from harness.embedded import EmbeddedCluster
from harness.images import PRODUCT_IMAGE
from harness.java.pods import FRESH_NAMES, LOOKUP_CLIENTS, BrokerPod, LookupsPod, produce
from harness.product import DEPLOYMENT, WAIT, Nsc, Product
from harness.release import Release
from harness.sampling import sampled
from harness.server import Server
from harness.traffic import LookedUp
from harness.wait import until

NAMESPACE: Final = "from-before"
TOPIC: Final = "Upgraded"
HTTP: Final = 8080
SNAPSHOT: Final = "/api/v1/snapshot"
PATIENCE: Final = 240.0
"""Seconds for three servers, to each of which the broker finds the way within half a minute."""
CUT_OFF: Final = LOOKUP_CLIENTS * 3
"""Lookups that may be lost, one of each client at the end of each of three servers of the previous
version: it cut off whoever was connected. What is there afterwards sends clients on first."""
BASE: Final[dict[str, Any]] = {
    "resources": {"requests": {"cpu": "20m"}, "limits": {"memory": "512Mi"}},
    "rollout": {"minReadySeconds": 0},
    "pod": {"terminationGracePeriodSeconds": 5},
}
ENTRIES: Final = {"region": "eu-1"}
SPECS: Final[dict[str, dict[str, Any]]] = {
    "plain": {"replicas": 3, **BASE},
    "settings": {
        "replicas": 2,
        "namesrvConfig": {"orderMessageEnable": "true"},
        "kvConfig": [{"kvNamespace": "app", "entries": ENTRIES}],
        "storage": {"size": "16Mi"},
        **BASE,
    },
    "following": {"replicas": 2, "imageUpdatePolicy": "FollowOperator", **BASE},
}
"""What people had asked the previous version for, by name."""
THEIRS: Final = {"by": "somebody"}
"""Entries that no spec knows: only the volume keeps them."""
NEW_FIELDS: Final = {
    "spec.containers[nameserver].env[NAMESRV_PEERS]",
    "spec.containers[nameserver].lifecycle",
}
NEW_IMAGE: Final = "spec.containers[nameserver].image"
Clusters = Mapping[str, Nsc]
Started = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Upgrade:
    """What was seen, from before the upgrade until all servers were well again.

    `ready` counts servers at every look, `reasons` are fields that a rollout named; both by
    cluster. `brokers` is what the status said of them.
    """

    before: Started
    ready: Mapping[str, list[int]]
    reasons: Mapping[str, set[str]]
    brokers: set[str]
    looked_up: LookedUp


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[EmbeddedCluster]:
    with EmbeddedCluster(name="previous") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def product(kubernetes: EmbeddedCluster, tmp_path_factory: pytest.TempPathFactory) -> Product:
    """The operator of the previous version, by its own manifests."""
    tree = tmp_path_factory.mktemp("previous")
    previous.extract(tree)
    kubernetes.images.add(previous.IMAGE, previous.image(tree))
    product = Product(kubernetes)
    product.install(tree / "manifests")
    return product


@pytest.fixture(scope="module")
def release(product: Product) -> Release:
    return Release(product)


@pytest.fixture(scope="module")
def clusters(product: Product) -> Clusters:
    """Made by the previous version."""
    product.kubectl("create", "namespace", NAMESPACE)
    made = {name: Nsc(product, name, NAMESPACE).create(**spec) for name, spec in SPECS.items()}
    for nsc in made.values():
        nsc.wait_ready()
    for address in made["settings"].servers().values():
        Server(address).put("theirs", "by", "somebody")
    return made


@pytest.fixture(scope="module")
def upgrade(clusters: Clusters, release: Release) -> Upgrade:
    """The upgrade, once, with a broker of all clusters and clients of the plain one."""
    plain, before = clusters["plain"], started(clusters)
    every = ";".join(nsc.addresses("namesrvAddr") for nsc in clusters.values())
    with BrokerPod(plain.workspace, every, flags=[FRESH_NAMES]):
        client = plain.addresses("client")
        assert produce(plain.workspace, client, TOPIC, 10).failed == 0
        for nsc in clusters.values():
            nsc.wait_columns(BROKERS="1/1", VIEWS="Converged")
        with LookupsPod(plain.workspace, client, TOPIC, brokers=1) as lookups:
            with sampled(lambda: {name: look(nsc) for name, nsc in clusters.items()}) as seen:
                release.take_over()
                for name, nsc in clusters.items():
                    nsc.wait_rolled(before[name], PATIENCE)
                    nsc.wait_ready()
            looked_up = lookups.so_far()
    return Upgrade(
        before=before,
        ready={name: [each[name][0] for each in seen] for name in clusters},
        reasons={name: {field for each in seen for field in each[name][1]} for name in clusters},
        brokers={each[name][2] for each in seen for name in clusters},
        looked_up=looked_up,
    )


def started(clusters: Clusters) -> Started:
    """When each server started, by cluster and pod."""
    return {name: nsc.started() for name, nsc in clusters.items()}


def look(nsc: Nsc) -> tuple[int, list[str], str]:
    """Servers that are ready, why pods are replaced, and the brokers that are online."""
    status = nsc.status()
    return len(nsc.ready()), status["rollout"].get("reasons", []), status["brokersOnline"]


def snapshot(nsc: Nsc) -> set[int]:
    """Codes by which its servers answer what a server of this version asks others for."""
    found = set()
    for address in nsc.servers(HTTP).values():
        try:
            with urllib.request.urlopen(f"http://{address}{SNAPSHOT}", timeout=10) as answer:
                found.add(int(answer.status))
        except urllib.error.HTTPError as error:
            with error:
                found.add(error.code)
    return found


def test_it_is_the_previous_version_that_is_upgraded(product: Product, clusters: Clusters) -> None:
    with pytest.raises(KubectlError, match="doesn't have a resource type"):
        product.kubectl("get", "nskv")
    for nsc in clusters.values():
        template = nsc.kubectl("get", "statefulset", f"{nsc.name}-nameserver", "-o", "yaml")
        assert "preStop" not in template
        assert snapshot(nsc) == {404}


def test_servers_are_replaced_one_at_a_time_and_it_is_told_why(
    clusters: Clusters, upgrade: Upgrade
) -> None:
    assert {name: min(ready) for name, ready in upgrade.ready.items()} == {
        name: spec["replicas"] - 1 for name, spec in SPECS.items()
    }
    reasons = {"plain": NEW_FIELDS, "settings": NEW_FIELDS, "following": {*NEW_FIELDS, NEW_IMAGE}}
    assert upgrade.reasons == reasons
    for nsc in clusters.values():
        assert nsc.condition("Ready")["status"] == "True"
        assert nsc.status()["observedGeneration"] == nsc.get()["metadata"]["generation"]


def test_no_server_lacks_a_route_and_no_broker_is_lost_meanwhile(upgrade: Upgrade) -> None:
    found = upgrade.looked_up
    assert found.no_route == 0
    assert found.failed <= CUT_OFF < found.asked, found.last_error
    assert upgrade.brokers == {"1/1"}


@pytest.mark.usefixtures("upgrade")
def test_servers_keep_their_image_unless_they_follow_the_operator(clusters: Clusters) -> None:
    images = {
        name: {pod["spec"]["containers"][0]["image"] for pod in nsc.pods().values()}
        for name, nsc in clusters.items()
    }
    pinned = {previous.IMAGE}
    assert images == {"plain": pinned, "settings": pinned, "following": {PRODUCT_IMAGE}}
    answers = {name: snapshot(nsc) for name, nsc in clusters.items()}
    assert answers == {"plain": {404}, "settings": {404}, "following": {200}}


@pytest.mark.usefixtures("upgrade")
def test_what_servers_held_is_there(clusters: Clusters) -> None:
    for server in map(Server, clusters["settings"].servers().values()):
        assert server.kv("theirs") == THEIRS
        assert server.kv("app") == ENTRIES
        assert server.config("orderMessageEnable") == "true"


@pytest.mark.usefixtures("upgrade")
def test_the_api_is_the_new_one_and_old_objects_are_valid(
    product: Product, clusters: Clusters
) -> None:
    product.kubectl("-n", NAMESPACE, "annotate", "nsc", "--all", "example.com/stored=again")
    before = started(clusters)
    for name, nsc in clusters.items():
        nsc.create(**SPECS[name])
        nsc.patch(flavor="Native")
        nsc.wait_ready()
    clusters["settings"].add_entries(team="a")
    held = [Server(at).kv("app") for at in clusters["settings"].servers().values()]
    assert held == [{**ENTRIES, "team": "a"}] * 2
    assert started(clusters) == before


@pytest.mark.usefixtures("upgrade")
def test_it_goes_on_without_the_rights_of_before_and_restarts_no_server(
    product: Product, clusters: Clusters, release: Release
) -> None:
    product.kubectl("delete", "clusterrolebinding,clusterrole", DEPLOYMENT)
    before, operators = started(clusters), set(product.operator_pods())
    release.upgrade(log={"level": "debug"})
    until(lambda: operators.isdisjoint(product.operator_pods()), timeout=WAIT, what="new operators")
    for name, nsc in clusters.items():
        nsc.patch(replicas=SPECS[name]["replicas"] + 1)
    for name, nsc in clusters.items():
        nsc.wait_ready()
        assert len(nsc.ready()) == SPECS[name]["replicas"] + 1
        assert before[name].items() <= nsc.started().items()
