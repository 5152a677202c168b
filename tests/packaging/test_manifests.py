"""What `kubectl apply -k manifests` installs, and what it lets whom do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cluster import Cluster
from harness.wait import until

Object = dict[str, Any]
ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "manifests/samples").glob("*.yaml"))
OPERATOR = "system:serviceaccount:rocketmq-system:rocketmq-operator"

MAY = [
    ("list", "namesrv.dev", "nameserverclusters", ""),
    ("patch", "namesrv.dev", "nameserverclusters/status", ""),
    ("update", "namesrv.dev", "nameserverclusters/finalizers", ""),
    ("watch", "namesrv.dev", "nameserverkvconfigs", ""),
    ("patch", "namesrv.dev", "nameserverkvconfigs", ""),
    ("patch", "namesrv.dev", "nameserverkvconfigs/status", ""),
    ("get", "", "namespaces", ""),
    ("patch", "apps", "statefulsets", ""),
    ("delete", "", "pods", ""),
    ("patch", "", "persistentvolumeclaims", ""),
    ("create", "", "events", ""),
    ("watch", "apiextensions.k8s.io", "customresourcedefinitions", ""),
    ("create", "coordination.k8s.io", "leases", "rocketmq-system"),
]
MAY_NOT = [
    ("patch", "namesrv.dev", "nameserverclusters", ""),
    ("delete", "namesrv.dev", "nameserverclusters", ""),
    ("delete", "namesrv.dev", "nameserverkvconfigs", ""),
    ("list", "", "namespaces", ""),
    ("watch", "", "secrets", ""),
    ("list", "", "secrets", ""),
    ("create", "", "pods", ""),
    ("create", "", "pods/exec", ""),
    ("delete", "", "persistentvolumeclaims", ""),
    ("create", "rbac.authorization.k8s.io", "rolebindings", ""),
    ("create", "coordination.k8s.io", "leases", "default"),
    ("create", "", "serviceaccounts/token", ""),
]


def allowed(api: Any, user: str, what: tuple[str, str, str, str]) -> bool:
    verb, group, resource, namespace = what
    resource, _, sub = resource.partition("/")
    attributes = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": sub,
        "namespace": namespace,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
    answer = api.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer.body["status"]["allowed"])


def test_applying_it_again_changes_nothing(kubernetes: Cluster, installed: str) -> None:
    assert "deployment.apps/rocketmq-operator" in installed
    difference = kubernetes.kubectl("diff", "-k", ROOT / "manifests", check=False)
    assert (difference.returncode, difference.stdout) == (0, "")


def test_the_api_can_be_installed_as_a_directory_of_files(kubernetes: Cluster) -> None:
    done = kubernetes.kubectl("apply", "--dry-run=server", "-f", ROOT / "crds")
    assert "nameserverclusters.namesrv.dev" in done.stdout
    assert "nameserverkvconfigs.namesrv.dev" in done.stdout


@pytest.mark.usefixtures("installed")
def test_the_operators_pods_pass_the_restricted_profile(kubernetes: Cluster) -> None:
    pods = ("get", "pods", "-n", "rocketmq-system", "-o", "name")
    until(
        lambda: len(kubernetes.kubectl(*pods).stdout.split()) == 2,
        timeout=30,
        what="the two pods of the operator to be made",
    )


@pytest.mark.parametrize("what", MAY, ids=lambda what: " ".join(what[:3:2]))
@pytest.mark.usefixtures("installed")
def test_the_operator_may(api: Any, what: tuple[str, str, str, str]) -> None:
    assert allowed(api, OPERATOR, what)


@pytest.mark.parametrize("what", MAY_NOT, ids=lambda what: " ".join(what[:3:2]))
@pytest.mark.usefixtures("installed")
def test_the_operator_may_not(api: Any, what: tuple[str, str, str, str]) -> None:
    assert not allowed(api, OPERATOR, what)


@pytest.mark.parametrize(
    ("role", "verb", "resource", "can"),
    [
        ("view", "get", "nameserverclusters", True),
        ("view", "patch", "nameserverclusters", False),
        ("edit", "create", "nameserverclusters", True),
        ("edit", "patch", "nameserverclusters/scale", True),
        ("edit", "patch", "nameserverclusters/status", False),
        ("admin", "delete", "nameserverclusters", True),
        ("view", "get", "nameserverkvconfigs", True),
        ("edit", "create", "nameserverkvconfigs", True),
        ("edit", "patch", "nameserverkvconfigs/status", False),
    ],
)
@pytest.mark.usefixtures("installed")
def test_people_with_kubernetes_own_roles(
    kubernetes: Cluster, api: Any, role: str, verb: str, resource: str, can: bool
) -> None:
    binding = ("rolebinding", f"a-{role}", f"--clusterrole={role}", f"--user=a-{role}")
    made = kubernetes.kubectl("create", *binding, "--dry-run=client", "-o", "yaml").stdout
    kubernetes.kubectl("apply", "-f", "-", input=made)
    what = (verb, "namesrv.dev", resource, "default")
    until(
        lambda: allowed(api, f"a-{role}", what) == can,
        timeout=15,
        what=f"{role} {'to be' if can else 'not to be'} allowed to {verb} {resource}",
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
@pytest.mark.usefixtures("crd")
def test_sample(kubernetes: Cluster, sample: Path) -> None:
    flags = ("--dry-run=server", "--validate=strict")
    assert kubernetes.kubectl("apply", *flags, "-f", sample).stderr == ""


def test_the_servers_run_the_image_of_the_operator_unless_told_otherwise() -> None:
    deployment = yaml.safe_load((ROOT / "manifests/deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert env["NAMESERVER_IMAGE"] == container["image"]


def test_nothing_that_is_installed_looks_like_a_child_of_a_cluster(kubernetes: Cluster) -> None:
    text = kubernetes.kubectl("kustomize", ROOT / "manifests").stdout
    for manifest in yaml.safe_load_all(text):
        assert "app.kubernetes.io/managed-by" not in manifest["metadata"].get("labels", {})
