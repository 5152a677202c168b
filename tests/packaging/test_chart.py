"""The charts, the manifests and the API's definitions: they agree, and an API server takes them."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from harness import generated, helm, schemas
from harness.cluster import Cluster
from harness.errors import HarnessError
from harness.peercrds import peer_crds
from harness.prometheus import MONITORS
from rocketmq_operator import __version__

Object = dict[str, Any]
ROOT = Path(__file__).parents[2]
CHART = ROOT / generated.OPERATOR_CHART
CLUSTER_CHART = ROOT / generated.CLUSTER_CHART
SYSTEM = "rocketmq-system"
RIGHTS: Final = "rocketmq-nameserver-operator"
BY_HELM: Final = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
}
"""Labels that only the chart gives; the first one is in its selectors, too."""
KEPT: Final = {"annotations": {"helm.sh/resource-policy": "keep"}}
"""Of the CustomResourceDefinitions of the chart."""
EVERYTHING: Final[Object] = {
    "scope": "Namespaces",
    "namespaces": ["team-a", "team-b"],
    "crds": {"annotations": {"a": "b"}, "keep": False},
    "serviceAccount": {"name": "mine", "annotations": {"a": "b"}},
    "replicas": 3,
    "image": {
        "registry": "registry.example.com:5000",
        "repository": "mq/operator",
        "tag": "1.2",
        "digest": f"sha256:{'0' * 64}",
        "pullPolicy": "Always",
        "pullSecrets": [{"name": "registry"}],
    },
    "nameserverImage": "mine:1",
    "log": {"level": "debug", "format": "json"},
    "extraArgs": ["--http=0.0.0.0:8081"],
    "extraEnv": [{"name": "A", "value": "b"}],
    "extraEnvFrom": [{"secretRef": {"name": "s", "optional": True}}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "system-cluster-critical",
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "metrics": {
        "service": {"annotations": {"a": "b"}},
        "serviceMonitor": {"enabled": True, "interval": "1m30s", "labels": {"a": "b"}},
        "podMonitor": {"enabled": True, "interval": "15s", "labels": {"a": "b"}},
        "nameServerPodMonitor": {"enabled": True, "interval": "15s", "labels": {"a": "b"}},
        "prometheusRule": {"enabled": True, "labels": {"a": "b"}},
        "grafanaDashboard": {"enabled": True, "labels": {"a": "b"}},
    },
    "networkPolicy": {"enabled": True, "from": [{"podSelector": {}}], "egress": [{}]},
    "commonLabels": {"team": "a"},
    "commonAnnotations": {"note": "b"},
    "podLabels": {"team": "b"},
    "podAnnotations": {"note": "c"},
}
PROFILES: Final[dict[str, Object]] = {
    "the whole cluster": {},
    "listed namespaces": {"scope": "Namespaces", "namespaces": ["team-a", "team-b"]},
    "one namespace": {"scope": "ReleaseNamespace", "crds": {"install": False}},
    "everything": EVERYTHING,
    "by people": {"rbac": {"create": False}, "serviceAccount": {"create": False}},
}


def rendered(values: Object | None = None, name: str = "rocketmq-operator") -> list[Object]:
    return helm.template(CHART, values, name=name, namespace=SYSTEM)


def by_name(objects: Sequence[Object]) -> dict[tuple[str, str, str], Object]:
    found = {}
    for each in objects:
        metadata = each["metadata"]
        found[each["kind"], metadata.get("namespace", ""), metadata["name"]] = each
    assert len(found) == len(objects)
    return found


def bare(value: Any) -> Any:
    """An object of the chart without what Helm adds."""
    if isinstance(value, list):
        return [bare(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: bare(each) for key, each in value.items() if key not in BY_HELM}
    return {key: each for key, each in kept.items() if (key, each) not in KEPT.items()}


def test_what_is_made_from_other_files_is_up_to_date() -> None:
    files = generated.files()
    stale = [str(path) for path, text in files.items() if generated.current(path) != text]
    assert stale == [], "run `make generated`"


def test_the_chart_makes_what_the_manifests_make() -> None:
    manifests = helm.documents(generated.kustomized())
    wanted = by_name([each for each in manifests if each["kind"] != "Namespace"])
    assert by_name([bare(each) for each in rendered()]) == wanted


def test_the_definitions_are_those_of_the_api() -> None:
    files = sorted((ROOT / "crds").glob("*.yaml"))
    written = by_name([yaml.safe_load(path.read_text()) for path in files])
    assert written
    assert written.items() <= by_name([bare(each) for each in rendered()]).items()


def test_the_monitors_are_those_of_the_manifests() -> None:
    on = {"enabled": True}
    values = {"metrics": {"serviceMonitor": on, "nameServerPodMonitor": on}}
    made = [(each["kind"], each.get("spec")) for each in map(bare, rendered(values))]
    for written in map(bare, yaml.safe_load_all(MONITORS.read_text())):
        assert (written["kind"], written["spec"]) in made


@pytest.mark.parametrize("values", [PROFILES["listed namespaces"], EVERYTHING])
def test_in_namespaces_the_rights_are_those_for_the_cluster_but_for_what_has_none(
    values: Object,
) -> None:
    everywhere = by_name(rendered())["ClusterRole", "", RIGHTS]["rules"]
    definitions = [rule for rule in everywhere if rule["apiGroups"] == ["apiextensions.k8s.io"]]
    objects = by_name(rendered(values))
    for namespace in values["namespaces"]:
        rules = objects["Role", namespace, RIGHTS]["rules"]
        assert [*rules, *definitions] == everywhere
        binding = objects["RoleBinding", namespace, RIGHTS]
        assert binding["roleRef"]["kind"] == "Role"
        assert binding["subjects"][0]["namespace"] == SYSTEM


@pytest.mark.parametrize("release", ["rocketmq-operator", "second"])
def test_no_name_in_the_whole_cluster_is_one_of_another_operator(release: str) -> None:
    names = {
        each["metadata"]["name"]
        for each in rendered(name=release)
        if "namespace" not in each["metadata"] and each["kind"] != "CustomResourceDefinition"
    }
    assert len(names) == len(("rights", "view", "edit"))
    assert all(RIGHTS in name for name in names)


def test_one_namespace_needs_no_rights_in_the_cluster() -> None:
    values = PROFILES["one namespace"] | {"rbac": {"userRoles": False}}
    objects = rendered(values)
    assert {each["metadata"].get("namespace") for each in objects} == {SYSTEM}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"replica": 3}, "additional properties 'replica' not allowed"),
        ({"scope": "cluster"}, "'Cluster', 'Namespaces', 'ReleaseNamespace'"),
        ({"scope": "Namespaces"}, "/namespaces"),
        ({"namespaces": ["team-a"]}, "/namespaces"),
        ({"image": {"digest": "sha256:1"}}, "/image/digest"),
        ({"image": {"pullSecrets": ["registry"]}}, "/image/pullSecrets/0"),
        ({"podLabels": {"a": 1}}, "/podLabels/a"),
        ({"log": {"level": "INFO"}}, "/log/level"),
        ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "/podDisruptionBudget"),
        ({"fullnameOverride": "a.b"}, "/fullnameOverride"),
        ({"fullnameOverride": 53 * "a"}, "/fullnameOverride"),
    ],
    ids=str,
)
def test_values_that_make_no_sense_are_refused_by_name(values: Object, words: str) -> None:
    with pytest.raises(HarnessError) as raised:
        rendered(values)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "values", [{"priorityClassName": 253 * "a"}, {"fullnameOverride": 52 * "a"}]
)
def test_names_may_be_as_long_as_kubernetes_takes_them(values: dict[str, str]) -> None:
    (name,) = values.values()
    assert f'"{name}"' in json.dumps(rendered(values))


@pytest.mark.parametrize("chart", [CHART, CLUSTER_CHART], ids=lambda chart: chart.name)
def test_chart(chart: Path) -> None:
    described = yaml.safe_load((chart / "Chart.yaml").read_text())
    assert (described["version"], described["appVersion"]) == (__version__, __version__)
    assert "1 chart(s) linted, 0 chart(s) failed" in helm.helm("lint", "--strict", chart)


@pytest.mark.parametrize("profile", PROFILES)
def test_lint(profile: str) -> None:
    helm.helm("lint", "--strict", CHART, *helm.options(PROFILES[profile]))


def test_helm_3_renders_it_as_its_unit_tests_say() -> None:
    done = subprocess.run(
        [helm.UNITTEST.built(), "--strict", CHART], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def ready(kubernetes: Cluster, crd: Object) -> Cluster:
    """An API server with the namespaces and the kinds that charts speak of."""
    assert crd
    for file in peer_crds():
        kubernetes.kubectl("apply", "--server-side", "-f", file)
    kubernetes.kubectl("wait", "--for=condition=Established", "crd", "--all")
    for name in (SYSTEM, "team-a", "team-b"):
        modes = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        metadata = {"name": name, "labels": modes}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        kubernetes.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump(namespace))
    return kubernetes


@pytest.fixture(scope="module")
def known(ready: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Schemas of all kinds of the API server."""
    directory = tmp_path_factory.mktemp("schemas")
    schemas.write(ready, directory)
    return directory


@pytest.mark.parametrize("profile", PROFILES)
def test_an_api_server_takes_it_where_pods_must_be_restricted(ready: Cluster, profile: str) -> None:
    text = yaml.safe_dump_all(rendered(PROFILES[profile], name="charted"))
    flags = ("--dry-run=server", "--validate=strict")
    assert ready.kubectl("apply", *flags, "-f", "-", input=text).stderr == ""


@pytest.mark.parametrize("sample", ["broker", "mqadmin"])
def test_pods_to_start_from_are_taken_there(ready: Cluster, sample: str) -> None:
    flags = ("--namespace=team-a", "--dry-run=server", "--validate=strict")
    file = ROOT / f"manifests/samples/{sample}.yaml"
    assert ready.kubectl("apply", *flags, "-f", file).stderr == ""


@pytest.mark.parametrize("profile", PROFILES)
def test_it_fits_the_schemas_of_the_api(known: Path, profile: str) -> None:
    assert schemas.check(known, yaml.safe_dump_all(rendered(PROFILES[profile]))) == ""


def test_the_file_to_install_fits_the_schemas_of_the_api(known: Path) -> None:
    assert schemas.check(known, (ROOT / generated.INSTALL).read_text()) == ""


def test_the_monitors_fit_the_schemas_of_the_api(known: Path) -> None:
    assert schemas.check(known, MONITORS.read_text()) == ""


def test_the_schemas_see_what_is_wrong(known: Path) -> None:
    objects = by_name(rendered())
    deployment = objects["Deployment", SYSTEM, "rocketmq-operator"]
    deployment["spec"]["replica"] = 1
    assert "replica" in schemas.check(known, yaml.safe_dump(deployment))


CLASHING: Final = {
    "app.kubernetes.io/name": "theirs",
    "app.kubernetes.io/component": "theirs",
    "number": "1",
}


def test_names_and_labels_are_texts_and_ours_win() -> None:
    values = {
        "scope": "Namespaces",
        "namespaces": ["123"],
        "serviceAccount": {"name": "456"},
        "commonLabels": CLASHING,
        "podLabels": CLASHING,
    }
    objects = helm.template(CHART, values, name="789", namespace="42")
    for each in objects:
        metadata = each["metadata"]
        texts = [metadata["name"], metadata.get("namespace", ""), *metadata["labels"].values()]
        assert [text for text in texts if not isinstance(text, str)] == []
        assert metadata["labels"]["app.kubernetes.io/name"] == "rocketmq-operator"
    (deployment,) = [each for each in objects if each["kind"] == "Deployment"]
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize(("name", "made"), [("", "r" * 40), ("on", "on"), ("n" * 40, "n" * 40)])
def test_a_cluster_s_name_is_a_text(name: str, made: str) -> None:
    values = {"name": name, "labels": CLASHING}
    (cluster,) = helm.template(CLUSTER_CHART, values, name="r" * 40, namespace="team-a")
    assert cluster["metadata"]["name"] == made
    assert cluster["metadata"]["labels"]["app.kubernetes.io/name"] == "nameserver-cluster"


@pytest.mark.parametrize(("release", "name"), [("r" * 41, ""), ("r", "n" * 41)])
def test_a_cluster_s_name_that_is_too_long_is_refused(release: str, name: str) -> None:
    with pytest.raises(HarnessError, match="40"):
        helm.template(CLUSTER_CHART, {"name": name}, name=release, namespace="team-a")


@pytest.mark.parametrize("sample", ["minimal", "basic", "production", "order-topics"])
def test_a_cluster_by_values(ready: Cluster, sample: str) -> None:
    written = yaml.safe_load((ROOT / f"manifests/samples/{sample}.yaml").read_text())
    values = {"spec": written.get("spec", {}), "labels": {"a": "b"}, "annotations": {"c": "d"}}
    (made,) = helm.template(CLUSTER_CHART, values, name="prod", namespace="team-a")
    assert (made["metadata"]["name"], made.get("spec")) == ("prod", written.get("spec"))
    flags = ("--dry-run=server", "--validate=strict")
    assert ready.kubectl("apply", *flags, "-f", "-", input=yaml.safe_dump(made)).stderr == ""
