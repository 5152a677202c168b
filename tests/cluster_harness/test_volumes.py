"""Volumes and the changes that reach running pods."""

from harness.wait import until
from harness.workspace import Workspace

MOUNT = {"name": "vol", "mountPath": "/vol"}
SHOW_CHANGES = """
import os, time
last = None
while True:
    now = {name: open('/vol/' + name).read() for name in sorted(os.listdir('/vol'))
           if not name.startswith('..')}
    if now != last:
        print(now, flush=True)
        last = now
    time.sleep(0.05)
"""


def test_changes_of_a_configmap_reach_a_running_pod_all_at_once(workspace: Workspace) -> None:
    workspace.apply(_configmap({"a": "1", "b": "1"}))
    volumes = [{"name": "vol", "configMap": {"name": "conf"}}]
    command = ("python3", "-c", SHOW_CHANGES)
    workspace.apply(workspace.pod("reader", *command, volumes=volumes, volumeMounts=[MOUNT]))
    workspace.wait_log("reader", "{'a': '1', 'b': '1'}")
    workspace.apply(_configmap({"a": "2", "c": "2"}))
    log = workspace.wait_log("reader", "{'a': '2', 'c': '2'}", timeout=3)
    assert "Traceback" not in log


def test_secrets_items_modes_and_sub_paths(workspace: Workspace) -> None:
    workspace.kubectl("create", "secret", "generic", "s", "--from-literal=k=value")
    items = [{"key": "k", "path": "deep/file", "mode": 0o400}]
    volumes = [{"name": "vol", "secret": {"secretName": "s", "items": items}}]
    mounts = [MOUNT, {"name": "vol", "mountPath": "/etc/app.conf", "subPath": "deep/file"}]
    script = "stat -Lc %a /vol/deep/file; cat /etc/app.conf; echo x > /vol/y; echo end"
    workspace.apply(
        workspace.pod(
            "secretive",
            *("sh", "-c", script),
            volumes=volumes,
            volumeMounts=mounts,
            restartPolicy="Never",
        )
    )
    log = workspace.wait_log("secretive", "end")
    assert log.startswith("400\nvalue")
    assert "Read-only file system" in log


def test_projected_sources_and_the_pods_own_labels(workspace: Workspace) -> None:
    workspace.apply(_configmap({"a": "1"}))
    labels = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
    sources = [
        {"configMap": {"name": "conf"}},
        {"secret": {"name": "absent", "optional": True}},
        {"downwardAPI": {"items": [labels]}},
    ]
    volumes = [{"name": "vol", "projected": {"sources": sources}}]
    command = ("python3", "-c", SHOW_CHANGES)
    workspace.apply(workspace.pod("mixed", *command, volumes=volumes, volumeMounts=[MOUNT]))
    workspace.wait_log("mixed", """{'a': '1', 'labels': 'app="mixed"\\n""")
    workspace.kubectl("label", "pod", "mixed", "color=red")
    workspace.wait_log("mixed", """'app="mixed"\\ncolor="red"\\n""", timeout=3)


def test_a_claim_keeps_its_data_until_it_is_deleted(workspace: Workspace) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "disk"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    volumes = [{"name": "vol", "persistentVolumeClaim": {"claimName": "disk"}}]
    pod = workspace.pod(
        "writer",
        *("sh", "-c", "date >> /vol/log; wc -l < /vol/log; exec sleep 100"),
        volumes=volumes,
        volumeMounts=[MOUNT],
    )
    workspace.apply(claim, pod)
    workspace.wait_log("writer", "1")
    workspace.kubectl("delete", "pod", "writer")
    workspace.apply(pod)
    workspace.wait_log("writer", "2")
    volume = workspace.get("persistentvolumeclaims", "disk")["spec"]["volumeName"]
    workspace.kubectl("delete", "pod", "writer")
    workspace.kubectl("delete", "pvc", "disk")
    until(
        lambda: workspace.cluster.kubectl("get", "pv", volume, check=False).returncode != 0,
        timeout=15,
        what="the volume to be removed",
    )


def _configmap(data: dict[str, str]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": data}
