"""What the API server accepts as a NameServerCluster, and how it words a refusal."""

from typing import Any

import pytest
import yaml

Object = dict[str, Any]
PATH = "/apis/namesrv.dev/v1alpha1/namespaces/default/nameserverclusters"


def cluster(spec: str, name: str = "prod") -> Object:
    return {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerCluster",
        "metadata": {"name": name},
        "spec": yaml.safe_load(spec) or {},
    }


ACCEPTED = [
    "{}",
    "{replicas: 1}",
    "{replicas: 9}",
    "{image: 'registry.example.com:5000/a/b@sha256:0123'}",
    "{imagePullPolicy: Never, imagePullSecrets: [{name: a}, {name: b}]}",
    "{logLevel: debug, suspend: true, paused: true}",
    "{ports: {remoting: 8080, http: 9876}}",
    "{ports: {http: 9877}}",
    "{resources: {}}",
    "{resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1000m, memory: 1024Mi}}}",
    "{resources: {requests: {ephemeral-storage: 1Gi}}}",
    "{storage: {size: 1Gi}}",
    "{storage: {size: 1, storageClassName: fast, accessMode: ReadWriteOncePod}}",
    "{storage: {size: 1Gi, whenDeleted: Delete, whenScaled: Retain}}",
    "{pod: {metadata: {labels: {example.com/team: a, app.kubernetes.io/part-of: b}}}}",
    "{pod: {metadata: {annotations: {example.com/note: 'any text, really'}}}}",
    "{pod: {nodeSelector: {disk: ssd}, tolerations: [{operator: Exists}]}}",
    "{pod: {topologySpreadConstraints:"
    " [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]}}",
    "{pod: {affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution:"
    " [{weight: 1, podAffinityTerm: {topologyKey: host}}]}}}}",
    "{pod: {env: [{name: TZ, value: UTC}]}}",
    "{pod: {env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]}}",
    "{pod: {securityContext: {runAsUser: 1000}, containerSecurityContext: {runAsUser: 1000}}}",
    "{pod: {priorityClassName: high, serviceAccountName: mine}}",
    "{pod: {terminationGracePeriodSeconds: 5, runtimeClassName: gvisor, schedulerName: mine}}",
    "{pod: {envFrom: [{prefix: A_, configMapRef: {name: a}}, {secretRef: {name: b}}]}}",
    "{pod: {volumes: [{name: a, emptyDir: {}}], volumeMounts: [{name: a, mountPath: /a}]}}",
    "{pod: {initContainers: [{name: a, image: i}], sidecars: [{name: b, image: i}]}}",
    "{pod: {hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet}}",
    "{pod: {dnsPolicy: None, dnsConfig: {nameservers: [10.0.0.1]}}}",
    "{pod: {hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]}}",
    "{pod: {startupProbe: {failureThreshold: 1000}, readinessProbe: {successThreshold: 3}}}",
    "{service: {type: NodePort, nodePort: 30000, externalTrafficPolicy: Local}}",
    "{service: {type: LoadBalancer, loadBalancerClass: a/b, allocateLoadBalancerNodePorts: false}}",
    "{service: {internalTrafficPolicy: Local, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack}}",
    "{external: {type: NodePort, endpoints: [{ordinal: 2, host: a, port: 1, nodePort: 30000}]}}",
    "{external: {type: LoadBalancer, loadBalancerClass: a/b}}",
    "{networkPolicy: {managed: false}}",
    "{networkPolicy: {remotingFrom: [{ipBlock: {cidr: 10.0.0.0/8}}]}}",
    "{networkPolicy: {httpFrom: [{podSelector: {}}, {namespaceSelector: {}}]}}",
    "{addressServer: {enabled: true, domain: 'mq.example.com:80'}}",
    "{tls: {mode: Enforcing, secretName: a}}",
    "{tls: {mode: Permissive, certManager: {issuerRef: {name: a}, duration: 90m}}}",
    "{tls: {mode: Permissive, secretName: a, clientAuth: Require, clientCASecretName: b}}",
    "{monitoring: {podMonitor: {enabled: true, interval: 30s}, prometheusRule: {enabled: true}}}",
    "{imageUpdatePolicy: FollowOperator}",
    "{headlessService: {metadata: {labels: {team: a}}}}",
    "{namesrvConfig: {orderMessageEnable: 'true', productEnvName: 'a b=c:#!', x.y_z-1: ''}}",
    "{kvConfig: [{kvNamespace: shop, entries: {a: '', 'b:c/d': \"two\\nlines\"}}]}",
    "{kvConfig: [{kvNamespace: a}, {kvNamespace: b}]}",
    "{orderTopics: {'%RETRY%group-a': 'broker-a:8;broker_b.c:16'}}",
    "{flavor: Java, image: 'apache/rocketmq:5.3.3'}",
    "{flavor: Native, rollout: {onRestartRequired: Restart}}",
    "{kvDelegation: {from: None}}",
    "{kvDelegation: {from: All, reservedNamespaces: [a, b]}}",
    "{kvDelegation: {from: Selector, namespaceSelector: {}}}",
    "{kvDelegation: {from: Selector, namespaceSelector:"
    " {matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b]}]}}}",
    "{drift: {namesrvConfig: Report, kvConfig: Report, kvPrune: Never, intervalSeconds: 10}}",
    "{drift: {kvPrune: Namespace, intervalSeconds: 3600}}",
    "{brokers: {mirror: Summary, maxEntries: 0}}",
    "{brokers: {mirror: Disabled, maxEntries: 500}}",
    "{brokers: {probeIntervalSeconds: 20, staleAfterSeconds: 40, forgetAfterSeconds: 40}}",
    "{brokers: {expectedClusters: [{name: Default}, {name: b, minBrokerNames: 2, minMasters: 1}]}}",
    "{podDisruptionBudget: {maxUnavailable: 0}}",
    "{podDisruptionBudget: {minAvailable: 50%}}",
    "{podDisruptionBudget: {enabled: false}}",
    "{rollout: {strategy: OnDelete, minReadySeconds: 0, onTimeout: Continue}}",
    "{rollout: {viewTimeoutSeconds: 10, repairBrokenPods: false}}",
]

REFUSED = [
    ("{tls: {mode: Enforcing}}", "tls needs exactly one source of the certificate"),
    (
        "{tls: {mode: Enforcing, secretName: a, certManager: {issuerRef: {name: a}}}}",
        "tls needs exactly one source of the certificate: secretName or certManager",
    ),
    ("{tls: {mode: Enforcing, secretName: a, clientAuth: Require}}", "needs clientCASecretName"),
    ("{tls: {mode: Permissive, certManager: {}}}", "issuerRef: Required value"),
    (
        "{tls: {mode: Permissive, certManager: {issuerRef: {name: a}, duration: 90d}}}",
        "spec.tls.certManager.duration",
    ),
    (
        "{addressServer: {enabled: true}, ports: {remoting: 8080, http: 8081}}",
        "which ports.remoting uses; give ports.remoting another number",
    ),
    ("{external: {}}", "spec.external.type: Required value"),
    ("{external: {type: NodePort, loadBalancerClass: a}}", "need external.type LoadBalancer"),
    (
        "{external: {type: NodePort, endpoints: [{ordinal: 3}]}}",
        "names a server that is not there: ordinals go from 0 to replicas - 1",
    ),
    (
        "{external: {type: NodePort, endpoints:"
        " [{ordinal: 0, nodePort: 30000}, {ordinal: 1, nodePort: 30000}]}}",
        "external.endpoints has the same nodePort twice",
    ),
    (
        "{external: {type: NodePort}, pod: {hostNetwork: true, dnsPolicy: Default}}",
        "external and pod.hostNetwork do not go together",
    ),
    ("{networkPolicy: {httpFrom: [{}]}}", "an empty peer would let nobody in"),
    (
        "{networkPolicy: {httpFrom: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}}",
        "a peer has either ipBlock or selectors",
    ),
    ("{pod: {envFrom: [{prefix: NAMESRV_X}]}}", "start with NAMESRV_ are reserved"),
    (
        "{pod: {volumes: [{name: data, emptyDir: {}}]}}",
        "volumes seed, data, tmp, tls and client-ca",
    ),
    ("{pod: {volumes: [{name: a}]}}", "a volume has exactly one source: configMap, csi, "),
    ("{pod: {volumes: [{name: a, emptyDir: {}, secret: {}}]}}", "a volume has exactly one source"),
    (
        "{pod: {volumes: [{name: a, hostPath: {path: /}}]}}",
        'unknown field "spec.pod.volumes[0].host',
    ),
    ("{pod: {volumeMounts: [{name: a, mountPath: /a}]}}", "a volume that is not in pod.volumes"),
    (
        "{pod: {volumes: [{name: a, emptyDir: {}}], volumeMounts: [{name: a, mountPath: /tmp}]}}",
        "are volumes of the operator; mount elsewhere",
    ),
    ("{pod: {sidecars: [{name: nameserver, image: i}]}}", "nameserver is the server itself"),
    ("{pod: {sidecars: [{name: a}]}}", "spec.pod.sidecars[0].image: Required value"),
    (
        "{pod: {initContainers: [{name: a, image: i}], sidecars: [{name: a, image: i}]}}",
        "have a container of the same name; rename one",
    ),
    ("{pod: {hostNetwork: true}}", "set it, or Default or None on purpose"),
    ("{pod: {hostNetwork: true, dnsPolicy: ClusterFirst}}", "dnsPolicy is ClusterFirstWithHostNet"),
    ("{pod: {dnsPolicy: None}}", "dnsPolicy None needs dnsConfig.nameservers"),
    ("{pod: {livenessProbe: {successThreshold: 2}}}", "unknown field"),
    (
        "{service: {nodePort: 30000}}",
        "service.nodePort needs service.type NodePort or LoadBalancer",
    ),
    ("{service: {externalTrafficPolicy: Local}}", "service.externalTrafficPolicy needs"),
    ("{service: {type: NodePort, loadBalancerClass: a}}", "need service.type LoadBalancer"),
    ("{replicas: 0}", "spec.replicas: Invalid value: 0: replicas must be at least 1; to stop all"),
    ("{replicas: 10}", "should be less than or equal to 9"),
    ("{image: ''}", "spec.image"),
    ("{image: 'a b'}", "image must be an image reference without blanks"),
    ("{imagePullPolicy: Sometimes}", 'supported values: "Always", "IfNotPresent", "Never"'),
    ("{imagePullSecrets: [{name: a}, {name: a}]}", "Duplicate value"),
    ("{logLevel: trace}", 'supported values: "debug", "info", "warning", "error"'),
    ("{ports: {http: 9876}}", "are the same port; give each its own"),
    ("{ports: {remoting: 80}}", "should be greater than or equal to 1024"),
    ("{ports: {remoting: 65536}}", "should be less than or equal to 65535"),
    ("{resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}}", "resources.requests.cpu is larger"),
    (
        "{resources: {requests: {memory: 2Gi}, limits: {memory: 1G}}}",
        "resources.requests.memory is",
    ),
    (
        "{resources: {requests: {ephemeral-storage: 2G}, limits: {ephemeral-storage: 1G}}}",
        "resources.requests.ephemeral-storage is larger",
    ),
    ("{resources: {limits: {memory: lots}}}", "spec.resources.limits.memory"),
    ("{resources: {limits: {memmory: 1Gi}}}", 'unknown field "spec.resources.limits.memmory"'),
    ("{storage: {}}", "spec.storage.size: Required value"),
    ("{storage: {size: 0}}", "storage.size must be above 0"),
    ("{storage: {size: big}}", "spec.storage.size"),
    ("{storage: {size: 1Gi, accessMode: ReadWriteMany}}", "spec.storage.accessMode: Unsupported"),
    ("{pod: {metadata: {labels: {app.kubernetes.io/name: x}}}}", "belong to the operator"),
    ("{pod: {metadata: {labels: {namesrv.dev/cluster: x}}}}", "belong to the operator"),
    ("{pod: {metadata: {labels: {a: 'b c'}}}}", "spec.pod.metadata.labels.a"),
    ("{pod: {metadata: {labels: {a b: c}}}}", "a key must be a name of at most 63"),
    ("{pod: {metadata: {annotations: {namesrv.dev/x: y}}}}", "belong to the operator"),
    ("{pod: {metadata: {annotations: {'/': y}}}}", "a key must be a name of at most 63"),
    ("{pod: {env: [{name: NAMESRV_LOG_LEVEL, value: x}]}}", "use spec.logLevel or"),
    ("{pod: {env: [{name: A}, {name: A}]}}", "Duplicate value"),
    ("{pod: {terminationGracePeriodSeconds: 4}}", "should be greater than or equal to 5"),
    ("{pod: {terminationGracePeriodSeconds: 601}}", "should be less than or equal to 600"),
    ("{pod: {hostPID: true}}", 'unknown field "spec.pod.hostPID"'),
    ("{namesrvConfig: {kvConfigPath: /x}}", "that the operator sets; remove them"),
    ("{namesrvConfig: {configBlackList: x}}", "that the operator sets; remove them"),
    ("{namesrvConfig: {listenPort: '1'}}", "remove them and use spec.ports.remoting"),
    ("{namesrvConfig: {bindAddress: x}}", "remove them and use spec.ports.remoting"),
    ("{namesrvConfig: {'a b': c}}", "a property name must start with a letter"),
    ("{namesrvConfig: {'': c}}", "a property name must start with a letter"),
    ('{namesrvConfig: {a: "b\\nkvConfigPath=/x"}}', "a value must be one line"),
    ("{namesrvConfig: {a: 'b '}}", "without blanks at its ends"),
    ("{namesrvConfig: {a: 'c:\\b'}}", "without a backslash"),
    ("{namesrvConfig: {a: 'ü'}}", "printable ASCII"),
    ("{namesrvConfig: {a: true}}", "must be of type string"),
    ("{kvConfig: [{kvNamespace: ORDER_TOPIC_CONFIG}]}", "move its entries there"),
    ("{kvConfig: [{entries: {a: b}}]}", "kvNamespace: Required value"),
    ("{kvConfig: [{kvNamespace: a}, {kvNamespace: a}]}", "Duplicate value"),
    ("{kvConfig: [{kvNamespace: 'a b'}]}", "a KV namespace must hold printable ASCII"),
    ("{kvConfig: [{kvNamespace: ''}]}", "spec.kvConfig[0].kvNamespace"),
    ("{kvConfig: [{kvNamespace: a, entries: {'': b}}]}", "a KV key must hold 1 to 255"),
    ("{kvConfig: [{kvNamespace: a, entries: {'b c': d}}]}", "a KV key must hold 1 to 255"),
    ('{kvConfig: [{kvNamespace: a, entries: {b: "\\u0001"}}]}', "spec.kvConfig[0].entries.b"),
    ("{kvConfig: [{kvNamespace: a, entries: {b: 1}}]}", "must be of type string"),
    ("{flavor: Java}", "flavor Java needs image, for example apache/rocketmq:5.3.3"),
    ("{flavor: Java, image: i, addressServer: {enabled: true}}", "has no list over HTTP"),
    ("{flavor: Java, image: i, monitoring: {podMonitor: {enabled: true}}}", "has no metrics"),
    ("{flavor: java, image: i}", 'supported values: "Native", "Java"'),
    ("{kvDelegation: {from: Selector}}", "give both or neither"),
    ("{kvDelegation: {namespaceSelector: {}}}", "give both or neither"),
    (
        "{kvDelegation: {from: Selector, namespaceSelector:"
        " {matchExpressions: [{key: a, operator: In}]}}}",
        "In and NotIn need values",
    ),
    ("{kvDelegation: {reservedNamespaces: [a, a]}}", "Duplicate value"),
    ("{orderTopics: {'a b': 'broker:8'}}", "a topic must hold 1 to 127"),
    ("{orderTopics: {a: 'broker'}}", "spec.orderTopics.a"),
    ("{orderTopics: {a: 'broker:0'}}", "spec.orderTopics.a"),
    ("{orderTopics: {a: 'broker:8;'}}", "spec.orderTopics.a"),
    ("{drift: {kvPrune: All}}", 'supported values: "Owned", "Namespace", "Never"'),
    ("{drift: {intervalSeconds: 9}}", "should be greater than or equal to 10"),
    ("{drift: {intervalSeconds: 3601}}", "should be less than or equal to 3600"),
    ("{brokers: {maxEntries: 501}}", "should be less than or equal to 500"),
    (
        "{brokers: {probeIntervalSeconds: 30}}",
        "must be at least twice brokers.probeIntervalSeconds",
    ),
    ("{brokers: {forgetAfterSeconds: 44}}", "must not be below brokers.staleAfterSeconds"),
    ("{brokers: {expectedClusters: [{minMasters: 1}]}}", "expectedClusters[0].name: Required"),
    ("{podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}}", "exclude each other"),
    ("{podDisruptionBudget: {minAvailable: 120%}}", "spec.podDisruptionBudget.minAvailable"),
    ("{rollout: {viewTimeoutSeconds: 9}}", "should be greater than or equal to 10"),
    ("{rollout: {onTimeout: Rollback}}", 'supported values: "Pause", "Continue"'),
    ("{size: 3}", 'unknown field "spec.size"'),
]

TOO_MANY = [
    ("imagePullSecrets", [{"name": f"s{n}"} for n in range(9)], 8),
    ("namesrvConfig", {f"k{n}": "v" for n in range(65)}, 64),
    ("kvConfig", [{"kvNamespace": f"n{n}"} for n in range(33)], 32),
    ("orderTopics", {f"t{n}": "broker:1" for n in range(1025)}, 1024),
]

TRANSITIONS = [
    ("{storage: {size: 900Mi}}", "{storage: {size: 1Gi}}", ""),
    ("{storage: {size: 1Gi}}", "{storage: {size: 900Mi}}", ""),
    ("{}", "{storage: {size: 1Gi}}", "storage cannot be added to or removed from an existing"),
    ("{storage: {size: 1Gi}}", "{}", "storage cannot be added to or removed from an existing"),
    (
        "{storage: {size: 1Gi, storageClassName: a}}",
        "{storage: {size: 1Gi, storageClassName: b}}",
        "storage.storageClassName cannot be changed",
    ),
    (
        "{storage: {size: 1Gi}}",
        "{storage: {size: 1Gi, storageClassName: b}}",
        "storage.storageClassName cannot be changed",
    ),
    (
        "{storage: {size: 1Gi}}",
        "{storage: {size: 1Gi, accessMode: ReadWriteOncePod}}",
        "storage.accessMode cannot be changed",
    ),
    ("{storage: {size: 1Gi}}", "{storage: {size: 1Gi, whenDeleted: Delete}}", ""),
    ("{replicas: 3}", "{replicas: 5}", ""),
    ("{ports: {remoting: 9876}}", "{ports: {remoting: 19876}}", ""),
]

NAMES = [
    ("a", ""),
    ("a" * 40, ""),
    ("prod-1", ""),
    ("a" * 41, "metadata.name must be at most 40 characters"),
    ("1-prod", "start with a letter"),
    ("a.b", "metadata.name must be at most 40 characters of a-z, 0-9 and '-'"),
]


@pytest.mark.parametrize("spec", ACCEPTED)
@pytest.mark.usefixtures("crd")
def test_accepted(api: Any, spec: str) -> None:
    answer = api.ask("POST", PATH, cluster(spec), dryRun="All")
    assert (answer.status, answer.message) == (201, "")


@pytest.mark.parametrize(("spec", "message"), REFUSED)
@pytest.mark.usefixtures("crd")
def test_refused(api: Any, spec: str, message: str) -> None:
    answer = api.ask("POST", PATH, cluster(spec), dryRun="All")
    assert answer.status in {400, 422}
    assert message in answer.message


@pytest.mark.parametrize(("field", "value", "limit"), TOO_MANY, ids=[t[0] for t in TOO_MANY])
@pytest.mark.usefixtures("crd")
def test_too_many(api: Any, field: str, value: Any, limit: int) -> None:
    too_many = cluster("{}") | {"spec": {field: value}}
    refused = api.ask("POST", PATH, too_many, dryRun="All")
    assert refused.status == 422
    assert f"must have at most {limit} items" in refused.message
    enough = value[:limit] if isinstance(value, list) else dict(list(value.items())[:limit])
    assert api.ask("POST", PATH, too_many | {"spec": {field: enough}}, dryRun="All").status == 201


@pytest.mark.parametrize(("name", "message"), NAMES, ids=[name for name, _ in NAMES])
@pytest.mark.usefixtures("crd")
def test_name(api: Any, name: str, message: str) -> None:
    answer = api.ask("POST", PATH, cluster("{}", name), dryRun="All")
    assert answer.status == (422 if message else 201)
    assert message in answer.message


@pytest.mark.parametrize(("before", "after", "message"), TRANSITIONS)
@pytest.mark.usefixtures("crd")
def test_transition(api: Any, before: str, after: str, message: str) -> None:
    made = api.ask("POST", PATH, cluster(before, "transition"))
    assert made.status == 201, made.message
    path = f"{PATH}/transition"
    changed = cluster(after) | {"metadata": made.body["metadata"]}
    try:
        answer = api.ask("PUT", path, changed, dryRun="All")
    finally:
        api.ask("DELETE", path)
    assert answer.status == (422 if message else 200), answer.message
    assert message in answer.message


@pytest.mark.usefixtures("crd")
def test_the_largest_legal_kv_is_within_the_cost_limit_of_the_rules(api: Any) -> None:
    tables = [
        {"kvNamespace": f"n{n}", "entries": {f"k{k:0>40}": "v" * 60 for k in range(256)}}
        for n in range(32)
    ]
    answer = api.ask("POST", PATH, cluster("{}") | {"spec": {"kvConfig": tables}}, dryRun="All")
    assert (answer.status, answer.message) == (201, "")
