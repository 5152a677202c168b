"""The product as its users meet it: installed by its manifests, driven and read with kubectl."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from harness.audit import writes
from harness.cluster import Cluster
from harness.wait import until
from harness.workspace import Workspace
from rocketmq_operator.reconciler.lifecycle import LEASE_NAME

ROOT: Final = Path(__file__).resolve().parents[2]
MANIFESTS: Final = ROOT / "manifests"
SAMPLES: Final = MANIFESTS / "samples"
SYSTEM: Final = "rocketmq-system"
DEPLOYMENT: Final = "rocketmq-operator"
SMALL: Final = {"requests": {"cpu": "20m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
"""One node of two cores has room for the servers of all tests that run at a time."""
RIGHTS: Final = "rocketmq-nameserver-operator"
"""The operator's role and its binding, in a cluster or in namespaces."""
POLL: Final = 0.4
"""Seconds between two looks with kubectl, which costs more than what it looks at."""
WAIT: Final = 120.0
"""Seconds; a kubelet of its own tries again 10 to 20 s after what failed twice."""


class Product:
    """The operator in a cluster, and the NameServerClusters that it looks after."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def install(self, manifests: Path = MANIFESTS) -> None:
        """Apply `manifests/`, which has `crds/` in it, and wait until the operator is ready."""
        self.kubectl("apply", "-k", manifests)
        self.wait_for_operator()

    def provide(self) -> None:
        """Install it by the manifests unless the cluster has it, and wait until it is ready."""
        kind, missing = f"deployment/{DEPLOYMENT}", "--ignore-not-found"
        if self.kubectl("-n", SYSTEM, "get", kind, missing, "-o", "name"):
            self.wait_for_operator()
        else:
            self.install()

    def wait_for_operator(self) -> None:
        """Wait until every replica of the operator is ready."""
        self.kubectl(
            *(
                "-n",
                SYSTEM,
                "rollout",
                "status",
                f"deployment/{DEPLOYMENT}",
                f"--timeout={WAIT:g}s",
            ),
            timeout=WAIT + 10,
        )

    def kubectl(self, *args: str | Path, timeout: float = 60, **kwargs: Any) -> str:
        """Run kubectl as the administrator; its stdout. Raises KubectlError."""
        return self.cluster.kubectl(*args, timeout=timeout, **kwargs).stdout

    def apply(self, obj: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """`kubectl apply` of one object."""
        return self.cluster.kubectl("apply", "-f", "-", input=json.dumps(obj))

    def nameserver_image(self) -> str:
        """The operator's default image of the servers."""
        path = f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/{DEPLOYMENT}"
        (container,) = self.cluster.get(path)["spec"]["template"]["spec"]["containers"]
        return next(str(e["value"]) for e in container["env"] if e["name"] == "NAMESERVER_IMAGE")

    def operator_pods(self) -> list[str]:
        """Names of the operator's pods."""
        return list(self._operator_pods())

    def _operator_pods(self) -> dict[str, dict[str, Any]]:
        selector = "app.kubernetes.io/component=operator"
        return _pods(self.cluster, SYSTEM, selector)

    def leader(self) -> str:
        """Which of the operator's replicas works, `pod_suffix`; empty while none does."""
        jsonpath = "-o=jsonpath={.spec.holderIdentity}"
        return self.kubectl("-n", SYSTEM, "get", "lease", LEASE_NAME, jsonpath)

    def leader_in_pod(self) -> str:
        """The same, but empty where its pod is not ready or goes: it left without a word."""
        leader = self.leader()
        pod = self._operator_pods().get(leader.partition("_")[0])
        return leader if pod and _ready(pod) else ""

    def turns(self) -> list[str]:
        """Which replica wrote, in order of time, one word for each time that they took turns.

        Writes to the Lease, for which they compete, do not count.
        """
        account = f"system:serviceaccount:{SYSTEM}:{DEPLOYMENT}"
        found = [
            write
            for write in writes(self.cluster.audit_log())
            if write.user == account and write.resource != "leases"
        ]
        return [
            agent
            for agent, _ in groupby(sorted(found, key=attrgetter("at")), key=attrgetter("agent"))
        ]

    def scale_operator(self, replicas: int) -> None:
        """Set the number of the operator's replicas and wait until it is so."""
        self.kubectl("-n", SYSTEM, "scale", f"deployment/{DEPLOYMENT}", f"--replicas={replicas}")
        until(
            lambda: len(self.operator_pods()) == replicas,
            timeout=WAIT,
            what=f"{replicas} pods of the operator",
            interval=POLL,
        )
        if replicas:
            self.wait_for_operator()

    @contextmanager
    def operator_with(self, **spec: Any) -> Iterator[None]:
        """The operator's pods with this patch of their spec, and then as they were before."""
        deployment = f"deployment/{DEPLOYMENT}"
        text = json.dumps({"spec": {"template": {"spec": spec}}})
        self.kubectl("-n", SYSTEM, "patch", deployment, "-p", text)
        try:
            self.wait_for_operator()
            yield
        finally:
            self.kubectl("-n", SYSTEM, "rollout", "undo", deployment)
            self.wait_for_operator()


class Nsc:
    """One NameServerCluster, driven with kubectl."""

    def __init__(self, product: Product, name: str, namespace: str = "default") -> None:
        self.product = product
        self.name = name
        self.namespace = namespace

    @property
    def workspace(self) -> Workspace:
        """Its namespace, for pods beside it."""
        return Workspace(self.product.cluster, self.namespace)

    def kubectl(self, *args: str | Path, **kwargs: Any) -> str:
        """kubectl in this object's namespace."""
        return self.product.kubectl("-n", self.namespace, *args, **kwargs)

    def create(self, **spec: Any) -> "Nsc":
        """Apply the object with this spec."""
        self.product.apply(
            {
                "apiVersion": "namesrv.dev/v1alpha1",
                "kind": "NameServerCluster",
                "metadata": {"name": self.name, "namespace": self.namespace},
                "spec": spec,
            }
        )
        return self

    def patch(self, **spec: Any) -> None:
        """Merge-patch the spec."""
        text = json.dumps({"spec": spec})
        self.kubectl("patch", "nsc", self.name, "--type=merge", "-p", text)

    def get(self) -> dict[str, Any]:
        """The object."""
        path = f"/apis/namesrv.dev/v1alpha1/namespaces/{self.namespace}/nameserverclusters"
        return self.product.cluster.get(f"{path}/{self.name}")

    def status(self) -> dict[str, Any]:
        """Its status, empty until the operator wrote one."""
        found: dict[str, Any] = self.get().get("status", {})
        return found

    def condition(self, name: str) -> dict[str, Any]:
        """The condition of this type, empty where there is none."""
        conditions: Sequence[dict[str, Any]] = self.status().get("conditions", ())
        return next((item for item in conditions if item["type"] == name), {})

    def columns(self) -> dict[str, str]:
        """The row that `kubectl get nsc` prints, by column."""
        header, row = self.kubectl("get", "nsc", self.name).splitlines()
        return dict(zip(header.split(), row.split(), strict=False))

    def wait_columns(self, **columns: str) -> None:
        """Wait until `kubectl get nsc` shows these values."""
        until(
            lambda: columns.items() <= self.columns().items(),
            timeout=WAIT,
            what=f"kubectl get nsc with {columns}",
            interval=POLL,
        )

    def wait_ready(self, timeout: float = WAIT) -> None:
        """`kubectl wait --for=condition=Ready` for the current generation."""
        generation = self.get()["metadata"]["generation"]
        self.wait_status(
            lambda status: status.get("observedGeneration", 0) >= generation,
            "an operator that has seen the current generation",
            timeout,
        )
        self.kubectl(
            *("wait", "--for=condition=Ready", f"nsc/{self.name}", f"--timeout={timeout:g}s"),
            timeout=timeout + 10,
        )

    def wait_status(
        self, judge: Callable[[dict[str, Any]], bool], what: str, timeout: float = WAIT
    ) -> dict[str, Any]:
        """Wait until the status is as `judge` wants it; the status then."""

        def look() -> dict[str, Any]:
            status = self.status()
            return status if judge(status) else {}

        return until(look, timeout=timeout, what=what, interval=POLL)

    def wait_rolled(self, before: Mapping[str, str], timeout: float = WAIT) -> None:
        """Wait until as many servers as in `before`, all of them others, are ready and at rest."""
        ready = f"{len(before)}/{len(before)}"
        self.wait_status(
            lambda status: (
                status["rollout"]["state"] == "Idle"
                and status["ready"] == ready
                and set(self.started().values()).isdisjoint(before.values())
            ),
            f"{len(before)} other servers",
            timeout,
        )

    def pods(self) -> dict[str, dict[str, Any]]:
        """Its pods by name."""
        return _pods(self.product.cluster, self.namespace, f"namesrv.dev/cluster={self.name}")

    def ready(self) -> set[str]:
        """Names of its pods that are ready and stay."""
        return {name for name, pod in self.pods().items() if _ready(pod)}

    def pod_ips(self) -> dict[str, str]:
        """Addresses of its pods that have one and stay, by name."""
        return {
            name: pod["status"]["podIP"]
            for name, pod in sorted(self.pods().items())
            if pod["status"].get("podIP") and "deletionTimestamp" not in pod["metadata"]
        }

    def servers(self, port: int = 9876) -> dict[str, str]:
        """Each server's `host:port` as reachable from here, by pod."""
        address = self.product.cluster.address
        return {name: address(f"{ip}:{port}") for name, ip in self.pod_ips().items()}

    def started(self) -> dict[str, str]:
        """When the server in each pod started; changes when a pod or its process is replaced."""
        return {name: _instance(pod) for name, pod in self.pods().items()}

    def addresses(self, name: str) -> str:
        """One of `status.addresses`, as programs in the cluster write it."""
        found: str = self.status()["addresses"][name]
        return found

    def add_entries(self, **entries: str) -> None:
        """Apply a NameServerKVConfig with entries of KV namespace `app`; wait until it is Ready."""
        self.product.apply(
            {
                "apiVersion": "namesrv.dev/v1alpha1",
                "kind": "NameServerKVConfig",
                "metadata": {"name": "team", "namespace": self.namespace},
                "spec": {
                    "clusterRef": {"name": self.name, "namespace": self.namespace},
                    "kvNamespace": "app",
                    "entries": entries,
                },
            }
        )
        words = ("--for=condition=Ready", "nskv/team", f"--timeout={WAIT:g}s")
        self.kubectl("wait", *words, timeout=WAIT + 10)

    def delete(self, timeout: float = WAIT) -> None:
        """Delete the object and wait until nothing of it is left."""
        self.kubectl("delete", "nsc", self.name, "--ignore-not-found", timeout=timeout)
        what = f"nothing left of {self.name}"
        until(lambda: not self.leftovers(), timeout=timeout, what=what, interval=POLL)

    def leftovers(self) -> list[str]:
        """What still exists of its children."""
        kinds = "statefulsets,services,configmaps,serviceaccounts,poddisruptionbudgets,"
        kinds += "networkpolicies,pods"
        selector = f"namesrv.dev/cluster={self.name}"
        return self.kubectl("get", kinds, "-l", selector, "-o", "name").split()


def _pods(cluster: Cluster, namespace: str, selector: str) -> dict[str, dict[str, Any]]:
    """Pods by name."""
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector={quote(selector)}"
    return {item["metadata"]["name"]: item for item in cluster.get(path)["items"]}


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def _instance(pod: dict[str, Any]) -> str:
    containers = pod["status"].get("containerStatuses", ())
    started = [each["state"].get("running", {}).get("startedAt") for each in containers]
    return f"{pod['metadata']['uid']} {started}"


class Make(Protocol):
    """Makes a NameServerCluster of the given spec and, unless told otherwise, waits for Ready."""

    def __call__(self, *, wait: bool = True, **spec: Any) -> Nsc:
        """The object, named by the test."""
        ...
