"""NameServerClusters as Argo CD sees and syncs them, by its own engine: what git says comes about and
stays, what git leaves out is left alone, and what git drops goes as a whole."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
import trustme
import yaml

from harness.argocd import CUSTOMIZATIONS, by_gopher
from harness.argosync import CLIENT_SIDE, SERVER_SIDE, STRUCTURED, Application, ArgoCD, Mode
from harness.audit import Write, writes
from harness.embedded import EmbeddedCluster
from harness.product import DEPLOYMENT, MANIFESTS, POLL, SAMPLES, SYSTEM, WAIT, Nsc, Product
from harness.server import Server
from harness.wait import until

Object = dict[str, Any]
API: Final = "namesrv.dev/v1alpha1"
NAME: Final = "mq"
SECRET: Final = "servers"
SMALL: Final = {"requests": {"cpu": "20m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
IN_SYNC: Final = ("Synced", "Healthy")
MODES: Final = {"client-side": CLIENT_SIDE, "server-side": SERVER_SIDE}
WAYS: Final = [mode.diff for mode in (CLIENT_SIDE, STRUCTURED, SERVER_SIDE)]
"""All ways that Argo CD has to find differences."""
OPERATOR: Final = f"system:serviceaccount:{SYSTEM}:{DEPLOYMENT}"
WAVE: Final = "argocd.argoproj.io/sync-wave"
LAST_APPLIED: Final = 262144
"""Bytes that all annotations of an object may have."""


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


def becomes(application: Application, *state: str) -> None:
    """Wait until Argo CD shows the application so."""
    until(
        lambda: application.compare().state == state,
        timeout=WAIT,
        what=f"an application that is {' and '.join(state)}",
        interval=POLL,
    )


def drifts(application: Application) -> None:
    until(
        lambda: application.compare().sync == "OutOfSync",
        timeout=WAIT,
        what="a difference that Argo CD sees",
        interval=POLL,
    )


def sync(application: Application, *, prune: bool = False) -> None:
    done = application.sync(prune=prune)
    assert done.phase == "Succeeded", done


def converge(application: Application) -> None:
    """Sync and wait until all is well."""
    sync(application)
    becomes(application, *IN_SYNC)


def differences(application: Application) -> dict[str, list[str]]:
    """What is out of sync, by each way to find differences."""
    return {
        way: [
            f"{e.kind}/{e.name}" for e in application.compare(way).resources if e.sync != "Synced"
        ]
        for way in WAYS
    }


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


def held(nsc: Nsc, table: str = "app") -> list[dict[str, str]]:
    return [Server(address).kv(table) for address in nsc.servers().values()]


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
    converge(application)
    tree = application.compare().tree
    assert {"StatefulSet", "Pod", "Service", "ConfigMap"} < {each.kind for each in tree}
    assert [each.kind for each in tree if each.tracked] == ["NameServerCluster"]
    before, written = applied(nsc), operator_writes(nsc)
    sync(application)
    assert application.compare().state == IN_SYNC
    assert differences(application) == dict.fromkeys(WAYS, [])
    assert applied(nsc) == before
    assert operator_writes(nsc) == written


def test_edits_in_git_come_about_and_edits_by_hand_are_put_back(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster(kvConfig=kv(a="1"))]
    converge(application)
    started = nsc.started()
    application.objects[0]["spec"]["kvConfig"] = kv(a="2")
    drifts(application)
    converge(application)
    assert held(nsc) == [{"a": "2"}]
    nsc.patch(kvConfig=kv(a="3"))
    drifts(application)
    converge(application)
    until(lambda: held(nsc) == [{"a": "2"}], timeout=WAIT, what="what git says", interval=POLL)
    assert nsc.started() == started


def test_what_people_set_and_git_leaves_out_is_no_difference_and_stays(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster()]
    converge(application)
    act(nsc, "restart")
    act(nsc, "pause")
    becomes(application, "Synced", "Suspended")
    assert differences(application) == dict.fromkeys(WAYS, [])
    before = nsc.get()["spec"]
    sync(application)
    assert nsc.get()["spec"] == before
    act(nsc, "resume")
    becomes(application, *IN_SYNC)


def test_replicas_that_git_leaves_out_are_whose_who_scales(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster()]
    del application.objects[0]["spec"]["replicas"]
    application.objects[0]["spec"]["suspend"] = True
    sync(application)
    nsc.kubectl("scale", "nsc", NAME, "--replicas=2")
    until(lambda: nsc.status().get("observedGeneration") == 2, timeout=WAIT, what="it to be seen")
    becomes(application, "Synced", "Suspended")
    sync(application)
    assert nsc.get()["spec"]["replicas"] == 2


def test_replicas_in_git_are_put_back_even_if_not_compared_unless_told_to_respect_that(
    application: Application, nsc: Nsc
) -> None:
    application.objects = [cluster(suspend=True)]
    sync(application)
    nsc.kubectl("scale", "nsc", NAME, "--replicas=2")
    drifts(application)
    application.ignore_differences = ["/spec/replicas"]
    becomes(application, "Synced", "Suspended")
    application.respect_ignore_differences = True
    sync(application)
    assert nsc.get()["spec"]["replicas"] == 2
    application.respect_ignore_differences = False
    sync(application)
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
    converge(application)
    assert differences(application) == dict.fromkeys(WAYS, [])
    assert nsc.status()["addresses"]["external"]
    tracked = {each.kind for each in application.compare().tree if each.tracked}
    assert tracked == {"Secret", "NameServerCluster", "NameServerKVConfig"}
    application.objects = []
    drifts(application)
    sync(application)
    assert nsc.status()["ready"] == "1/1"
    sync(application, prune=True)
    until(lambda: not nsc.leftovers(), timeout=WAIT, what="nothing left", interval=POLL)
    ours = nsc.kubectl("get", "nsc,nskv,secrets,pvc", "-o", "name").split()
    assert ours == [f"persistentvolumeclaim/data-{NAME}-nameserver-0"]
    becomes(application, *IN_SYNC)


def test_no_sample_is_ever_different_from_what_the_api_server_made_of_it(
    application: Application, nsc: Nsc
) -> None:
    for path in sorted(SAMPLES.glob("*.yaml")):
        for each in yaml.safe_load_all(path.read_text()):
            if each["kind"] == "NameServerCluster":
                each["spec"] = {**each.get("spec", {}), "paused": True}
                application.objects.append(each)
    assert len(application.objects) > 5
    sync(application)
    becomes(application, "Synced", "Suspended")
    assert differences(application) == dict.fromkeys(WAYS, [])


@pytest.mark.parametrize("name", [NAME, "team"])
def test_label(name: str, argocd: ArgoCD, nsc: Nsc) -> None:
    mode = replace(CLIENT_SIDE, tracking="label")
    application = Application(argocd, name, nsc.namespace, mode)
    application.objects = [cluster(storage={"size": "1Gi"})]
    converge(application)
    print(name, application.compare().tree)
    application.objects = []
    sync(application, prune=True)
    until(lambda: not nsc.leftovers(), timeout=WAIT, what="nothing left", interval=POLL)
    print(name, application.compare())


def test_one_application_installs_the_operator_with_its_clusters_and_removes_both(tmp_path) -> None:
    with EmbeddedCluster(name="argocd") as own, ArgoCD(own.kubeconfig, tmp_path) as argocd:
        product = Product(own)
        application = Application(argocd, "platform", SYSTEM, CLIENT_SIDE)
        application.objects = list(yaml.safe_load_all((MANIFESTS / "install.yaml").read_text()))
        for each in (cluster(), team_kv(b="1")):
            each["metadata"]["annotations"] = {WAVE: "1"}
            application.objects.append(each)
        import time

        t = time.monotonic()
        converge(application)
        print("CSA", time.monotonic() - t)
        print(differences(application))
        application.mode = SERVER_SIDE
        print(application.compare())
        converge(application)
        print("SSA", time.monotonic() - t)
        print(differences(application))
        application.objects = []
        sync(application, prune=True)
        print("PRUNED", time.monotonic() - t)
        print(application.compare())
        print(product.kubectl("get", "crd,ns,clusterroles,clusterrolebindings", "-o", "name"))
        print("END", time.monotonic() - t)
