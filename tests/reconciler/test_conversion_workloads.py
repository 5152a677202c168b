"""``rocketmq-operator convert``: StatefulSets and Deployments that people made by hand."""

import pytest

from harness.foreignservers import (
    BROKER,
    CONFIG_MAP,
    JAVA,
    NATIVE,
    STATEFUL_SET,
    Object,
    changed,
    converted,
    in_container,
    in_pod,
    name_service,
    remarks,
    service,
    spec,
)
from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.spec import Flavor

IN_CONTAINER = "spec.template.spec.containers[namesrv]"


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
