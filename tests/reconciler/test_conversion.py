"""``rocketmq-operator convert``: NameServices, what is refused, and the command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from harness.foreignservers import (
    BROKER,
    CONFIG_MAP,
    JAVA,
    NAME_SERVICE,
    NATIVE,
    STATEFUL_SET,
    Object,
    Way,
    changed,
    converted,
    in_container,
    name_service,
    remarks,
    replaced,
    service,
    spec,
)
from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.__main__ import cli
from rocketmq_operator.reconciler.conversion import convert


def test_a_name_service_becomes_a_cluster_of_the_same_name_and_size() -> None:
    (made,) = converted(NAME_SERVICE).clusters
    assert made == {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerCluster",
        "metadata": {"name": "name-service", "namespace": "mq"},
        "spec": {"replicas": 2, "resources": NAME_SERVICE["spec"]["resources"]},
    }


def test_an_image_is_for_servers_of_flavor_java_only() -> None:
    image = NAME_SERVICE["spec"]["nameServiceImage"]
    found = spec(NAME_SERVICE, flavor=JAVA)
    assert (found["flavor"], found["image"], found["imagePullPolicy"]) == ("Java", image, "Always")
    assert f"NameService mq/name-service: spec.nameServiceImage {image} (Always): left" in remarks(
        NAME_SERVICE
    )


SCHEDULING: Object = {
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "mq", "operator": "Exists", "effect": "NoSchedule"}],
    "priorityClassName": "high",
    "imagePullSecrets": [{"name": "registry"}],
    "securityContext": {"runAsUser": 3000, "fsGroup": 3000},
    "containerSecurityContext": {"readOnlyRootFilesystem": False},
    "serviceAccountName": "mq",
    "env": [{"name": "TZ", "value": "Asia/Shanghai"}],
}


def test_where_and_how_the_pods_of_a_name_service_run_is_kept() -> None:
    found = spec(name_service(**SCHEDULING, podAnnotations={"team": "mq"}))
    assert found["imagePullSecrets"] == [{"name": "registry"}]
    expected = {name: part for name, part in SCHEDULING.items() if name != "imagePullSecrets"}
    assert found["pod"] == {**expected, "metadata": {"annotations": {"team": "mq"}}}


def test_a_host_network_is_kept_with_a_word_about_the_ports_that_are_taken() -> None:
    given = name_service(hostNetwork=True)
    assert spec(given)["pod"] == {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}
    assert "spec.hostNetwork true: old servers hold their port" in remarks(given)
    assert "spec.dnsPolicy ClusterFirst: ClusterFirstWithHostNet is used" in remarks(given)


def test_volumes_of_a_name_service_are_storage_and_a_host_path_is_not() -> None:
    assert spec(name_service(storageMode="StorageClass"))["storage"] == {
        "size": "1Gi",
        "storageClassName": "rocketmq-storage",
    }
    on_host = name_service(storageMode="HostPath")
    assert "storage" not in spec(on_host)
    assert "spec.hostPath /data/rocketmq/nameserver: left out" in remarks(on_host)


@pytest.mark.parametrize(
    ("size", "expected", "word"),
    [
        (0, {"replicas": 1, "suspend": True}, "spec.suspend is set"),
        (12, {"replicas": 9}, "spec.replicas 12: 9 are used"),
    ],
)
def test_a_size_that_no_cluster_has(size: int, expected: Object, word: str) -> None:
    given = changed(STATEFUL_SET, "spec/replicas", size)
    found = spec(given, CONFIG_MAP)
    assert {field: found[field] for field in ("replicas", "suspend") if field in found} == expected
    assert word in remarks(given)


KV: Object = {
    "configTable": {
        "shop": {"region": "eu-1"},
        "ORDER_TOPIC_CONFIG": {"orders": "broker-a:4", "odd": "broker-a"},
        "my shop": {"a": "1"},
    }
}


def test_kv_entries_of_a_server_are_in_the_spec() -> None:
    found = spec(STATEFUL_SET, CONFIG_MAP, KV)
    assert found["kvConfig"] == [{"kvNamespace": "shop", "entries": {"region": "eu-1"}}]
    assert found["orderTopics"] == {"orders": "broker-a:4"}
    told = remarks(STATEFUL_SET, CONFIG_MAP, KV)
    assert "KV ORDER_TOPIC_CONFIG/odd broker-a: left out: a spec does not take it" in told
    assert "KV namespace my shop: left out" in told


@pytest.mark.parametrize(
    ("name", "expected"),
    [("rmq.prod", "rmq-prod"), ("1st", "n1st"), ("a" * 39 + "-b", "a" * 39)],
)
def test_a_name_that_no_cluster_can_have_is_changed(name: str, expected: str) -> None:
    given = changed(NAME_SERVICE, "metadata/name", name)
    (made,) = converted(given).clusters
    assert made["metadata"]["name"] == expected
    assert f"metadata.name {name}: {expected} is used" in remarks(given)


OTHERS = [
    (
        {"apiVersion": "rocketmq.apache.org/v1alpha1", "kind": "Broker"},
        "it goes on as it is; docs/migration.md",
    ),
    (
        {"apiVersion": "rocketmq.apache.org/v1beta1", "kind": "NameService"},
        "it is of rocketmq.apache.org/v1beta1, and only rocketmq.apache.org/v1alpha1 is known",
    ),
    (
        {"apiVersion": "apps/v1beta2", "kind": "StatefulSet"},
        "it is of apps/v1beta2, and only apps/v1 is known",
    ),
    (
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "spec": {"template": {"spec": {"containers": [BROKER]}}},
        },
        "no container of it runs mqnamesrv",
    ),
    ({"apiVersion": "v1", "kind": "Secret"}, "it is not about NameServers"),
]


@pytest.mark.parametrize(("body", "why"), OTHERS)
def test_what_is_no_name_server_is_left_alone_and_said_why(body: Object, why: str) -> None:
    other = {**body, "metadata": {"name": "other", "namespace": "mq"}}
    *_, told = converted(NAME_SERVICE, other).remarks
    assert told.startswith(f"{body['kind']} mq/other: left alone: {why}")


def test_a_stateful_set_that_was_made_for_a_name_service_is_converted_once() -> None:
    owner = [{"kind": "NameService", "name": "name-service"}]
    given = changed(STATEFUL_SET, "metadata/ownerReferences", owner)
    assert len(converted(NAME_SERVICE, given).clusters) == 1
    assert "made for the NameService name-service" in remarks(NAME_SERVICE, given)
    assert len(converted(given, CONFIG_MAP).clusters) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the files: there is no rocketmq.apache.org/v1alpha1 NameService in it"),
        ("a: [", "given.yaml: it is no YAML"),
        ("just words", "str: left alone: it is no object with a name"),
        ("{apiVersion: v1, kind: Secret}", "Secret: left alone: it is no object with a name"),
        (
            yaml.safe_dump(name_service(size="two")),
            "NameService mq/name-service: spec.size: Expected `int",
        ),
        (yaml.safe_dump({**NAME_SERVICE, "spec": []}), "mq/name-service: spec: Expected `object"),
        (
            yaml.safe_dump(in_container(env={"A": "1"})),
            "spec.template.spec.containers[0].env: Expected `array",
        ),
        (
            yaml.safe_dump(name_service(resources={"limits": {"cpu": "much"}}, size=1)),
            "spec.resources.limits.cpu",
        ),
        (yaml.safe_dump_all([NAME_SERVICE, STATEFUL_SET, KV]), "convert one at a time"),
        (
            yaml.safe_dump_all([STATEFUL_SET, {"configTable": {"a": []}}]),
            "configTable: want KV entries by KV namespace",
        ),
    ],
)
def test_what_cannot_be_converted_is_an_error_that_says_why(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        convert([("given.yaml", text)], NATIVE)
    assert words in str(caught.value)


def places(content: Any, way: Way = ()) -> Iterator[Way]:
    """The ways to all values in a document."""
    steps = list(content) if isinstance(content, dict) else range(len(content))
    for step in steps:
        yield (*way, step)
        if isinstance(content[step], dict | list):
            yield from places(content[step], (*way, step))


@pytest.mark.parametrize("given", [name_service(storageMode="StorageClass"), STATEFUL_SET])
@pytest.mark.parametrize("odd", [None, 5, "x", [{}]], ids=repr)
def test_a_value_of_a_wrong_form_is_converted_or_refused_but_never_a_defect(
    given: Object, odd: Any
) -> None:
    for way in places(given):
        text = json.dumps([replaced(given, way, odd), CONFIG_MAP, service()])
        try:
            convert([("given.yaml", f'{{"kind": "List", "items": {text}}}')], JAVA)
        except SpecError as error:
            assert str(error)  # noqa: PT017 - both ends are fine


def invoked(*words: str, text: str = "") -> Result:
    return CliRunner().invoke(cli, ["convert", *words], input=text)


def test_manifests_go_to_stdout_and_words_to_stderr(tmp_path: Path) -> None:
    config = tmp_path / "conf.yaml"
    config.write_text(yaml.safe_dump(CONFIG_MAP))
    done = invoked("-f", "-", "-f", str(config), text=yaml.safe_dump(STATEFUL_SET))
    assert done.exit_code == 0
    assert yaml.safe_load(done.stdout)["metadata"]["name"] == "namesrv"
    assert done.stderr.startswith("StatefulSet mq/namesrv: ")


def test_json_is_one_object_or_a_list_of_them() -> None:
    both = yaml.safe_dump_all([NAME_SERVICE, STATEFUL_SET])
    one = invoked("-f", "-", "-o", "json", text=yaml.safe_dump(NAME_SERVICE))
    assert json.loads(one.stdout)["kind"] == "NameServerCluster"
    listed = json.loads(invoked("-f", "-", "-o", "json", text=both).stdout)
    assert [each["metadata"]["name"] for each in listed["items"]] == ["name-service", "namesrv"]


def test_the_result_is_the_same_each_time_and_can_be_rendered() -> None:
    given = yaml.safe_dump_all([STATEFUL_SET, CONFIG_MAP, KV, service()])
    made = invoked("-f", "-", "--flavor", "Java", text=given).stdout
    assert made == invoked("-f", "-", "--flavor", "Java", text=given).stdout
    done = CliRunner().invoke(cli, ["render", "-f", "-"], input=made)
    assert done.exit_code == 0, done.output
    assert "kind: StatefulSet" in done.stdout
