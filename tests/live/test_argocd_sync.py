"""NameServerClusters as Argo CD sees and syncs them, by its own engine: what git says comes about
and stays, what git leaves out is left alone, and what git drops goes as a whole."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
import trustme
import yaml

from harness.argocd import CUSTOMIZATIONS, by_gopher
from harness.argosync import CLIENT_SIDE, IN_SYNC, NONE, SERVER_SIDE, Application, ArgoCD, Mode
from harness.audit import Write, writes
from harness.product import DEPLOYMENT, POLL, SAMPLES, SMALL, SYSTEM, WAIT, Nsc, Product
from harness.server import Server
from harness.wait import until

Object = dict[str, Any]
API: Final = "namesrv.dev/v1alpha1"
NAME: Final = "mq"
SECRET: Final = "servers"
VOLUME: Final = f"persistentvolumeclaim/data-{NAME}-nameserver-0"
MODES: Final = {"client-side": CLIENT_SIDE, "server-side": SERVER_SIDE}
OPERATOR: Final = f"system:serviceaccount:{SYSTEM}:{DEPLOYMENT}"


@pytest.fixture(scope="module")
def argocd(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCD]:
    with ArgoCD(product.cluster.kubeconfig, tmp_path_factory.mktemp("argocd")) as argocd:
        yield argocd


@pytest.fixture(params=MODES.values(), ids=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    found: Mode = request.param
    return found


@pytest.fixture
def application(argocd: ArgoCD, namespace: str, mode: Mode) -> Application:
    return Application(argocd, "team", namespace, mode)


@pytest.fixture
def nsc(product: Product, namespace: str) -> Iterator[Nsc]:
    """The cluster of the application, once it is synced."""
    found = Nsc(product, NAME, namespace)
    yield found
    found.kubectl("delete", "nskv,nsc", "--all", "--wait=false")


def cluster(**spec: Any) -> Object:
    """A NameServerCluster as git has it."""
    defaults = {"replicas": 1, "resources": SMALL, "pod": {"terminationGracePeriodSeconds": 5}}
    metadata = {"name": NAME}
    return {
        "apiVersion": API,
        "kind": "NameServerCluster",
        "metadata": metadata,
        "spec": {**defaults, **spec},
    }


def kv(**entries: str) -> list[Object]:
    return [{"kvNamespace": "app", "entries": entries}]


def team_kv(**entries: str) -> Object:
    """A NameServerKVConfig as git has it."""
    spec = {"clusterRef": {"name": NAME}, "kvNamespace": "team", "entries": entries}
    metadata = {"name": "team"}
    return {"apiVersion": API, "kind": "NameServerKVConfig", "metadata": metadata, "spec": spec}


def certificate() -> Object:
    """A Secret with a certificate of the servers, as git has it."""
    authority = trustme.CA()
    issued = authority.issue_cert("nameserver.example.com")
    texts = {
        "tls.crt": issued.cert_chain_pems[0].bytes(),
        "tls.key": issued.private_key_pem.bytes(),
        "ca.crt": authority.cert_pem.bytes(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": SECRET},
        "data": {name: base64.b64encode(text).decode() for name, text in texts.items()},
    }


def drifts(application: Application) -> None:
    until(
        lambda: application.compare().sync == "OutOfSync",
        timeout=WAIT,
        what="a difference that Argo CD sees",
        interval=POLL,
    )


def applied(nsc: Nsc) -> Object:
    """All of the object but its status, with who wrote what of that when."""
    found = nsc.get()
    del found["status"], found["metadata"]["resourceVersion"]
    managed = found["metadata"]["managedFields"]
    found["metadata"]["managedFields"] = [each for each in managed if "subresource" not in each]
    return found


def operator_writes(nsc: Nsc) -> list[Write]:
    """What the operator wrote in the namespace, but for statuses and Events."""
    return [
        each
        for each in writes(nsc.product.cluster.audit_log())
        if (each.user, each.namespace) == (OPERATOR, nsc.namespace)
        and each.resource != "events"
        and not each.resource.endswith("/status")
    ]


def holds(nsc: Nsc, **entries: str) -> None:
    """Wait until its server has these entries."""
    until(
        lambda: [Server(at).kv("app") for at in nsc.servers().values()] == [entries],
        timeout=WAIT,
        what=f"a server with {entries}",
        interval=POLL,
    )


def remains(nsc: Nsc, *names: str) -> None:
    """Wait until this is all that is left in the namespace."""
    what = ("nsc,nskv,secrets,pvc", "-o", "name")
    until(
        lambda: nsc.leftovers() + nsc.kubectl("get", *what).split() == list(names),
        timeout=WAIT,
        what=f"no more than {names}",
        interval=POLL,
    )


def act(nsc: Nsc, action: str) -> None:
    """One of the actions that Argo CD offers on its pages."""
    script = CUSTOMIZATIONS / "namesrv.dev/NameServerCluster/actions" / action / "action.lua"
    before = nsc.get()
    after = by_gopher(script.read_text(), before)["spec"]
    names = before["spec"].keys() | after.keys()
    changed = {
        name: after.get(name) for name in names if before["spec"].get(name) != after.get(name)
    }
    nsc.patch(**changed)


def test_the_first_sync_makes_it_healthy_and_the_next_writes_nothing(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster(kvConfig=kv(a="1"))]
    assert application.compare().state == ("OutOfSync", "Missing")
    application.converge()
    tree = application.compare().tree
    assert {"StatefulSet", "Pod", "Service", "ConfigMap"} < {each.kind for each in tree}
    assert [each.kind for each in tree if each.tracked] == ["NameServerCluster"]
    before, written = applied(nsc), operator_writes(nsc)
    application.sync()
    assert application.compare().state == IN_SYNC
    assert application.differences() == NONE
    assert applied(nsc) == before
    assert operator_writes(nsc) == written


def test_edits_in_git_come_about_and_edits_by_hand_are_put_back(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster(kvConfig=kv(a="1"))]
    application.converge()
    started = nsc.started()
    application.objects[0]["spec"]["kvConfig"] = kv(a="2")
    drifts(application)
    application.converge()
    holds(nsc, a="2")
    nsc.patch(kvConfig=kv(a="3"))
    drifts(application)
    application.converge()
    holds(nsc, a="2")
    assert nsc.started() == started


def test_a_kv_namespace_added_by_hand_is_a_difference_client_side_only(
    application: Application, nsc: Nsc, mode: Mode
) -> None:
    application.objects = [cluster(suspend=True, kvConfig=kv(a="1"))]
    application.sync()
    added = [*kv(a="1"), {"kvNamespace": "hand", "entries": {"b": "1"}}]
    nsc.patch(kvConfig=added, paused=True)
    until(
        lambda: "spec.paused" in application.compare().resources[0].message,
        timeout=WAIT,
        what="both edits to be seen",
        interval=POLL,
    )
    client_side = mode == CLIENT_SIDE
    assert application.compare().sync == ("OutOfSync" if client_side else "Synced")
    application.sync()
    spec = nsc.get()["spec"]
    assert spec["paused"]
    assert spec["kvConfig"] == (kv(a="1") if client_side else added)


def test_what_actions_set_is_no_difference_and_stays(application: Application, nsc: Nsc) -> None:
    application.objects = [cluster()]
    application.converge()
    act(nsc, "restart")
    act(nsc, "pause")
    application.wait("Synced", "Suspended")
    assert application.differences() == NONE
    before = nsc.get()["spec"]
    application.sync()
    assert nsc.get()["spec"] == before
    act(nsc, "resume")
    until(
        lambda: application.compare().health != "Suspended",
        timeout=WAIT,
        what="a cluster that goes on",
        interval=POLL,
    )
    assert application.compare().sync == "Synced"


def test_replicas_that_git_leaves_out_are_whose_who_scales(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster(suspend=True)]
    replicas = application.objects[0]["spec"].pop("replicas")
    application.sync()
    nsc.kubectl("scale", "nsc", NAME, "--replicas=2")
    until(lambda: nsc.status().get("observedGeneration") == 2, timeout=WAIT, what="it to be seen")
    application.wait("Synced", "Suspended")
    application.sync()
    assert nsc.get()["spec"]["replicas"] == 2
    application.objects[0]["spec"]["replicas"] = replicas
    application.sync()
    del application.objects[0]["spec"]["replicas"]
    application.sync()
    assert nsc.get()["spec"]["replicas"] == 3


def test_replicas_that_are_not_compared_are_applied_unless_that_is_respected(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster(suspend=True)]
    application.sync()
    nsc.kubectl("scale", "nsc", NAME, "--replicas=2")
    drifts(application)
    application.ignore_differences = ["/spec/replicas"]
    application.wait("Synced", "Suspended")
    application.respect_ignore_differences = True
    application.sync()
    assert nsc.get()["spec"]["replicas"] == 2
    application.respect_ignore_differences = False
    application.sync()
    assert nsc.get()["spec"]["replicas"] == 1


def test_all_that_it_can_have_stays_in_sync_and_goes_as_a_whole(
    application: Application, nsc: Nsc
) -> None:
    everything = cluster(
        tls={"mode": "Enforcing", "secretName": SECRET},
        external={"type": "NodePort"},
        storage={"size": "1Gi"},
        kvConfig=kv(a="1"),
        orderTopics={"orders": "broker-a:4"},
        namesrvConfig={"orderMessageEnable": "true"},
    )
    application.objects = [certificate(), everything, team_kv(b="1")]
    application.converge()
    assert application.differences() == NONE
    assert nsc.status()["addresses"]["external"]
    tracked = {each.kind for each in application.compare().tree if each.tracked}
    assert tracked == {"Secret", "NameServerCluster", "NameServerKVConfig"}
    application.objects = []
    drifts(application)
    application.sync()
    assert nsc.status()["ready"] == "1/1"
    application.sync(prune=True)
    remains(nsc, VOLUME)
    application.wait(*IN_SYNC)


def test_no_sample_differs_from_what_the_api_server_made_of_it(application: Application) -> None:
    for path in sorted(SAMPLES.glob("*.yaml")):
        for each in yaml.safe_load_all(path.read_text()):
            if each["kind"] == "NameServerCluster":
                each["spec"] = {**each.get("spec", {}), "paused": True}
                application.objects.append(each)
    application.sync()
    application.wait("Synced", "Suspended")
    assert application.differences() == NONE


def test_an_application_can_move_to_server_side_apply(
    argocd: ArgoCD, namespace: str, nsc: Nsc
) -> None:
    application = Application(argocd, "team", namespace, CLIENT_SIDE)
    application.objects = [cluster(suspend=True, logLevel="debug", kvConfig=kv(a="1"))]
    application.sync()
    application.mode = SERVER_SIDE
    application.wait("Synced", "Suspended")
    application.sync()
    application.wait("Synced", "Suspended")
    assert application.differences() == NONE
    del application.objects[0]["spec"]["logLevel"]
    application.objects[0]["spec"]["kvConfig"] = kv(b="1")
    application.sync()
    assert nsc.get()["spec"]["logLevel"] == "info"
    assert nsc.get()["spec"]["kvConfig"] == kv(b="1")


def test_by_label_a_namesake_of_the_cluster_takes_retained_volumes_for_its_own(
    argocd: ArgoCD, nsc: Nsc
) -> None:
    by_label = replace(CLIENT_SIDE, tracking="label")
    namesake, other = (
        Application(argocd, name, nsc.namespace, by_label, [cluster(storage={"size": "1Gi"})])
        for name in (NAME, "team")
    )
    namesake.converge()
    other.converge()
    tree = other.compare().tree
    assert [each.kind for each in tree if each.tracked] == ["NameServerCluster"]
    assert "PersistentVolumeClaim" in {each.kind for each in tree}
    other.objects = namesake.objects = []
    other.sync(prune=True)
    remains(nsc, VOLUME)
    other.wait(*IN_SYNC)
    until(
        lambda: [each.kind for each in namesake.compare().resources] == ["PersistentVolumeClaim"],
        timeout=WAIT,
        what="a volume that the namesake would prune",
        interval=POLL,
    )
