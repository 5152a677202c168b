"""Names in the cluster and where they lead."""

from typing import Any

from harness.images import PRODUCT_IMAGE
from harness.node.names import hosts_file, name_table
from harness.workspace import Workspace

RESOLVE = "import socket,sys; print(sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80)}))"


def test_a_headless_name_leads_to_all_pods_of_a_statefulset(workspace: Workspace) -> None:
    workspace.apply(_service(publish=False), _statefulset())
    workspace.kubectl("rollout", "status", "statefulset/web", "--timeout=30s")
    pods = [workspace.get("pods", f"web-{number}") for number in range(3)]
    addresses = sorted(pod["status"]["podIP"] for pod in pods)
    for name in ("web", f"web.{workspace.namespace}.svc"):
        assert _resolve(workspace, name) == str(addresses)
    one = f"web-1.web.{workspace.namespace}.svc.cluster.local"
    assert _resolve(workspace, one) == str([pods[1]["status"]["podIP"]])
    reachable = workspace.cluster.address(f"{one}:80")
    assert reachable == f"{pods[1]['status']['podIP']}:80"


def test_unready_pods_have_names_only_where_they_are_published() -> None:
    pods = [_pod("web-0", "127.9.1.1", ready=True), _pod("web-1", "127.9.1.2", ready=False)]
    hidden = name_table(pods, [_named(_service(publish=False))])
    assert hidden["web.ns.svc"] == ["127.9.1.1"]
    assert "web-1.web.ns.svc" not in hidden
    published = name_table(pods, [_named(_service(publish=True))])
    assert published["web.ns.svc"] == ["127.9.1.1", "127.9.1.2"]
    assert published["web-1.web.ns"] == ["127.9.1.2"]


def test_short_names_work_in_the_own_namespace_only() -> None:
    pod = _pod("web-0", "127.9.1.1", ready=True)
    table = name_table([pod], [_named(_service(publish=True))])
    near = hosts_file(table, pod).split()
    assert {"web", "web-0.web", "web-0", "localhost"} <= set(near)
    other = _pod("x", "127.9.1.9", ready=True)
    other["metadata"]["namespace"] = "elsewhere"
    far = hosts_file(table, other).split()
    assert "web" not in far
    assert "web.ns" in far


def _resolve(workspace: Workspace, name: str) -> str:
    pod = f"ask-{name.count('.')}-{len(name)}"
    workspace.apply(workspace.pod(pod, "python3", "-c", RESOLVE, name, restartPolicy="Never"))
    return workspace.wait_log(pod, "]").strip()


def _pod(name: str, address: str, *, ready: bool) -> dict[str, Any]:
    condition = {"type": "Ready", "status": str(ready)}
    return {
        "metadata": {"name": name, "namespace": "ns", "labels": {"app": "web"}},
        "spec": {"hostname": name, "subdomain": "web"},
        "status": {"podIP": address, "conditions": [condition]},
    }


def _named(service: dict[str, Any]) -> dict[str, Any]:
    return service | {"metadata": {"name": "web", "namespace": "ns"}}


def _service(*, publish: bool) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {
            "clusterIP": "None",
            "selector": {"app": "web"},
            "ports": [{"port": 80}],
            "publishNotReadyAddresses": publish,
        },
    }


def _statefulset() -> dict[str, Any]:
    container = {"name": "main", "image": PRODUCT_IMAGE, "command": ["sleep", "100"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {
            "serviceName": "web",
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }
