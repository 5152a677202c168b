"""``rocketmq-operator convert``: NameServers of others as NameServerClusters."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.__main__ import cli
from rocketmq_operator.reconciler.conversion import Conversion, convert
from rocketmq_operator.reconciler.spec import Flavor

Object = dict[str, Any]
CRD = Path(__file__).parents[2] / "crds/nameserverclusters.namesrv.dev.yaml"
SCHEMA: Object = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
NATIVE, JAVA = Flavor.NATIVE, Flavor.JAVA
IN_CONTAINER = "spec.template.spec.containers[namesrv]"

NAME_SERVICE: Object = {
    "apiVersion": "rocketmq.apache.org/v1alpha1",
    "kind": "NameService",
    "metadata": {"name": "name-service", "namespace": "mq"},
    "spec": {
        "size": 2,
        "nameServiceImage": "apacherocketmq/rocketmq-nameserver:4.5.0-alpine-operator-0.3.0",
        "imagePullPolicy": "Always",
        "hostNetwork": False,
        "dnsPolicy": "ClusterFirst",
        "resources": {
            "requests": {"memory": "512Mi", "cpu": "250m"},
            "limits": {"memory": "1024Mi"},
        },
        "storageMode": "EmptyDir",
        "hostPath": "/data/rocketmq/nameserver",
        "volumeClaimTemplates": [
            {
                "metadata": {
                    "name": "namesrv-storage",
                    "annotations": {"volume.beta.kubernetes.io/storage-class": "rocketmq-storage"},
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }
        ],
    },
}

STATEFUL_SET: Object = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "namesrv", "namespace": "mq"},
    "spec": {
        "serviceName": "namesrv-headless",
        "replicas": 3,
        "selector": {"matchLabels": {"app": "namesrv"}},
        "template": {
            "metadata": {"labels": {"app": "namesrv"}},
            "spec": {
                "containers": [
                    {
                        "name": "namesrv",
                        "image": "apache/rocketmq:5.3.3",
                        "command": ["sh", "mqnamesrv", "-c", "/etc/namesrv/namesrv.conf"],
                        "ports": [{"containerPort": 19876, "name": "main"}],
                        "volumeMounts": [{"name": "conf", "mountPath": "/etc/namesrv"}],
                    }
                ],
                "volumes": [{"name": "conf", "configMap": {"name": "namesrv-conf"}}],
            },
        },
    },
}

CONFIG_MAP: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "namesrv-conf", "namespace": "mq"},
    "data": {"namesrv.conf": "# for the shop\nlistenPort = 19876\norderMessageEnable=true\n"},
}


def service(name: str = "namesrv", **spec: Any) -> Object:
    ports = [{"port": 9876, "targetPort": 9876}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "mq"},
        "spec": {"selector": {"app": "namesrv"}, "ports": ports, **spec},
    }


Way = tuple[str | int, ...]
"""Keys and indexes that lead to a value in a document."""


def replaced(body: Object, way: Way, value: Any) -> Object:
    """A copy with another value there."""
    found = copy.deepcopy(body)
    at: Any = found
    for step in way[:-1]:
        at = at[step] if isinstance(at, list) else at.setdefault(step, {})
    at[way[-1]] = value
    return found


def changed(body: Object, path: str, value: Any) -> Object:
    """A copy with another value at a path of keys with ``/`` between them."""
    return replaced(body, tuple(path.split("/")), value)


def name_service(**spec: Any) -> Object:
    return {**NAME_SERVICE, "spec": {**NAME_SERVICE["spec"], **spec}}


def in_pod(**fields: Any) -> Object:
    pod = STATEFUL_SET["spec"]["template"]["spec"]
    return changed(STATEFUL_SET, "spec/template/spec", {**pod, **fields})


def in_container(**fields: Any) -> Object:
    container = STATEFUL_SET["spec"]["template"]["spec"]["containers"][0]
    return in_pod(containers=[{**container, **fields}])


def converted(*documents: Object, flavor: Flavor = NATIVE) -> Conversion:
    """What becomes of these documents, whose results the CRD takes."""
    found = convert([("given.yaml", yaml.safe_dump_all(documents))], flavor)
    for made in found.clusters:
        assert list(refusals(made["spec"], SCHEMA["properties"]["spec"], "spec")) == []
    return found


def spec(*documents: Object, flavor: Flavor = NATIVE) -> Object:
    (made,) = converted(*documents, flavor=flavor).clusters
    found: Object = made["spec"]
    return found


def remarks(*documents: Object, flavor: Flavor = NATIVE) -> str:
    return "\n".join(converted(*documents, flavor=flavor).remarks)


def refusals(value: Any, schema: Object, path: str) -> Iterator[str]:
    """What a schema of the CRD refuses: unknown and missing fields, values out of their form."""
    if isinstance(value, dict):
        fields, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        yield from (f"{path}.{n}: unknown" for n in value if not (n in fields or others))
        yield from (f"{path}.{n}: missing" for n in schema.get("required", ()) if n not in value)
        for name, member in value.items():
            yield from refusals(member, fields.get(name, others), f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from refusals(item, schema["items"], f"{path}[{index}]")
    elif not _of_its_form(value, schema):
        yield f"{path}: {value!r} is not {schema}"


def _of_its_form(value: Any, schema: Object) -> bool:
    kinds = {"string": str, "integer": int, "boolean": bool}
    return (
        isinstance(value, kinds.get(schema.get("type", ""), object))
        and value in schema.get("enum", [value])
        and (not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None)
    )


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


def test_the_configuration_file_of_a_stateful_set_is_taken_over() -> None:
    assert spec(STATEFUL_SET, CONFIG_MAP) == {
        "replicas": 3,
        "ports": {"remoting": 19876},
        "namesrvConfig": {"orderMessageEnable": "true"},
    }


@pytest.mark.parametrize(
    ("command", "mount"),
    [
        (
            ["sh", "-c", "cd /home/rocketmq/bin && exec ./mqnamesrv -c ../conf/namesrv.conf; true"],
            {"mountPath": "/home/rocketmq/conf/namesrv.conf", "subPath": "namesrv.conf"},
        ),
        (
            ["/bin/bash", "-c", "mqnamesrv -c ${ROCKETMQ_HOME}/conf/namesrv.conf"],
            {"mountPath": "/opt/rocketmq/conf"},
        ),
        (
            ["java", "org.apache.rocketmq.namesrv.NamesrvStartup", "-c", "/conf//namesrv.conf"],
            {"mountPath": "/conf"},
        ),
    ],
)
def test_the_file_is_found_however_it_is_named(command: list[str], mount: Object) -> None:
    given = in_container(command=command, volumeMounts=[{"name": "conf", **mount}])
    assert spec(given, CONFIG_MAP)["namesrvConfig"] == {"orderMessageEnable": "true"}
    assert "volumes" not in spec(given, CONFIG_MAP).get("pod", {})


def test_a_file_that_is_not_there_is_asked_for() -> None:
    assert "namesrvConfig" not in spec(STATEFUL_SET)
    assert f"{IN_CONTAINER}.command -c /etc/namesrv/namesrv.conf: left out: its pro" in remarks(
        STATEFUL_SET
    )


@pytest.mark.parametrize(
    ("line", "flavor", "word"),
    [
        ("orderMesageEnable=true", JAVA, "no NameServer has such a property; is orderMessageE"),
        ("waitSecondsForService=soon", JAVA, "no server can read it: it has to be of type int"),
        ("serverWorkerThreads=16", NATIVE, "no meaning in a server of flavor Native"),
        ("kvConfigPath=/data/kvConfig.json", JAVA, "by -f kvConfig.json"),
        ("enableControllerInNamesrv=true", JAVA, "servers here hold no controller"),
        ("controllerDLegerPeers=n0-a:9877", JAVA, "servers here hold no controller"),
        (r"productEnvName=a\\b", JAVA, "one line of printable ASCII"),
    ],
)
def test_a_property_without_a_counterpart_is_named(line: str, flavor: Flavor, word: str) -> None:
    given = changed(CONFIG_MAP, "data/namesrv.conf", line)
    assert "namesrvConfig" not in spec(STATEFUL_SET, given, flavor=flavor)
    name = line.partition("=")[0]
    (told,) = [
        one
        for one in converted(STATEFUL_SET, given, flavor=flavor).remarks
        if f"property {name} " in one
    ]
    assert word in told


def test_properties_as_they_are_anyway_are_left_out_without_a_word() -> None:
    text = "orderMessageEnable=false\nserverWorkerThreads=8\nbindAddress=0.0.0.0\nlistenPort=9876"
    given = changed(CONFIG_MAP, "data/namesrv.conf", text)
    assert spec(STATEFUL_SET, given) == {"replicas": 3}
    assert "property" not in remarks(STATEFUL_SET, given)


def test_options_of_java_go_with_java() -> None:
    command = ["java", "-Xmx1g", "org.apache.rocketmq.namesrv.NamesrvStartup"]
    env = [
        {"name": "JAVA_OPT_EXT", "value": "-Xms1g"},
        {"name": "JAVA_OPT", "value": "-server"},
        {"name": "TZ", "value": "UTC"},
    ]
    by_variable, by_command = (
        in_container(command=["mqnamesrv"], env=env),
        in_container(command=command, volumeMounts=[]),
    )
    assert spec(by_variable, flavor=JAVA)["pod"]["env"] == [env[0], env[2]]
    assert "env[JAVA_OPT] -server: left out: Apache's scripts are not used" in remarks(
        by_variable, flavor=JAVA
    )
    assert spec(by_command, flavor=JAVA)["pod"]["env"] == [
        {"name": "JAVA_OPT_EXT", "value": "-Xmx1g"}
    ]
    assert spec(by_variable)["pod"]["env"] == [env[2]]
    assert "command -Xmx1g: left out: a server of flavor Native needs no Java" in remarks(
        by_command
    )


def test_reserved_variables_are_left_out() -> None:
    env = [{"name": "NAMESRV_ADDR", "value": "a:9876"}]
    given = in_container(env=env, envFrom=[{"prefix": "NAMESRV_", "configMapRef": {"name": "a"}}])
    assert "pod" not in spec(given, CONFIG_MAP, flavor=JAVA)
    assert remarks(given, CONFIG_MAP, flavor=JAVA).count("are the operator's") == 2


def test_rules_about_the_old_pods_are_about_the_new_ones_then() -> None:
    rules: Object = {
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {
                            "matchExpressions": [
                                {"key": "app", "operator": "In", "values": ["namesrv"]}
                            ]
                        },
                    },
                    {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"app": "broker"}},
                    },
                ]
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "namesrv"}},
            }
        ],
    }
    found = spec(in_pod(**rules), CONFIG_MAP)["pod"]
    own, others = found["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert own["labelSelector"] == {"matchLabels": {"namesrv.dev/cluster": "namesrv"}}
    assert others["labelSelector"] == {"matchLabels": {"app": "broker"}}
    assert found["topologySpreadConstraints"] == [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    ]


def test_labels_of_pods_stay_behind_as_services_may_select_by_them() -> None:
    labels = {"app": "namesrv", "team": "mq"}
    given = changed(STATEFUL_SET, "spec/template/metadata/labels", labels)
    assert "pod" not in spec(given, CONFIG_MAP)
    assert 'spec.template.metadata.labels {"team": "mq"}: left out' in remarks(given)


def test_root_is_left_behind_and_other_users_are_kept() -> None:
    given = in_pod(securityContext={"runAsUser": 0, "runAsNonRoot": False, "fsGroup": 3000})
    assert spec(given, CONFIG_MAP)["pod"] == {"securityContext": {"fsGroup": 3000}}
    assert "spec.template.spec.securityContext.runAsUser 0: left out" in remarks(given)


def test_volumes_that_servers_read_are_kept_and_those_for_logs_and_data_are_not() -> None:
    volumes = [
        {"name": "ca", "secret": {"secretName": "ca"}},
        {"name": "unused", "secret": {"secretName": "unused"}},
        {"name": "logs", "emptyDir": {}},
        {"name": "store", "hostPath": {"path": "/data"}},
        {"name": "claimed", "persistentVolumeClaim": {"claimName": "a"}},
    ]
    mounts = [
        {"name": name, "mountPath": f"/{name}"} for name in ("ca", "logs", "store", "claimed")
    ]
    given = in_container(command=["mqnamesrv"], volumeMounts=mounts)
    given = changed(given, "spec/template/spec/volumes", volumes)
    assert spec(given)["pod"] == {"volumes": volumes[:1], "volumeMounts": mounts[:1]}
    for word in ("volumes[logs]", "volumes[store]", "volumes[claimed]"):
        assert word in remarks(given)


def test_a_claim_template_is_storage_as_long_as_it_was_to_last() -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "2Gi"}},
        },
    }
    given = changed(STATEFUL_SET, "spec/volumeClaimTemplates", [claim])
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    given = changed(given, "spec/persistentVolumeClaimRetentionPolicy", policy)
    assert spec(given, CONFIG_MAP)["storage"] == {
        "size": "2Gi",
        "storageClassName": "fast",
        "whenDeleted": "Delete",
        "whenScaled": "Retain",
    }
    assert 'accessModes ["ReadWriteMany"]: left out' in remarks(given)
    assert "new volumes are made" in remarks(given)


SIDECAR: Object = {"name": "exporter", "image": "exporter:1"}
BROKER: Object = {"name": "broker", "image": "apache/rocketmq:5.3.3", "command": ["sh", "mqbroker"]}


def test_other_containers_come_along_but_a_broker() -> None:
    pod = STATEFUL_SET["spec"]["template"]["spec"]
    given = in_pod(containers=[BROKER, *pod["containers"], SIDECAR])
    assert spec(given, CONFIG_MAP)["pod"] == {"sidecars": [SIDECAR]}
    assert "containers[broker] apache/rocketmq:5.3.3: left out: it is no NameServer" in remarks(
        given
    )


def test_other_containers_keep_the_volumes_that_are_kept() -> None:
    volumes = [{"name": "shared", "emptyDir": {}}, {"name": "host", "hostPath": {"path": "/data"}}]
    shared, host = ({"name": each["name"], "mountPath": "/x"} for each in volumes)
    pod = STATEFUL_SET["spec"]["template"]["spec"]
    exporter = {**SIDECAR, "volumeMounts": [shared, host]}
    given = in_pod(containers=[*pod["containers"], exporter], volumes=volumes)
    assert spec(given)["pod"] == {
        "sidecars": [{**SIDECAR, "volumeMounts": [shared]}],
        "volumes": volumes[:1],
    }
    assert "containers[exporter].volumeMounts host: left out" in remarks(given)


def test_what_kubernetes_adds_to_live_objects_is_no_news() -> None:
    live = {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "serviceAccount": "default",
        "serviceAccountName": "default",
    }
    container = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    given = in_container(**container)
    for field, value in live.items():
        given = changed(given, f"spec/template/spec/{field}", value)
    for field, value in (
        ("revisionHistoryLimit", 10),
        ("podManagementPolicy", "OrderedReady"),
        ("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
    ):
        given = changed(given, f"spec/{field}", value)
    given["status"] = {"replicas": 3}
    told = remarks({"apiVersion": "v1", "kind": "List", "items": [given, CONFIG_MAP]})
    assert told == (
        f"StatefulSet mq/namesrv: {IN_CONTAINER}.image apache/rocketmq:5.3.3 (IfNotPresent): "
        "left out: flavor Native runs the operator's image; to name one use spec.image"
    )


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (in_pod(hostPID=True), "spec.template.spec.hostPID true: left out"),
        (in_pod(nodeName="n1"), "nodeName n1: left out: use spec.pod.nodeSelector"),
        (in_container(tty=True), f"{IN_CONTAINER}.tty true: left out"),
        (in_container(livenessProbe={"exec": {}}), "times are spec.pod.livenessProbe"),
        (changed(STATEFUL_SET, "spec/ordinals", {"start": 1}), "spec.ordinals"),
        (in_pod(terminationGracePeriodSeconds=0), "terminationGracePeriodSeconds 0: 5 is used"),
        (name_service(reqDurSchIgnDurExeKey="zone"), "spec.reqDurSchIgnDurExeKey zone: left out"),
    ],
)
def test_a_field_without_a_counterpart_is_named(given: Object, word: str) -> None:
    assert word in remarks(given)


def test_the_service_for_clients_keeps_its_type_and_gets_another_name() -> None:
    outside = service(
        type="LoadBalancer",
        loadBalancerSourceRanges=["10.0.0.0/8"],
        ports=[{"port": 9876, "nodePort": 30876}],
        clusterIP="10.96.0.7",
    )
    outside["metadata"]["annotations"] = {"example.com/lb": "internal"}
    headless = service("namesrv-headless", clusterIP="None")
    given = (headless, STATEFUL_SET, outside, CONFIG_MAP)
    assert spec(*given)["service"] == {
        "type": "LoadBalancer",
        "metadata": {"annotations": {"example.com/lb": "internal"}},
        "loadBalancerSourceRanges": ["10.0.0.0/8"],
    }
    told = remarks(*given)
    assert "Service namesrv: the new name is namesrv-nameserver;" in told
    assert "Service namesrv-headless: the new name is namesrv-nameserver-headless;" in told
    assert "spec.ports.nodePort 30876: left out: the old Service holds it" in told


def test_a_service_for_each_server_is_external_access() -> None:
    each = [
        service(
            f"namesrv-{number}",
            type="NodePort",
            selector={"statefulset.kubernetes.io/pod-name": f"namesrv-{number}"},
            ports=[{"port": 9876, "nodePort": 30870 + number}],
        )
        for number in range(2)
    ]
    assert spec(STATEFUL_SET, CONFIG_MAP, *each)["external"] == {"type": "NodePort"}
    assert remarks(STATEFUL_SET, *each).count("set spec.external.endpoints when") == 2


def test_a_service_whose_name_the_operator_needs_is_told_of() -> None:
    assert "Service namesrv-nameserver: the operator would make" in remarks(
        STATEFUL_SET, service("namesrv-nameserver")
    )


def test_a_budget_comes_along_and_that_of_one_is_there_anyway() -> None:
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "namesrv", "namespace": "mq"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "namesrv"}}},
    }
    assert spec(STATEFUL_SET, CONFIG_MAP, budget)["podDisruptionBudget"] == {"minAvailable": 2}
    usual = changed(budget, "spec", {**budget["spec"], "maxUnavailable": 1})
    del usual["spec"]["minAvailable"]
    assert "podDisruptionBudget" not in spec(STATEFUL_SET, CONFIG_MAP, usual)


def test_a_deployment_is_as_good_as_a_stateful_set() -> None:
    given = changed(STATEFUL_SET, "kind", "Deployment")
    given = changed(given, "spec/strategy", {"type": "Recreate"})
    assert spec(given, CONFIG_MAP) == spec(STATEFUL_SET, CONFIG_MAP)


def test_a_rollout_by_hand_stays_one() -> None:
    given = changed(STATEFUL_SET, "spec/updateStrategy", {"type": "OnDelete"})
    assert spec(changed(given, "spec/minReadySeconds", 20), CONFIG_MAP)["rollout"] == {
        "strategy": "OnDelete",
        "minReadySeconds": 20,
    }


def test_an_image_that_starts_a_name_server_by_itself_is_recognized() -> None:
    given = in_container(image="registry.example.com/mq/rocketmq-namesrv:4.9.7", command=[])
    assert spec(given)["replicas"] == 3
    with pytest.raises(SpecError, match="no container of it runs mqnamesrv"):
        spec(in_container(image="dns/nameserver:1", command=[]))


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
