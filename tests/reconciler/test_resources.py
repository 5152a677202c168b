"""The children of a cluster: what a change of the spec changes, and what it must not."""

import json
from typing import Any

import pytest

from rocketmq_operator.errors import SpecError
from rocketmq_operator.protocol import properties
from rocketmq_operator.reconciler import resources
from rocketmq_operator.reconciler.resources import claims, seed_configmap
from rocketmq_operator.reconciler.resources.inventory import Inventory
from rocketmq_operator.reconciler.spec import Cluster, parse

Object = dict[str, Any]


def cluster(**spec: Any) -> Cluster:
    metadata = {
        "name": "prod",
        "namespace": "mq",
        "uid": "u-1",
        "generation": 1,
        "labels": {"argocd.argoproj.io/instance": "app"},
        "annotations": {"argocd.argoproj.io/tracking-id": "app:x"},
    }
    return parse({"metadata": metadata, "spec": spec}, "rocketmq-operator:0.1.0")


def children(claim_size: str | None = None, **spec: Any) -> dict[str, Object]:
    objects = resources.desired(cluster(**spec), claim_size=claim_size)
    return {f"{o['kind']}/{o['metadata']['name']}": o for o in objects}


def stateful_set(**spec: Any) -> Object:
    return children(**spec)["StatefulSet/prod-nameserver"]


def pod(**spec: Any) -> Object:
    template: Object = stateful_set(**spec)["spec"]["template"]
    return template


def container(**spec: Any) -> Object:
    only: Object = pod(**spec)["spec"]["containers"][0]
    return only


def test_the_children_in_the_order_to_apply_them() -> None:
    assert list(children()) == [
        "ServiceAccount/prod-nameserver",
        "ConfigMap/prod-nameserver-seed",
        "Service/prod-nameserver-headless",
        "Service/prod-nameserver",
        "PodDisruptionBudget/prod-nameserver",
        "StatefulSet/prod-nameserver",
    ]


def test_every_child_is_owned_and_labelled_and_takes_nothing_else_from_the_cluster() -> None:
    for child in children(storage={"size": "1Gi"}).values():
        metadata = child["metadata"]
        assert set(metadata) == {"name", "namespace", "labels", "ownerReferences"}
        assert metadata["labels"] == cluster().names.labels
        (owner,) = metadata["ownerReferences"]
        assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (
            "u-1",
            True,
            True,
        )


def test_the_same_cluster_gives_the_same_objects() -> None:
    spec: Object = {"kvConfig": [{"kvNamespace": "n", "entries": {"b": "1", "a": "2"}}]}
    assert json.dumps(children(**spec)) == json.dumps(children(**spec))


@pytest.mark.parametrize(
    "change",
    [
        {"namesrvConfig": {"orderMessageEnable": "true"}},
        {"kvConfig": [{"kvNamespace": "n", "entries": {"k": "v"}}]},
        {"orderTopics": {"t": "broker-a:4"}},
        {"replicas": 5},
        {"suspend": True},
        {"paused": True},
        {"drift": {"kvPrune": "Never"}},
        {"brokers": {"mirror": "Disabled"}},
        {"rollout": {"strategy": "OnDelete"}},
        {"podDisruptionBudget": {"enabled": False}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_servers_take_over_while_they_run_does_not_touch_the_pod_template(
    change: Object,
) -> None:
    assert pod(**change) == pod()


@pytest.mark.parametrize(
    "change",
    [
        {"image": "mine:2"},
        {"imagePullPolicy": "Always"},
        {"imagePullSecrets": [{"name": "registry"}]},
        {"logLevel": "debug"},
        {"ports": {"remoting": 19876}},
        {"ports": {"http": 18080}},
        {"resources": {"requests": {"cpu": "1"}}},
        {"storage": {"size": "1Gi"}},
        {"pod": {"metadata": {"labels": {"team": "a"}}}},
        {"pod": {"metadata": {"annotations": {"team": "a"}}}},
        {"pod": {"affinity": {"podAntiAffinity": {}}}},
        {"pod": {"nodeSelector": {"disk": "ssd"}}},
        {"pod": {"tolerations": [{"operator": "Exists"}]}},
        {"pod": {"topologySpreadConstraints": []}},
        {"pod": {"env": [{"name": "TZ", "value": "UTC"}]}},
        {"pod": {"securityContext": {"runAsUser": 1000}}},
        {"pod": {"containerSecurityContext": {"runAsUser": 1000}}},
        {"pod": {"priorityClassName": "high"}},
        {"pod": {"serviceAccountName": "mine"}},
        {"pod": {"terminationGracePeriodSeconds": 60}},
    ],
    ids=json.dumps,
)
def test_what_needs_a_restart_changes_the_pod_template(change: Object) -> None:
    assert pod(**change) != pod()


def test_labels_of_the_operator_win_over_those_of_the_pod_metadata() -> None:
    labels = {"namesrv.dev/cluster": "stolen", "team": "a"}
    assert pod(pod={"metadata": {"labels": labels}})["metadata"]["labels"] == {
        **cluster().names.labels,
        "team": "a",
    }


def test_the_server_is_told_its_ports_and_directories() -> None:
    command = container(ports={"remoting": 1111, "http": 2222})["command"]
    assert command == [
        "rocketmq-nameserver",
        *("--listen", "0.0.0.0:1111", "--http", "0.0.0.0:2222"),
        *("--seed-dir", "/etc/rocketmq/seed", "--data-dir", "/var/lib/rocketmq"),
    ]


def test_services_follow_the_ports() -> None:
    found = children(ports={"remoting": 1111, "http": 2222})
    headless = found["Service/prod-nameserver-headless"]["spec"]
    assert [port["port"] for port in headless["ports"]] == [1111, 2222]
    assert (headless["clusterIP"], headless["publishNotReadyAddresses"]) == ("None", True)
    client = found["Service/prod-nameserver"]["spec"]
    assert [port["port"] for port in client["ports"]] == [1111]
    assert "publishNotReadyAddresses" not in client


def test_a_spread_constraint_without_a_selector_means_the_pods_of_the_cluster() -> None:
    given = {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
    (made,) = pod(pod={"topologySpreadConstraints": [given]})["spec"]["topologySpreadConstraints"]
    assert made == {**given, "labelSelector": {"matchLabels": cluster().names.labels}}


def test_resources_that_are_given_replace_the_defaults_as_a_whole() -> None:
    assert container()["resources"]["limits"] == {"memory": "512Mi"}
    given = {"requests": {"cpu": "0.5", "memory": "1024Mi"}}
    assert container(resources=given)["resources"] == {"requests": {"cpu": "500m", "memory": "1Gi"}}
    assert container(resources={})["resources"] == {}


def test_an_amount_that_is_no_quantity_is_named_with_its_path() -> None:
    with pytest.raises(SpecError, match=r"spec.resources.limits.cpu: '1e99' is not a quantity"):
        pod(resources={"limits": {"cpu": "1e99"}})
    with pytest.raises(SpecError, match=r"spec.storage.size: '1e99' is not a quantity"):
        pod(storage={"size": "1e99"})


def test_security_context_fields_replace_single_defaults() -> None:
    context = pod(pod={"securityContext": {"fsGroup": 1000}})["spec"]["securityContext"]
    assert (context["fsGroup"], context["runAsNonRoot"]) == (1000, True)


def test_without_storage_data_lives_in_the_pod() -> None:
    spec = stateful_set()["spec"]
    assert "volumeClaimTemplates" not in spec
    assert {"name": "data", "emptyDir": {}} in spec["template"]["spec"]["volumes"]


def test_with_storage_every_server_has_a_claim_that_scaling_deletes() -> None:
    spec = stateful_set(storage={"size": "1024Mi", "storageClassName": "fast"})["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert claim["spec"]["storageClassName"] == "fast"
    assert spec["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": "Retain",
        "whenScaled": "Delete",
    }


def test_suspending_keeps_the_volumes() -> None:
    spec = stateful_set(storage={"size": "1Gi"}, suspend=True)["spec"]
    assert spec["replicas"] == 0
    assert spec["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Retain"


def test_a_grown_size_leaves_the_claim_template_and_grows_the_claims() -> None:
    live = stateful_set(storage={"size": "1Gi"})
    size = claims.template_size(live)
    grown = children(claim_size=size, storage={"size": "2Gi"})["StatefulSet/prod-nameserver"]
    assert grown == live
    small, large, other = (
        {"metadata": {"name": name}, "spec": {"resources": {"requests": {"storage": amount}}}}
        for name, amount in (
            ("data-prod-nameserver-0", "1Gi"),
            ("data-prod-nameserver-1", "2048Mi"),
            ("data-dev-nameserver-0", "1Gi"),
        )
    )
    wanted = cluster(storage={"size": "2Gi"})
    assert claims.to_grow(wanted, [small, large, other]) == {"data-prod-nameserver-0": "2Gi"}


def test_no_claim_is_grown_without_storage() -> None:
    assert claims.template_size(stateful_set()) is None
    assert claims.template_size(None) is None
    assert claims.to_grow(cluster(), []) == {}


@pytest.mark.parametrize(
    ("spec", "bound"),
    [
        ({}, {"maxUnavailable": 1}),
        ({"podDisruptionBudget": {"maxUnavailable": "50%"}}, {"maxUnavailable": "50%"}),
        ({"podDisruptionBudget": {"maxUnavailable": 0}}, {"maxUnavailable": 0}),
        ({"podDisruptionBudget": {"minAvailable": 2}}, {"minAvailable": 2}),
    ],
)
def test_the_disruption_budget(spec: Object, bound: Object) -> None:
    budget = children(**spec)["PodDisruptionBudget/prod-nameserver"]["spec"]
    assert {key: budget[key] for key in budget if key.endswith("vailable")} == bound


@pytest.mark.parametrize(
    "spec", [{"replicas": 1}, {"suspend": True}, {"podDisruptionBudget": {"enabled": False}}]
)
def test_no_disruption_budget_that_could_only_be_in_the_way(spec: Object) -> None:
    assert "PodDisruptionBudget/prod-nameserver" not in children(**spec)


def test_no_service_account_when_another_is_named() -> None:
    assert "ServiceAccount/prod-nameserver" not in children(pod={"serviceAccountName": "mine"})
    assert pod(pod={"serviceAccountName": "mine"})["spec"]["serviceAccountName"] == "mine"


def test_the_seed_holds_what_servers_read_at_their_start() -> None:
    data = children(
        namesrvConfig={"orderMessageEnable": "true"},
        kvConfig=[{"kvNamespace": "shop", "entries": {"grüße": "ü"}}],
        orderTopics={"orders": "broker-a:4"},
    )["ConfigMap/prod-nameserver-seed"]["data"]
    assert properties.parse(data["namesrv.properties"]) == {"orderMessageEnable": "true"}
    assert json.loads(data["kvConfig.json"]) == {
        "configTable": {"shop": {"grüße": "ü"}, "ORDER_TOPIC_CONFIG": {"orders": "broker-a:4"}}
    }


def test_a_seed_that_no_config_map_holds_is_refused() -> None:
    written = Inventory({f"n{n}": frozenset(f"{k:0>250}" for k in range(256)) for n in range(20)})
    with pytest.raises(SpecError, match=r"KVTooLarge: the seed, .* smaller steps"):
        seed_configmap.build(cluster(), written)
