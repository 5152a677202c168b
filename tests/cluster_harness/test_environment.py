"""Environment variables, commands and arguments of containers."""

import pytest

from harness.images import Image
from harness.node.environment import NoCommandError, command_line, expand, own_address
from harness.node.fields import quantity, resource_value
from harness.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)-$(B)", "1-$(B)"),
        ("$$(A)", "$(A)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A)$(A)", "11"),
        ("$()", "$()"),
    ],
)
def test_references_expand_as_kubernetes_expands_them(text: str, expected: str) -> None:
    assert expand(text, {"A": "1"}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:9876", "127.9.1.1:9876"),
        ("--listen=0.0.0.0", "--listen=127.9.1.1"),
        ("10.0.0.0", "10.0.0.0"),
        ("0.0.0.0.1", "0.0.0.0.1"),
    ],
)
def test_all_addresses_means_the_pods_address(text: str, expected: str) -> None:
    assert own_address(text, "127.9.1.1") == expected


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({}, ["enter", "default"]),
        ({"args": ["x"]}, ["enter", "x"]),
        ({"command": ["run"]}, ["run"]),
        ({"command": ["run"], "args": ["$(A)"]}, ["run", "1"]),
    ],
)
def test_the_container_overrides_what_the_image_runs(
    container: dict[str, list[str]], expected: list[str]
) -> None:
    image = Image(entrypoint=("enter",), command=("default",))
    assert command_line({"name": "c", **container}, image, {"A": "1"}) == expected


def test_an_image_without_a_command_needs_one() -> None:
    with pytest.raises(NoCommandError, match="'c'"):
        command_line({"name": "c"}, Image(), {})


@pytest.mark.parametrize(
    ("resource", "divisor", "expected"),
    [
        ("limits.cpu", "0", "2"),
        ("limits.cpu", "1m", "1500"),
        ("requests.memory", "1Mi", "65"),
        ("limits.memory", "1Gi", "64"),
    ],
)
def test_resources_are_divided_and_rounded_up(resource: str, divisor: str, expected: str) -> None:
    resources = {"limits": {"cpu": "1500m"}, "requests": {"memory": "65000Ki"}}
    resources["requests"]["memory"] = "66000Ki"
    pod = {"spec": {"containers": [{"name": "c", "resources": resources}]}}
    reference = {"resource": resource, "divisor": divisor}
    assert resource_value(pod, reference, "c") == expected


def test_quantities_have_decimal_and_binary_units() -> None:
    assert [int(quantity(text)) for text in ("1k", "1Ki", "2e3", "1.5G")] == [
        1000,
        1024,
        2000,
        1500000000,
    ]


def test_variables_come_from_everywhere_they_can_come_from(workspace: Workspace) -> None:
    def field(path: str) -> dict[str, object]:
        return {"valueFrom": {"fieldRef": {"fieldPath": path}}}

    secret = {"name": "hidden", "key": "pass"}
    absent = {"name": "absent", "key": "x", "optional": True}
    variables = [
        {"name": "POD", **field("metadata.name")},
        {"name": "NOTE", **field("metadata.annotations['note']")},
        {"name": "IP", **field("status.podIP")},
        {"name": "BOTH", "value": "$(POD) at $(IP)"},
        {"name": "PASS", "valueFrom": {"secretKeyRef": secret}},
        {"name": "NONE", "valueFrom": {"configMapKeyRef": absent}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    ]
    workspace.kubectl("create", "configmap", "settings", "--from-literal=level=debug")
    workspace.kubectl("create", "secret", "generic", "hidden", "--from-literal=pass=word")
    pod = workspace.pod(
        "told",
        *("sh", "-c", "env | sort; echo args $(POD)"),
        env=variables,
        envFrom=[{"prefix": "S_", "configMapRef": {"name": "settings"}}],
        resources={"limits": {"cpu": "2"}},
        restartPolicy="Never",
    )
    workspace.apply(pod)
    lines = workspace.wait_log("told", "args told").splitlines()
    ip = workspace.get("pods", "told")["status"]["podIP"]
    expected = [f"BOTH=told at {ip}", "CPU=2", "NOTE=1 2", "PASS=word", "S_level=debug"]
    assert [line for line in lines if line in expected] == expected
    assert not any(line.startswith("NONE=") for line in lines)


def test_a_container_waits_for_the_configmap_it_names(workspace: Workspace) -> None:
    late = {"configMapKeyRef": {"name": "late", "key": "x"}}
    command = ("sh", "-c", "echo X=$(X); exec sleep 100")
    workspace.apply(workspace.pod("patient", *command, env=[{"name": "X", "valueFrom": late}]))
    status = workspace.wait_waiting("patient", "CreateContainerConfigError")
    assert 'configmap "late" not found' in status["state"]["waiting"]["message"]
    workspace.kubectl("create", "configmap", "late", "--from-literal=x=1")
    workspace.wait_log("patient", "X=1")
