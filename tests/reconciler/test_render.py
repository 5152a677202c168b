"""``rocketmq-operator render``: what would be made, without a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.__main__ import cli

SAMPLES = [
    path
    for path in sorted((Path(__file__).parents[2] / "manifests/samples").glob("*.yaml"))
    if "kind: NameServerCluster\n" in path.read_text()
]
NSC = "{apiVersion: namesrv.dev/v1alpha1, kind: NameServerCluster, metadata: {name: a}, spec: {%s}}"


def rendered(text: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["render", "-f", "-", *words], input=text)


def names(result: Result) -> list[tuple[str, str, str]]:
    assert result.exit_code == 0, result.output
    objects: list[Any] = list(yaml.safe_load_all(result.stdout))
    return [(o["kind"], o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_rendered(sample: Path) -> None:
    found = {kind for kind, _, _ in names(CliRunner().invoke(cli, ["render", "-f", str(sample)]))}
    assert found >= {"StatefulSet", "Service", "ConfigMap", "ServiceAccount", "NetworkPolicy"}


def test_the_namespace_is_that_of_the_manifest_or_of_the_option() -> None:
    placed = NSC.replace("name: a", "name: b, namespace: own") % ""
    found = names(rendered(f"{NSC % ''}\n---\n{placed}", "-n", "given"))
    assert {(namespace, name) for kind, namespace, name in found if kind == "StatefulSet"} == {
        ("given", "a-nameserver"),
        ("own", "b-nameserver"),
    }


def test_objects_of_other_kinds_are_passed_over() -> None:
    other = "{apiVersion: v1, kind: Namespace, metadata: {name: n}}"
    found = names(rendered(f"{other}\n---\n---\n{NSC % 'replicas: 1'}"))
    assert {kind for kind, _, _ in found}.isdisjoint({"Namespace", "PodDisruptionBudget"})


NSKV = (
    "{apiVersion: namesrv.dev/v1alpha1, kind: NameServerKVConfig,"
    " metadata: {name: b, namespace: t},"
    " spec: {clusterRef: {name: a, namespace: n}, kvNamespace: app, entries: {k: v}}}"
)
NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: t, labels: {mq: 'yes'}}}"


@pytest.mark.parametrize(
    ("delegation", "others", "table"),
    [
        ("{from: All}", "", {"app": {"k": "v"}}),
        ("{from: Same}", "", {}),
        (
            "{from: Selector, namespaceSelector: {matchLabels: {mq: 'yes'}}}",
            f"---\n{NAMESPACE}",
            {"app": {"k": "v"}},
        ),
    ],
)
def test_entries_of_others_are_in_the_seed_where_the_cluster_takes_them(
    delegation: str, others: str, table: dict[str, dict[str, str]]
) -> None:
    done = rendered(f"{NSC % f'kvDelegation: {delegation}'}\n---\n{NSKV}\n{others}", "-n", "n")
    (seed,) = [o for o in yaml.safe_load_all(done.stdout) if o["kind"] == "ConfigMap"]
    assert json.loads(seed["data"]["kvConfig.json"]) == {"configTable": table}


def test_nothing_in_it_is_only_known_to_a_cluster() -> None:
    assert "ownerReferences" not in rendered(NSC % "").stdout
    assert "&id" not in rendered(NSC % "").stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "the file: there is no namesrv.dev/v1alpha1 NameServerCluster in it"),
        ("{", "the file: it is no YAML"),
        (
            NSKV.replace("name: a, ", ""),
            "spec.clusterRef.name: it is missing in NameServerKVConfig b",
        ),
        (NSC.replace("name: a", "") % "", "metadata.name: it is missing"),
        (NSC % "replicas: many", "spec.replicas: Expected `int`, got `str`"),
        (NSC % "resources: {limits: {cpu: much}}", "spec.resources.limits.cpu: "),
    ],
)
def test_what_cannot_be_rendered_is_named(text: str, words: str) -> None:
    error = rendered(text).exception
    assert isinstance(error, SpecError)
    assert words in str(error)
