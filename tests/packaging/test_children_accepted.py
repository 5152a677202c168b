"""The children as built are what a real API server keeps, in a namespace under `restricted`."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import yaml

from harness.cluster import Cluster
from rocketmq_operator.reconciler import kinds, plan, resources
from rocketmq_operator.reconciler.resources import Circumstances, quantity
from rocketmq_operator.reconciler.spec import Cluster as NameServerCluster
from rocketmq_operator.reconciler.spec import parse

Object = dict[str, Any]
SPECS = {
    "defaults": "{}",
    "one": "{replicas: 1}",
    "suspended": "{suspend: true, storage: {size: 1Gi}}",
    "everything": """
        replicas: 5
        image: registry.example.com/mine:2
        imagePullPolicy: Always
        imagePullSecrets: [{name: registry}]
        logLevel: debug
        ports: {remoting: 19876, http: 18080}
        resources: {requests: {cpu: 0.5, memory: 1024Mi}, limits: {cpu: 2000m, memory: 2G}}
        storage: {size: 1024Mi, storageClassName: fast, accessMode: ReadWriteOncePod}
        pod:
          metadata: {labels: {team: a}, annotations: {example.com/note: b}}
          affinity:
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
              - {topologyKey: rack, labelSelector: {matchLabels: {a: b}}}
          nodeSelector: {disk: ssd}
          tolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 60}]
          topologySpreadConstraints:
          - {maxSkew: 1, topologyKey: rack, whenUnsatisfiable: DoNotSchedule}
          env:
          - {name: TZ, value: UTC}
          - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
          - {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
          securityContext: {runAsUser: 1000, fsGroup: 1000}
          containerSecurityContext: {runAsGroup: 1000}
          priorityClassName: system-cluster-critical
          terminationGracePeriodSeconds: 60
          runtimeClassName: gvisor
          schedulerName: mine
          envFrom: [{prefix: A_, configMapRef: {name: c, optional: true}}, {secretRef: {name: s}}]
          volumes:
          - {name: a, configMap: {name: c, defaultMode: 256, items: [{key: k, path: p}]}}
          - {name: b, secret: {secretName: s}}
          - {name: c, emptyDir: {medium: Memory, sizeLimit: 0.5Gi}}
          - {name: d, persistentVolumeClaim: {claimName: p, readOnly: true}}
          - {name: e, csi: {driver: d.example.com, volumeAttributes: {a: b}}}
          - {name: f, downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}
          - name: g
            projected:
              sources:
              - {configMap: {name: c}}
              - {serviceAccountToken: {path: t, expirationSeconds: 3600}}
          volumeMounts: [{name: a, mountPath: /a, subPath: p, readOnly: true}]
          initContainers:
          - {name: first, image: 'i:1', command: [a], args: [b], resources: {limits: {cpu: 0.5}}}
          - name: second
            image: i:1
            restartPolicy: Always
            startupProbe: {exec: {command: [a]}, periodSeconds: 2}
          sidecars:
          - name: beside
            image: i:1
            ports: [{name: web, containerPort: 8081}]
            env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 0.001}}}]
            readinessProbe: {httpGet: {path: /, port: web}}
            volumeMounts: [{name: c, mountPath: /c}]
          dnsPolicy: None
          dnsConfig: {nameservers: [10.0.0.10], searches: [a.b], options: [{name: a}]}
          hostAliases: [{ip: 10.0.0.1, hostnames: [a, b]}]
          startupProbe: {initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 4}
          readinessProbe: {successThreshold: 2}
          livenessProbe: {failureThreshold: 9}
        service:
          metadata: {labels: {team: a}, annotations: {example.com/note: b}}
          type: LoadBalancer
          nodePort: 30876
          externalTrafficPolicy: Local
          internalTrafficPolicy: Local
          loadBalancerClass: example.com/lb
          loadBalancerSourceRanges: [10.0.0.0/8]
          allocateLoadBalancerNodePorts: true
          ipFamilyPolicy: SingleStack
          ipFamilies: [IPv4]
        external:
          type: LoadBalancer
          metadata: {labels: {team: a}, annotations: {example.com/note: b}}
          externalTrafficPolicy: Local
          loadBalancerClass: example.com/lb
          loadBalancerSourceRanges: [10.0.0.0/8]
          endpoints: [{ordinal: 1, nodePort: 30877, annotations: {example.com/note: c}}]
        addressServer: {enabled: true}
        networkPolicy:
          remotingFrom: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]
          httpFrom:
          - {namespaceSelector: {}, podSelector: {matchLabels: {app: prometheus}}}
        headlessService: {metadata: {labels: {team: a}, annotations: {example.com/note: b}}}
        namesrvConfig: {orderMessageEnable: "true"}
        kvConfig: [{kvNamespace: shop, entries: {a: "1", b: "ü"}}]
        orderTopics: {orders: "broker-a:4"}
        podDisruptionBudget: {minAvailable: 50%}
    """,
}
QUANTITIES = "1 2 10 1000 1500 0.5 .5 1.5 100m 1000m 1500m 1k 1.5k 1M 1G 2T 1e3 15e2 2E 1Ki 1.5Ki"
QUANTITIES += (
    " 1024Mi 1536Mi 0.5Gi 1Gi 1.25Gi 0.3Gi 0.1Ki 0 0Gi 1E3 1e-3 12345678901u 1n +1 1e5 1.500"
)
QUANTITIES += (
    " 1.50 0.500 007 007Mi 10.000 1026Ki 8Gi 12Gi 2.0Gi 1000000 1234567890123456789 5.G 1E0 1500E3"
)


def read(spec: str, owner: Object) -> NameServerCluster:
    return parse({**owner, "spec": yaml.safe_load(spec)}, "rocketmq-operator:0.1.0")


def apply(api: Any, child: Object, **query: str) -> Any:
    metadata = child["metadata"]
    path = kinds.of(child).path(metadata["namespace"], metadata["name"])
    return api.ask("PATCH", path, child, fieldManager="rocketmq-operator", force="true", **query)


@pytest.fixture
def restricted(kubernetes: Cluster) -> Iterator[str]:
    """A namespace in which only restricted pods may be made."""
    name = f"restricted-{uuid4().hex[:8]}"
    kubernetes.kubectl("create", "namespace", name)
    levels = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    kubernetes.kubectl("label", "namespace", name, *levels)
    kubernetes.kubectl("wait", "serviceaccount/default", "-n", name, "--for=create")
    yield name
    kubernetes.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def owner(api: Any, crd: Object, restricted: str) -> Object:
    """A NameServerCluster that is there, in a namespace of its own."""
    assert crd
    body = {
        "apiVersion": "namesrv.dev/v1alpha1",
        "kind": "NameServerCluster",
        "metadata": {"name": "prod", "namespace": restricted},
    }
    made: Object = api.ask("POST", kinds.CLUSTER.path(restricted), body).body
    return made


@pytest.mark.parametrize("name", SPECS)
def test_the_operator_can_apply_every_child_and_finds_it_as_it_wants_it(
    operator_api: Any, owner: Object, name: str
) -> None:
    for child in map(plan.stamped, resources.desired(read(SPECS[name], owner))):
        answer = apply(operator_api, child)
        assert (answer.status, answer.message, answer.warnings) == (201, "", [])
        assert plan.holds(answer.body, child)
        again = apply(operator_api, child)
        assert (again.status, plan.holds(again.body, child)) == (200, True)


@pytest.mark.parametrize("name", ["defaults", "everything"])
def test_a_pod_of_the_template_is_admitted(api: Any, owner: Object, name: str) -> None:
    *_, stateful_set = resources.desired(read(SPECS[name], owner))
    template = stateful_set["spec"]["template"]
    data = {"name": "data", "emptyDir": {}}
    volumes = [v for v in template["spec"]["volumes"] if v["name"] != "data"]
    spec = {**template["spec"], "volumes": [*volumes, data], "serviceAccountName": "default"}
    spec.pop("runtimeClassName", None)  # admission looks it up, and the cluster has none
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    answer = api.ask("POST", kinds.POD.path(owner["metadata"]["namespace"]), pod, dryRun="All")
    assert (answer.status, answer.message, answer.warnings) == (201, "", [])


def test_the_storage_may_grow_without_touching_the_claim_template(
    operator_api: Any, owner: Object
) -> None:
    *_, before = resources.desired(read("{storage: {size: 1Gi}}", owner))
    assert apply(operator_api, before).status == 201
    *_, naive = resources.desired(read("{storage: {size: 2Gi}}", owner))
    assert apply(operator_api, naive).status == 422
    *_, kept = resources.desired(
        read("{storage: {size: 2Gi}}", owner), Circumstances(claim_size="1Gi")
    )
    assert apply(operator_api, kept).status == 200


def test_quantities_are_written_as_the_server_writes_them(api: Any) -> None:
    texts = QUANTITIES.split()
    volumes = [{"name": f"v{n}", "emptyDir": {"sizeLimit": text}} for n, text in enumerate(texts)]
    spec = {"containers": [{"name": "c", "image": "i"}], "volumes": volumes}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "q"}, "spec": spec}
    answer = api.ask("POST", "/api/v1/namespaces/default/pods", pod, dryRun="All")
    assert answer.status == 201, answer.message
    served = [
        volume.get("emptyDir", {}).get("sizeLimit") for volume in answer.body["spec"]["volumes"]
    ]
    assert [quantity.canonical(text) for text in texts] == served[: len(texts)]
