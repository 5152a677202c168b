"""What the API server accepts as a NameServerKVConfig, and how it words a refusal."""

from typing import Any

import pytest
import yaml

Object = dict[str, Any]
PATH = "/apis/namesrv.dev/v1alpha1/namespaces/default/nameserverkvconfigs"
REF = "clusterRef: {name: prod}"
KV = "kvNamespace: a, entries: {b: c}"

ACCEPTED = [
    f"{{{REF}, {KV}}}",
    f"{{{REF}, kvNamespace: a, entries: {{}}}}",
    f"{{{REF}, orderTopics: {{t: 'broker-a:4;broker-b:4'}}}}",
    f"{{clusterRef: {{name: prod, namespace: 1-mq}}, {KV}}}",
    f"{{{REF}, {KV}, drift: Report, deletionPolicy: Retain, paused: true}}",
]

REFUSED = [
    ("{}", "clusterRef: Required value"),
    (f"{{{KV}}}", "clusterRef: Required value"),
    (f"{{clusterRef: {{name: a.b}}, {KV}}}", "spec.clusterRef.name"),
    (f"{{{REF}}}", "give either kvNamespace with entries, or orderTopics"),
    (f"{{{REF}, {KV}, orderTopics: {{t: 'b:1'}}}}", "give either kvNamespace with entries"),
    (f"{{{REF}, kvNamespace: a}}", "kvNamespace and entries go together"),
    (f"{{{REF}, entries: {{b: c}}, orderTopics: {{t: 'b:1'}}}}", "kvNamespace and entries go"),
    (f"{{{REF}, kvNamespace: ORDER_TOPIC_CONFIG, entries: {{}}}}", "use that in place of"),
    (f"{{{REF}, kvNamespace: 'a b', entries: {{}}}}", "a KV namespace must hold printable ASCII"),
    (f"{{{REF}, kvNamespace: a, entries: {{'b c': d}}}}", "a KV key must hold 1 to 255"),
    (f"{{{REF}, orderTopics: {{a: 'broker:0'}}}}", "spec.orderTopics.a"),
    (f"{{{REF}, {KV}, drift: correct}}", 'supported values: "Correct", "Report"'),
    (f"{{{REF}, {KV}, deletionPolicy: Keep}}", 'supported values: "Delete", "Retain"'),
]

TRANSITIONS = [
    (f"{{{REF}, {KV}}}", f"{{{REF}, kvNamespace: a, entries: {{b: d}}, paused: true}}", ""),
    (
        f"{{{REF}, {KV}}}",
        f"{{{REF}, kvNamespace: b, entries: {{b: c}}}}",
        "kvNamespace cannot be changed",
    ),
    (f"{{{REF}, {KV}}}", f"{{{REF}, orderTopics: {{t: 'b:1'}}}}", "kvNamespace cannot be changed"),
    (f"{{{REF}, orderTopics: {{t: 'b:1'}}}}", f"{{{REF}, {KV}}}", "kvNamespace cannot be changed"),
    (f"{{{REF}, {KV}}}", f"{{clusterRef: {{name: other}}, {KV}}}", "clusterRef cannot be changed"),
]

pytestmark = pytest.mark.usefixtures("crd")


def config(spec: str) -> Object:
    return {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerKVConfig",
        "metadata": {"name": "transition"},
        "spec": yaml.safe_load(spec),
    }


@pytest.mark.parametrize("spec", ACCEPTED)
def test_accepted(api: Any, spec: str) -> None:
    answer = api.ask("POST", PATH, config(spec), dryRun="All")
    assert (answer.status, answer.message) == (201, "")


@pytest.mark.parametrize(("spec", "message"), REFUSED)
def test_refused(api: Any, spec: str, message: str) -> None:
    answer = api.ask("POST", PATH, config(spec), dryRun="All")
    assert answer.status == 422
    assert message in answer.message


@pytest.mark.parametrize(("before", "after", "message"), TRANSITIONS)
def test_transition(api: Any, before: str, after: str, message: str) -> None:
    made = api.ask("POST", PATH, config(before))
    assert made.status == 201, made.message
    path = f"{PATH}/transition"
    changed = config(after) | {"metadata": made.body["metadata"]}
    try:
        answer = api.ask("PUT", path, changed, dryRun="All")
    finally:
        api.ask("DELETE", path)
    assert answer.status == (422 if message else 200), answer.message
    assert message in answer.message


@pytest.mark.parametrize(
    ("field", "entry", "limit"), [("entries", "v", 512), ("orderTopics", "b:1", 1024)]
)
def test_the_largest_legal_object_is_within_the_cost_limit_of_the_rules(
    api: Any, field: str, entry: str, limit: int
) -> None:
    form = {"kvNamespace": "a"} if field == "entries" else {}

    def ask(count: int) -> Any:
        many = {f"k{n:0>120}": entry for n in range(count)}
        body = config(f"{{{REF}}}")
        body["spec"] |= {**form, field: many}
        return api.ask("POST", PATH, body, dryRun="All")

    assert ask(limit).status == 201
    assert f"must have at most {limit} items" in ask(limit + 1).message
