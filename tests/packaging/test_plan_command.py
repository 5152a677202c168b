"""`rocketmq-operator plan` and a real API server: what it tells, and that it changes nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from harness.api import Object
from harness.cluster import Cluster

PROGRAM = Path(sys.executable).parent / "rocketmq-operator"


@pytest.fixture
def namespace(kubernetes: Cluster, crd: Object) -> Iterator[str]:
    assert crd
    name = f"plan-{uuid4().hex[:8]}"
    kubernetes.kubectl("create", "namespace", name)
    yield name
    kubernetes.kubectl("delete", "namespace", name, "--wait=false")


def manifest(**spec: object) -> str:
    return json.dumps(
        {
            "apiVersion": "namesrv.dev/v1alpha1",
            "kind": "NameServerCluster",
            "metadata": {"name": "prod"},
            "spec": spec,
        }
    )


def planned(
    kubernetes: Cluster, namespace: str, text: str, *words: str
) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, "plan", "-f", "-", "-n", namespace, "--kubeconfig", kubernetes.kubeconfig]
    return subprocess.run(
        [*command, *words], input=text, capture_output=True, text=True, timeout=60, check=False
    )


def test_it_foresees_the_making_and_the_change_of_a_cluster(
    kubernetes: Cluster, namespace: str
) -> None:
    told = planned(kubernetes, namespace, manifest(replicas=2))
    assert (told.returncode, told.stderr) == (0, "")
    assert f"NameServerCluster {namespace}/prod\n  create ServiceAccount prod-nameserver" in (
        told.stdout
    )
    assert "No resources found" in kubernetes.kubectl("get", "nsc", "-n", namespace).stderr
    kubernetes.kubectl("apply", "-n", namespace, "-f", "-", input=manifest(replicas=2))
    before = kubernetes.kubectl("get", "nsc", "prod", "-n", namespace, "-o", "yaml").stdout
    changed = planned(kubernetes, namespace, manifest(replicas=2, logLevel="debug"), "-o", "json")
    assert json.loads(changed.stdout)["because"] == [
        "spec.containers[nameserver].env[NAMESRV_LOG_LEVEL].value"
    ]
    assert kubernetes.kubectl("get", "nsc", "prod", "-n", namespace, "-o", "yaml").stdout == before


@pytest.mark.parametrize("flags", [(), ("--server-side",)], ids=["client-side", "server-side"])
def test_it_foresees_what_applying_leaves_to_others_and_what_it_takes_away(
    kubernetes: Cluster, namespace: str, flags: tuple[str, ...]
) -> None:
    kubectl = kubernetes.kubectl
    first = manifest(logLevel="debug", resources={"limits": {"memory": "1Gi"}})
    kubectl("apply", *flags, "-n", namespace, "-f", "-", input=first)
    kubectl("scale", "nsc/prod", "--replicas=5", "-n", namespace)
    same = planned(kubernetes, namespace, first)
    assert (same.returncode, same.stdout) == (
        0,
        f"NameServerCluster {namespace}/prod\n  nothing changes\n",
    )
    second = manifest(resources={"limits": {"memory": "1Gi"}})
    told = json.loads(planned(kubernetes, namespace, second, "-o", "json").stdout)
    assert told["because"] == ["spec.containers[nameserver].env[NAMESRV_LOG_LEVEL].value"]
    assert told["notes"] == []
    kubectl("apply", *flags, "-n", namespace, "-f", "-", input=second)
    assert "nothing changes" in planned(kubernetes, namespace, second).stdout


def test_it_foresees_what_the_entries_of_others_do_to_a_cluster(
    kubernetes: Cluster, namespace: str
) -> None:
    kubernetes.kubectl("apply", "-n", namespace, "-f", "-", input=manifest(replicas=2))
    entries = {"clusterRef": {"name": "prod"}, "kvNamespace": "app", "entries": {"a": "1"}}
    body = {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerKVConfig",
        "metadata": {"name": "shop"},
        "spec": entries,
    }
    told = planned(kubernetes, namespace, json.dumps(body))
    assert (told.returncode, told.stderr) == (0, "")
    assert "  on every server, while it runs:\n      put KV app/a = 1\n" in told.stdout
    kubernetes.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(body))
    assert "nothing changes" in planned(kubernetes, namespace, json.dumps(body)).stdout
    body["spec"] = {**entries, "entries": {"a": "2"}}
    assert "put KV app/a = 2" in planned(kubernetes, namespace, json.dumps(body)).stdout


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"replicas": 0}, "replicas must be at least 1"),
        ({"replicsa": 3}, 'unknown field "spec.replicsa"'),
    ],
)
def test_it_repeats_what_the_api_server_refuses(
    kubernetes: Cluster, namespace: str, spec: dict[str, object], words: str
) -> None:
    told = planned(kubernetes, namespace, manifest(**spec))
    assert told.returncode == 1
    assert words in told.stderr
    assert "Traceback" not in told.stderr
