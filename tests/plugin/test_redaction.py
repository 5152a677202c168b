"""No secret leaves with a report."""

import json
from typing import Any

import pytest
import yaml

from rocketmq_operator.plugin.redact import Redaction, rendered

SECRET = "hunter2-hunter2"


@pytest.fixture
def redaction() -> Redaction:
    return Redaction(b"key")


def container(**more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "nameserver", **more}]}


PLANTED = {
    "env of a pod": {"spec": container(env=[{"name": "TOKEN", "value": SECRET}])},
    "env of a template": {
        "spec": {"template": {"spec": container(env=[{"name": "T", "value": SECRET}])}}
    },
    "env of spec.pod": {"spec": {"pod": {"env": [{"name": "TOKEN", "value": SECRET}]}}},
    "env of a sidecar": {
        "spec": {"pod": {"sidecars": [{"name": "s", "env": [{"name": "T", "value": SECRET}]}]}}
    },
    "arguments of a sidecar": {"spec": {"pod": {"sidecars": [{"name": "s", "args": [SECRET]}]}}},
    "command of an init container": {
        "spec": {"initContainers": [{"name": "s", "command": ["sh", SECRET]}]}
    },
    "KV entries": {"spec": {"kvConfig": [{"kvNamespace": "a", "entries": {"k": SECRET}}]}},
    "KV entries of a team": {"spec": {"entries": {"k": SECRET}}},
    "the seed": {"data": {"kvConfig.json": json.dumps({"configTable": {"a": {"k": SECRET}}})}},
    "a seed that is no JSON": {"data": {"kvConfig.json": f"{SECRET} {{"}},
    "the applied manifest": {
        "metadata": {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps(
                    {"spec": {"pod": {"env": [{"name": "T", "value": SECRET}]}}}
                )
            }
        }
    },
    "managed fields": {"metadata": {"managedFields": [{"fieldsV1": SECRET}]}},
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_secret_is_not_in_an_object(
    redaction: Redaction, planted: dict[str, Any]
) -> None:
    assert SECRET in json.dumps(planted)
    assert SECRET not in yaml.safe_dump(redaction.object(planted))


def test_what_was_in_an_object_is_taken_out_of_logs_and_messages(redaction: Redaction) -> None:
    redaction.object(PLANTED["env of a pod"])
    for content in (f"started with {SECRET}", {"a": [SECRET]}, [{"message": SECRET}]):
        assert "<removed" in rendered(redaction, content)
        assert SECRET not in rendered(redaction, content)


def test_a_value_that_yaml_would_fold_or_quote_is_taken_out_of_a_message(
    redaction: Redaction,
) -> None:
    value = "it's a: long #secret " * 9
    redaction.mark(value)
    assert "secret" not in rendered(redaction, [{"message": f"container said {value}"}])


def test_a_value_that_has_quotes_is_found_in_json_too(redaction: Redaction) -> None:
    value = 'quoted "and" more'
    redaction.mark(value)
    assert "and" not in redaction.text(json.dumps({"a": value}))


def test_a_secret_of_an_older_manifest_is_taken_out_of_logs(redaction: Redaction) -> None:
    redaction.object(PLANTED["the applied manifest"])
    assert SECRET not in redaction.text(f"log {SECRET}")


def test_marks_are_equal_for_equal_values_of_one_report_only(redaction: Redaction) -> None:
    assert redaction.mark("a") == redaction.mark("a") != redaction.mark("b")
    assert redaction.mark("a") != Redaction(b"other").mark("a")


def test_short_values_do_not_tear_holes_into_texts(redaction: Redaction) -> None:
    redaction.mark("1")
    assert redaction.text("at 2026-11-26") == "at 2026-11-26"


def test_what_helps_stays(redaction: Redaction) -> None:
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    kept = {
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {"a": "b"}},
        "spec": container(command=["rocketmq-nameserver"], env=[reference]),
        "status": {"phase": "Running"},
    }
    assert redaction.object(kept) == kept


def test_what_the_product_sets_itself_is_no_secret(redaction: Redaction) -> None:
    env = [
        {"name": "NAMESERVER_IMAGE", "value": "rocketmq-operator:1"},
        {"name": "NAMESRV_LOG_LEVEL", "value": "info"},
    ]
    container = {"name": "operator", "command": ["rocketmq-operator", "run"], "env": env}
    pod = {"metadata": {}, "spec": {"containers": [container]}}
    assert redaction.object(pod, "operator") == pod
    assert "rocketmq-operator" in redaction.text("pod rocketmq-operator-0")
    assert redaction.object(pod) != pod


def test_kv_tables_keep_their_keys(redaction: Redaction) -> None:
    assert list(redaction.kv({"app": {"k": SECRET}})["app"]) == ["k"]
