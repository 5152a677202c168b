"""The CustomResourceDefinition as a whole: size, defaults, documentation, status, scale."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import kstatus_program
from harness.cluster import Cluster
from rocketmq_operator.protocol.configuration import PROPERTIES, Effect
from rocketmq_operator.reconciler.spec import parse

Object = dict[str, Any]
FILE = Path(__file__).parents[2] / "crds/nameserverclusters.namesrv.dev.yaml"
WRITTEN: Object = yaml.safe_load(FILE.read_text())
SCHEMA: Object = WRITTEN["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
PATH = "/apis/namesrv.dev/v1alpha1/namespaces/default/nameserverclusters"
ALL_SERVER_DEFAULTS: Object = {"metadata": {"name": "d", "namespace": "default", "uid": "u"}}


def held(live: Any, written: Any) -> bool:
    if isinstance(written, dict):
        return isinstance(live, dict) and all(held(live.get(k), v) for k, v in written.items())
    if isinstance(written, list):
        return (
            isinstance(live, list) and len(live) == len(written) and all(map(held, live, written))
        )
    return bool(live == written)


def schemas(schema: Object, path: str = "") -> Iterator[tuple[str, Object]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from schemas(part, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from schemas(schema[name], f"{path}[]")


def test_it_fits_the_annotation_of_a_client_side_apply() -> None:
    assert len(json.dumps(WRITTEN)) < 150_000


def test_the_server_keeps_it_as_written(crd: Object) -> None:
    assert held(crd["spec"], WRITTEN["spec"])


@pytest.mark.parametrize("spec", [{}, {"spec": {}}], ids=["absent", "empty"])
@pytest.mark.usefixtures("crd")
def test_the_defaults_of_the_schema_are_those_of_the_operator(api: Any, spec: Object) -> None:
    body = {"apiVersion": "namesrv.dev/v1alpha1", "kind": "NameServerCluster", **spec}
    answer = api.ask("POST", PATH, {**body, "metadata": {"name": "d"}}, dryRun="All")
    assert answer.status == 201, answer.message
    served = parse({**answer.body, **ALL_SERVER_DEFAULTS}, "image").spec
    assert served == parse(ALL_SERVER_DEFAULTS, "image").spec
    assert answer.body["spec"]["replicas"] == 3


def test_every_field_of_ours_is_explained() -> None:
    borrowed = (".affinity", ".tolerations[]", ".topologySpreadConstraints[]", ".env[]")
    borrowed += (".securityContext.", ".containerSecurityContext.", ".envFrom[]", ".dnsConfig.")
    borrowed += (".volumes[]", ".volumeMounts[]", ".initContainers[]", ".sidecars[]")
    borrowed += (".hostAliases[]", ".remotingFrom[]", ".httpFrom[]")
    silent = [
        path
        for path, schema in schemas(SCHEMA)
        if not schema.get("description")
        and not path.endswith("[]")
        and path not in {".apiVersion", ".kind", ".metadata"}
        and not any(part in path for part in borrowed)
    ]
    assert silent == []


def test_everything_is_bounded_and_typed() -> None:
    for path, schema in schemas(SCHEMA):
        assert "x-kubernetes-preserve-unknown-fields" not in schema, path
        kind = schema.get("type")
        if kind == "array":
            assert "maxItems" in schema, path
        if kind == "object" and "additionalProperties" in schema:
            assert "maxProperties" in schema, path
        if kind == "string" and path not in {".apiVersion", ".kind"}:
            assert {"maxLength", "enum", "format"} & schema.keys(), path


def test_list_items_have_no_defaults() -> None:
    assert [path for path, schema in schemas(SCHEMA) if "[]" in path and "default" in schema] == []


def test_every_property_that_only_the_operator_sets_is_refused() -> None:
    rules = json.dumps(SCHEMA["properties"]["spec"]["properties"]["namesrvConfig"])
    fixed = {name for name, known in PROPERTIES.items() if known.effect is Effect.FIXED}
    assert fixed
    assert [name for name in fixed if f"'{name}'" not in rules] == []


@pytest.mark.usefixtures("crd")
def test_kubectl_explains_it(kubernetes: Cluster) -> None:
    text = kubernetes.kubectl("explain", "nsc.spec").stdout
    assert "Number of NameServers, 1 to 9" in text
    assert "Full, Summary, Disabled" in kubernetes.kubectl("explain", "nsc.spec.brokers").stdout


@pytest.fixture
def made(kubernetes: Cluster, crd: Object) -> Iterator[str]:
    """A NameServerCluster that is there; its name."""
    assert crd
    manifest = "{apiVersion: namesrv.dev/v1alpha1, kind: NameServerCluster, metadata: {name: made}}"
    kubernetes.kubectl("apply", "-f", "-", input=manifest)
    yield "made"
    kubernetes.kubectl("delete", "nsc", "made")


def test_scale_subresource(kubernetes: Cluster, made: str) -> None:
    kubernetes.kubectl("scale", f"nsc/{made}", "--replicas=5")
    assert kubernetes.kubectl("get", "nsc", made, "-o", "jsonpath={.spec.replicas}").stdout == "5"
    refused = kubernetes.kubectl("scale", f"nsc/{made}", "--replicas=0", check=False)
    assert "set suspend: true" in refused.stderr


STATUS = {
    "observedGeneration": 1,
    "phase": "Running",
    "message": "3 servers ready",
    "replicas": 3,
    "selector": "namesrv.dev/cluster=made",
    "ready": "3/3",
    "brokersOnline": "1/1",
    "views": "Converged",
    "config": "Synced",
    "version": "0.1.0",
    "image": "rocketmq-operator:0.1.0",
    "addresses": {"client": "made-nameserver.default.svc:9876"},
}


def test_columns_show_the_status(kubernetes: Cluster, made: str) -> None:
    patch = ("patch", "nsc", made, "--subresource=status", "--type=merge", "-p")
    kubernetes.kubectl(*patch, json.dumps({"status": STATUS}))
    header, row = kubernetes.kubectl("get", "nsc", made).stdout.splitlines()
    assert header.split() == [
        "NAME",
        "READY",
        "STATUS",
        "BROKERS",
        "VIEWS",
        "CONFIG",
        "VERSION",
        "AGE",
    ]
    assert row.split()[:7] == [made, "3/3", "Running", "1/1", "Converged", "Synced", "0.1.0"]
    wide = kubernetes.kubectl("get", "rocketmq", "-o", "wide").stdout
    assert wide.splitlines()[0].split()[-3:] == ["ADDRESS", "MESSAGE", "IMAGE"]
    scale = kubernetes.kubectl("get", "nsc", made, "--subresource=scale", "-o", "yaml").stdout
    assert yaml.safe_load(scale)["status"] == {"replicas": 3, "selector": STATUS["selector"]}


def test_helm_and_flux_take_nothing_for_ready_that_no_operator_has_seen(
    kubernetes: Cluster, api: Any, made: str
) -> None:
    body = {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerKVConfig",
        "metadata": {"name": "unseen", "namespace": "default"},
        "spec": {"clusterRef": {"name": made}, "kvNamespace": "a", "entries": {"b": "c"}},
    }
    config = api.ask("POST", PATH.replace("clusters", "kvconfigs"), body)
    assert config.status == 201, config.message
    kubernetes.kubectl("delete", "nskv", "unseen")
    cluster = api.ask("GET", f"{PATH}/{made}").body
    found = kstatus_program.verdicts([cluster, config.body])
    assert [verdict.status for verdict in found] == ["InProgress", "InProgress"]


def test_waiting_for_a_condition(kubernetes: Cluster, made: str) -> None:
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "AllInSync",
        "message": "",
        "lastTransitionTime": "2026-01-02T03:04:05Z",
        "observedGeneration": 1,
    }
    patch = ("patch", "nsc", made, "--subresource=status", "--type=merge", "-p")
    kubernetes.kubectl(*patch, json.dumps({"status": {"conditions": [condition]}}))
    kubernetes.kubectl("wait", "--for=condition=Ready", f"nsc/{made}", "--timeout=10s")
