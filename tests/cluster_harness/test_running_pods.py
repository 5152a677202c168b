"""Pods run as on any node."""

import pytest

from harness.workspace import Workspace

SERVE = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000, bind='0.0.0.0')"


def test_a_pod_becomes_ready_with_an_address_of_its_own(workspace: Workspace) -> None:
    workspace.apply(workspace.pod("web", "python3", "-c", SERVE))
    workspace.wait_ready("web")
    status = workspace.get("pods", "web")["status"]
    assert status["phase"] == "Running"
    assert status["podIP"].startswith("127.")
    assert status["podIP"] != status["hostIP"]
    assert status["containerStatuses"][0]["restartCount"] == 0
    workspace.wait_log("web", f"Serving HTTP on {status['podIP']} port 8000")


def test_two_pods_listen_on_the_same_port(workspace: Workspace) -> None:
    for name in ("one", "two"):
        probe = {"httpGet": {"port": 8000}, "periodSeconds": 1}
        workspace.apply(workspace.pod(name, "python3", "-c", SERVE, readinessProbe=probe))
    workspace.wait_ready("one", "two")


def test_a_container_sees_its_own_processes_and_host_name_only(workspace: Workspace) -> None:
    program = "import os; print(os.getpid(), os.uname().nodename, os.getuid(), os.listdir('/home'))"
    workspace.apply(
        workspace.pod(
            "seen", "sh", "-c", f'mkdir /home; exec python3 -c "{program}"', restartPolicy="Never"
        )
    )
    workspace.wait_log("seen", "1 seen 65532 []")
    workspace.wait_phase("seen", "Succeeded")
    ended = workspace.container("seen")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (0, "Completed")


def test_init_containers_run_first_and_in_order(workspace: Workspace) -> None:
    image = "rocketmq-operator:0.1.0"
    mount = [{"name": "data", "mountPath": "/data"}]
    init = [
        {
            "name": f"step{number}",
            "image": image,
            "command": ["sh", "-c", f"echo {number} >> /data/steps"],
            "volumeMounts": mount,
        }
        for number in (1, 2)
    ]
    pod = workspace.pod(
        "steps",
        *("sh", "-c", "cat /data/steps; exec sleep 100"),
        initContainers=init,
        volumes=[{"name": "data", "emptyDir": {}}],
        volumeMounts=mount,
    )
    workspace.apply(pod)
    workspace.wait_ready("steps")
    assert workspace.wait_log("steps", "2").split() == ["1", "2"]
    assert workspace.container("steps", "step1")["ready"]


def test_a_read_only_root_can_be_written_only_where_volumes_are(workspace: Workspace) -> None:
    script = "touch /tmp/x; touch /x; test -f /tmp/x && echo kept"
    pod = workspace.pod(
        "fixed",
        *("sh", "-c", script),
        securityContext={"readOnlyRootFilesystem": True, "runAsUser": 1234},
        volumes=[{"name": "tmp", "emptyDir": {}}],
        volumeMounts=[{"name": "tmp", "mountPath": "/tmp"}],
        restartPolicy="Never",
    )
    workspace.apply(pod)
    log = workspace.wait_log("fixed", "kept")
    assert "'/x': Read-only file system" in log


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (3, "Failed")])
def test_a_pod_that_is_not_restarted_ends(workspace: Workspace, code: int, phase: str) -> None:
    script = f"echo farewell > /dev/termination-log; exit {code}"
    workspace.apply(workspace.pod("job", "sh", "-c", script, restartPolicy="Never"))
    workspace.wait_phase("job", phase)
    ended = workspace.container("job")["state"]["terminated"]
    assert (ended["exitCode"], ended["message"]) == (code, "farewell")


def test_the_api_server_can_be_asked_with_the_pods_own_token(workspace: Workspace) -> None:
    program = """
import os, ssl, urllib.request
base = "/var/run/secrets/kubernetes.io/serviceaccount/"
host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
request = urllib.request.Request(
    f"https://{host}:{port}/apis/authentication.k8s.io/v1/selfsubjectreviews",
    data=b'{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}',
    headers={"Authorization": "Bearer " + open(base + "token").read(),
             "Content-Type": "application/json"})
trust = ssl.create_default_context(cafile=base + "ca.crt")
print(urllib.request.urlopen(request, context=trust).read().decode())
"""
    workspace.apply(workspace.pod("who", "python3", "-c", program, restartPolicy="Never"))
    workspace.wait_log("who", f"system:serviceaccount:{workspace.namespace}:default")
