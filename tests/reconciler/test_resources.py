"""The children of a cluster: what a change of the spec changes, and what it must not."""

import json
from typing import Any

import pytest

from harness.children import Object, children, cluster, container, pod, stateful_set
from rocketmq_operator.errors import SpecError
from rocketmq_operator.protocol import properties
from rocketmq_operator.reconciler.kinds import Key
from rocketmq_operator.reconciler.resources import (
    claims,
    default_image,
    external_services,
    seed_configmap,
)
from rocketmq_operator.reconciler.resources import dashboard as dashboards
from rocketmq_operator.reconciler.resources.inventory import Inventory


def test_the_children_in_the_order_to_apply_them() -> None:
    assert list(children()) == [
        "ServiceAccount/prod-nameserver",
        "ConfigMap/prod-nameserver-seed",
        "Service/prod-nameserver-headless",
        "Service/prod-nameserver",
        "NetworkPolicy/prod-nameserver",
        "PodDisruptionBudget/prod-nameserver",
        "StatefulSet/prod-nameserver",
    ]


def test_every_child_is_owned_and_labelled_and_takes_nothing_else_from_the_cluster() -> None:
    for child in children(storage={"size": "1Gi"}).values():
        metadata = child["metadata"]
        own = {"annotations"} if child["kind"] == "StatefulSet" else set()
        assert set(metadata) == {"name", "namespace", "labels", "ownerReferences"} | own
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
        {"pod": {"runtimeClassName": "gvisor"}},
        {"pod": {"schedulerName": "mine"}},
        {"pod": {"envFrom": [{"configMapRef": {"name": "a"}}]}},
        {"pod": {"volumes": [{"name": "a", "emptyDir": {}}]}},
        {"pod": {"volumeMounts": [{"name": "a", "mountPath": "/a"}]}},
        {"pod": {"initContainers": [{"name": "a", "image": "i"}]}},
        {"pod": {"sidecars": [{"name": "a", "image": "i"}]}},
        {"pod": {"hostNetwork": True}},
        {"pod": {"dnsPolicy": "Default"}},
        {"pod": {"dnsConfig": {"searches": ["a.b"]}}},
        {"pod": {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]}},
        {"pod": {"startupProbe": {"failureThreshold": 9}}},
        {"pod": {"readinessProbe": {"successThreshold": 2}}},
        {"pod": {"livenessProbe": {"initialDelaySeconds": 9}}},
    ],
    ids=json.dumps,
)
def test_what_needs_a_restart_changes_the_pod_template(change: Object) -> None:
    assert pod(**change) != pod()


def test_containers_of_others_are_as_strict_as_the_server_unless_they_say_otherwise() -> None:
    sidecar = {"name": "a", "image": "i", "securityContext": {"readOnlyRootFilesystem": False}}
    _, found = pod(pod={"sidecars": [sidecar]})["spec"]["containers"]
    assert found["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": False,
        "capabilities": {"drop": ["ALL"]},
    }


def test_quantities_deep_in_a_pod_are_written_as_the_server_writes_them() -> None:
    volume = {"name": "a", "emptyDir": {"sizeLimit": "1024Mi"}}
    sidecar = {"name": "a", "image": "i", "resources": {"limits": {"cpu": 0.5}}}
    spec = pod(pod={"volumes": [volume], "sidecars": [sidecar]})["spec"]
    assert spec["volumes"][-1]["emptyDir"] == {"sizeLimit": "1Gi"}
    assert spec["containers"][1]["resources"] == {"limits": {"cpu": "500m"}}


def test_a_quantity_that_is_none_is_named_with_its_path() -> None:
    with pytest.raises(SpecError, match=r"spec\.pod\.volumes\[0\]\.emptyDir\.sizeLimit"):
        children(pod={"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "much"}}]})


def test_a_probe_keeps_what_is_checked_and_takes_over_the_timing_that_is_given() -> None:
    before = container()["readinessProbe"]
    after = container(pod={"readinessProbe": {"periodSeconds": 2}})["readinessProbe"]
    assert after == {**before, "periodSeconds": 2}


def test_the_settings_of_the_services() -> None:
    metadata = {"labels": {"team": "a"}, "annotations": {"n": "b"}}
    service = {"metadata": metadata, "type": "NodePort", "nodePort": 30000}
    found = children(service=service, headlessService={"metadata": metadata})
    client, headless = found["Service/prod-nameserver"], found["Service/prod-nameserver-headless"]
    assert client["spec"]["type"] == "NodePort"
    assert [port["nodePort"] for port in client["spec"]["ports"]] == [30000]
    for child in (client, headless):
        assert child["metadata"]["labels"] == {"team": "a", **cluster().names.labels}
        assert child["metadata"]["annotations"] == {"n": "b"}


EXTERNAL = {
    "type": "NodePort",
    "metadata": {"annotations": {"all": "a"}},
    "endpoints": [{"ordinal": 1, "host": "mq.example.com", "nodePort": 30001}],
}


def test_every_server_has_a_service_of_its_own_for_the_world_outside() -> None:
    found = children(replicas=2, external=EXTERNAL)
    first, second = (found[f"Service/prod-nameserver-{n}-external"] for n in range(2))
    assert first["spec"]["selector"]["statefulset.kubernetes.io/pod-name"] == "prod-nameserver-0"
    assert first["spec"]["publishNotReadyAddresses"]
    assert "nodePort" not in first["spec"]["ports"][0]
    assert second["spec"]["ports"][0]["nodePort"] == 30001
    assert second["metadata"]["annotations"] == {"all": "a"}


def test_addresses_outside_come_from_the_spec_the_node_and_the_service() -> None:
    prod = cluster(replicas=3, external=EXTERNAL)
    served = {"spec": {"ports": [{"nodePort": 31000}]}}
    names = [prod.names.external_service(n) for n in range(3)]
    pods = {"prod-nameserver-0": {"status": {"hostIP": "10.0.0.5"}}}
    found = external_services.addresses(prod, dict.fromkeys(names, served), pods)
    assert found == ["10.0.0.5:31000", "mq.example.com:31000"]


@pytest.mark.parametrize(
    ("ingress", "endpoint", "address"),
    [
        ({"ip": "192.0.2.1"}, {}, "192.0.2.1:9876"),
        ({"hostname": "lb.example.com", "ip": "192.0.2.1"}, {}, "lb.example.com:9876"),
        ({"ip": "192.0.2.1"}, {"host": "mq.example.com", "port": 443}, "mq.example.com:443"),
        ({}, {}, None),
    ],
)
def test_addresses_of_load_balancers(ingress: Object, endpoint: Object, address: str) -> None:
    external = {"type": "LoadBalancer", "endpoints": [{"ordinal": 0, **endpoint}]}
    prod = cluster(replicas=1, external=external)
    service = {"status": {"loadBalancer": {"ingress": [ingress]}}}
    found = external_services.addresses(prod, {prod.names.external_service(0): service}, {})
    assert found == ([address] if address else [])


def test_the_list_of_servers_is_given_to_servers_and_its_port_to_clients() -> None:
    found = children(replicas=2, addressServer={"enabled": True})
    assert found["ConfigMap/prod-nameserver-seed"]["data"]["nsaddr"] == (
        "prod-nameserver-0.prod-nameserver-headless.mq.svc:9876;"
        "prod-nameserver-1.prod-nameserver-headless.mq.svc:9876"
    )
    ports = found["Service/prod-nameserver"]["spec"]["ports"]
    assert [(port["name"], port["port"]) for port in ports] == [("remoting", 9876), ("http", 8080)]
    (_, http) = found["NetworkPolicy/prod-nameserver"]["spec"]["ingress"]
    assert "from" not in http


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        (None, "http://prod-nameserver.mq.svc:8080/rocketmq/nsaddr"),
        ("mq.example.com", "http://mq.example.com:8080/rocketmq/nsaddr"),
        ("mq.example.com:80", "http://mq.example.com:80/rocketmq/nsaddr"),
    ],
)
def test_where_clients_find_the_list_of_servers(domain: str | None, url: str) -> None:
    assert cluster().names.domain_url(domain) == url


def test_what_the_prometheus_operator_reads() -> None:
    given = {"enabled": True, "labels": {"release": "prometheus"}}
    found = children(
        monitoring={"podMonitor": {**given, "interval": "5s"}, "prometheusRule": given}
    )
    monitor, rule = found["PodMonitor/prod-nameserver"], found["PrometheusRule/prod-nameserver"]
    assert monitor["spec"]["podMetricsEndpoints"] == [
        {"port": "http", "path": "/metrics", "interval": "5s"}
    ]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (group,) = rule["spec"]["groups"]
    assert all('namespace="mq",name="prod"' in alert["expr"] for alert in group["rules"])
    assert not any("{prefix}" in json.dumps(alert) for alert in group["rules"])


def dashboard(**given: Any) -> tuple[Object, Object]:
    """The labels of the ConfigMap, and the dashboard in it."""
    config_map = children(monitoring={"grafanaDashboard": {"enabled": True, **given}})[
        "ConfigMap/prod-nameserver-dashboard"
    ]
    (text,) = config_map["data"].values()
    return config_map["metadata"]["labels"], json.loads(text)


def test_a_dashboard_is_of_its_cluster_alone() -> None:
    labels, found = dashboard()
    assert labels["grafana_dashboard"] == "1"
    assert found["title"].endswith("mq/prod")
    variables = {each["name"]: each["query"] for each in found["templating"]["list"]}
    assert variables == {"datasource": "prometheus", "namespace": "mq", "cluster": "prod"}
    assert len(found["uid"]) <= 40
    assert found["uid"] != dashboards.of_one(Key("mq", "other"))["uid"]


def test_a_dashboard_has_the_labels_that_grafana_looks_for() -> None:
    labels, _ = dashboard(labels={"dashboards": "mq"})
    assert labels["dashboards"] == "mq"
    assert "grafana_dashboard" not in labels


def ingress(**policy: Any) -> dict[str, list[Object]]:
    """Who is let in, by port; an empty list is everybody."""
    rules = children(networkPolicy=policy)["NetworkPolicy/prod-nameserver"]["spec"]["ingress"]
    return {rule["ports"][0]["port"]: rule.get("from", []) for rule in rules}


def test_brokers_and_clients_may_come_from_anywhere_and_the_http_side_is_the_operators() -> None:
    open_to = ingress()
    assert open_to["remoting"] == []
    operator, servers = open_to["http"]
    assert operator["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "rocketmq-system"
    }
    assert servers == {"podSelector": {"matchLabels": cluster().names.labels}}


def test_who_is_named_gets_in_beside_the_operator() -> None:
    peer = {"ipBlock": {"cidr": "10.0.0.0/8"}}
    open_to = ingress(remotingFrom=[peer], httpFrom=[peer])
    assert [peer in peers for peers in open_to.values()] == [True, True]
    assert open_to["remoting"][0] == open_to["http"][0]


def test_no_policy_where_somebody_else_keeps_it() -> None:
    assert "NetworkPolicy/prod-nameserver" not in children(networkPolicy={"managed": False})


@pytest.mark.parametrize(
    ("spec", "live", "image"),
    [
        ({}, None, "new:2"),
        ({}, "old:1", "old:1"),
        ({"imageUpdatePolicy": "FollowOperator"}, "old:1", "new:2"),
        ({"image": "mine:1"}, "old:1", "old:1"),
    ],
    ids=["first", "pinned", "following", "kept while the spec names one"],
)
def test_the_default_image(spec: Object, live: str | None, image: str) -> None:
    metadata = {"annotations": {default_image.ANNOTATION: live}}
    found = default_image.resolve({"spec": spec}, {"metadata": metadata} if live else None, "new:2")
    assert found == image


def test_the_default_image_of_a_cluster_that_has_no_note_of_it_is_what_runs() -> None:
    live = {"metadata": {}, "spec": {"template": pod(image="old:1")}}
    assert default_image.resolve({}, live, "new:2") == "old:1"
    assert default_image.resolve({"spec": {"image": "old:1"}}, live, "new:2") == "new:2"


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
        "-Dtls.server.mode=disabled",
    ]


def test_the_server_is_told_its_peers_in_a_way_that_older_servers_pass_over() -> None:
    told = {each["name"]: each["value"] for each in container(ports={"http": 2222})["env"]}
    assert told["NAMESRV_PEERS"] == "prod-nameserver-headless.mq.svc:2222"


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
    assert properties.parse(data["namesrv.properties"]) == {
        "orderMessageEnable": "true",
        "enableShutdownGracefully": "true",
        "shutdownWaitTimeSeconds": "1",
    }
    assert json.loads(data["kvConfig.json"]) == {
        "configTable": {"shop": {"grüße": "ü"}, "ORDER_TOPIC_CONFIG": {"orders": "broker-a:4"}}
    }


def test_a_seed_that_no_config_map_holds_is_refused() -> None:
    written = Inventory({f"n{n}": frozenset(f"{k:0>250}" for k in range(256)) for n in range(20)})
    with pytest.raises(SpecError, match=r"KVTooLarge: the seed, .* smaller steps"):
        seed_configmap.build(cluster(), written)
