"""What `rocketmq-operator convert` makes passes the rules that only an API server checks."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from harness.product import Product

PROGRAM: Final = Path(sys.executable).parent / "rocketmq-operator"
GIVEN: Final = """
apiVersion: rocketmq.apache.org/v1alpha1
kind: NameService
metadata: {name: name-service}
spec:
  size: 2
  nameServiceImage: apacherocketmq/rocketmq-nameserver:4.5.0-alpine-operator-0.3.0
  imagePullPolicy: Always
  hostNetwork: true
  dnsPolicy: ClusterFirst
  resources: {requests: {memory: 512Mi, cpu: 250m}, limits: {memory: 1024Mi, cpu: 500m}}
  storageMode: StorageClass
  hostPath: /data/rocketmq/nameserver
  volumeClaimTemplates:
  - metadata:
      name: namesrv-storage
      annotations: {volume.beta.kubernetes.io/storage-class: rocketmq-storage}
    spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
  securityContext: {runAsUser: 0, fsGroup: 3000}
  containerSecurityContext: {privileged: true}
  env: [{name: JAVA_OPT_EXT, value: -Xmx512m}, {name: NAMESRV_ADDR, value: "a:9876"}]
  tolerations: [{key: mq, operator: Exists}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: 1st.namesrv}
spec:
  replicas: 12
  selector: {matchLabels: {app: namesrv}}
  updateStrategy: {type: OnDelete}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
  template:
    metadata:
      labels: {app: namesrv, team: mq}
      annotations: {kubectl.kubernetes.io/restartedAt: now, namesrv.dev/x: a, example.com/a: b}
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: namesrv}}
      containers:
      - name: nameserver
        image: apache/rocketmq:5.3.3
        command: [sh, mqnamesrv, -c, /etc/namesrv/namesrv.conf]
        ports: [{containerPort: 8080}]
        envFrom: [{prefix: NAMESRV_, configMapRef: {name: a}}, {secretRef: {name: b}}]
        volumeMounts:
        - {name: conf, mountPath: /etc/namesrv}
        - {name: ca, mountPath: /etc/ca}
        - {name: ca, mountPath: /tmp}
        - {name: tls, mountPath: /etc/tls}
        - {name: logs, mountPath: /root/logs}
      - {name: exporter, image: "exporter:1", volumeMounts: [{name: logs, mountPath: /logs}]}
      volumes:
      - {name: conf, configMap: {name: conf}}
      - {name: ca, secret: {secretName: ca}}
      - {name: tls, secret: {secretName: tls}}
      - {name: logs, emptyDir: {}}
      - {name: host, hostPath: {path: /data}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  namesrv.conf: |
    listenPort=8080
    kvConfigPath=/data/kvConfig.json
    configStorePath=/data/namesrv.properties
    productEnvName=a\\\\b
    orderMessageEnable=true
    serverWorkerThreads=16
---
apiVersion: v1
kind: Service
metadata: {name: namesrv}
spec:
  type: ClusterIP
  selector: {app: namesrv}
  externalTrafficPolicy: Cluster
  ports: [{port: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: namesrv-0}
spec:
  type: NodePort
  externalTrafficPolicy: Local
  selector: {statefulset.kubernetes.io/pod-name: 1st.namesrv-0}
  ports: [{port: 8080, nodePort: 30080}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: namesrv}
spec: {minAvailable: 50%, selector: {matchLabels: {app: namesrv}}}
"""


@pytest.mark.parametrize("flavor", ["Native", "Java"])
def test_the_api_server_takes_what_comes_out(product: Product, namespace: str, flavor: str) -> None:
    done = subprocess.run(
        [PROGRAM, "convert", "-f", "-", "--flavor", flavor],
        input=GIVEN,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    words = ("apply", "--dry-run=server", "--validate=strict", "-o", "name", "-f", "-")
    told = product.kubectl("-n", namespace, *words, input=done.stdout)
    assert told.split() == [
        "nameservercluster.namesrv.dev/name-service",
        "nameservercluster.namesrv.dev/n1st-namesrv",
    ]
