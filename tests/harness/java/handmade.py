"""Java NameServers as people run them by hand: a StatefulSet, a Service, a ConfigMap."""

from typing import Final

from harness.java.image import IN_IMAGE
from harness.java.jvm import command
from harness.java.pods import FILES, RESTRICTED
from harness.workspace import Object, Workspace

MAIN: Final = "org.apache.rocketmq.namesrv.NamesrvStartup"
PORT: Final = 9876
NAME: Final = "namesrv"
KINDS: Final = "statefulset,service,configmap"
ADDRESS: Final = "ADDRESS"
"""Stands in the configuration for where to listen, which a node may put in (see README.md)."""
START: Final = (
    f'cd {FILES} && sed "s/{ADDRESS}/$0/" /etc/namesrv/namesrv.conf >namesrv.conf && exec "$@"'
)
CONFIGURATION: Final = f"bindAddress={ADDRESS}\nlistenPort={PORT}\norderMessageEnable=true\n"


class HandMade:
    """Servers named ``namesrv-0`` and so on, behind a headless Service ``namesrv``."""

    def __init__(self, workspace: Workspace, *, replicas: int) -> None:
        self._workspace, self._replicas = workspace, replicas
        domain = f"{NAME}.{workspace.namespace}.svc:{PORT}"
        self.names = [f"{NAME}-{number}.{domain}" for number in range(replicas)]

    @property
    def namesrv_addr(self) -> str:
        """All servers, as brokers and clients write it."""
        return ";".join(self.names)

    def start(self) -> None:
        """Apply all and wait until every server is ready."""
        self._workspace.apply(*self._manifests())
        words = ("rollout", "status", f"statefulset/{NAME}", "--timeout=60s")
        self._workspace.kubectl(*words, timeout=70)

    def manifests(self) -> str:
        """What the API server has of it, as YAML."""
        return self._workspace.kubectl("get", KINDS, "-o", "yaml")

    def delete(self) -> None:
        """Delete all and wait until the pods are gone."""
        named = [f"{kind}/{NAME}" for kind in KINDS.split(",")]
        self._workspace.kubectl("delete", *named)
        self._workspace.kubectl("wait", "--for=delete", "pod", f"-l=app={NAME}", "--timeout=30s")

    def _manifests(self) -> list[Object]:
        metadata = {"name": NAME, "labels": {"app": NAME}}
        configuration = {"namesrv.conf": CONFIGURATION}
        return [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": configuration},
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {
                    "clusterIP": "None",
                    "publishNotReadyAddresses": True,
                    "selector": {"app": NAME},
                    "ports": [{"name": "main", "port": PORT}],
                },
            },
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "metadata": metadata,
                "spec": {
                    "serviceName": NAME,
                    "replicas": self._replicas,
                    "podManagementPolicy": "Parallel",
                    "selector": {"matchLabels": {"app": NAME}},
                    "template": {"metadata": {"labels": {"app": NAME}}, "spec": self._pod()},
                },
            },
        ]

    def _pod(self) -> Object:
        program = command(IN_IMAGE, MAIN, ["-c", "namesrv.conf"], directory=FILES, heap="96m")
        container = {
            "name": NAME,
            "image": self._workspace.cluster.java_image(),
            "command": ["sh", "-c", START, "0.0.0.0", *program],
            "ports": [{"name": "main", "containerPort": PORT}],
            "resources": {"requests": {"cpu": "20m"}, "limits": {"memory": "384Mi"}},
            "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
            "securityContext": RESTRICTED,
            "volumeMounts": [
                {"name": "files", "mountPath": str(FILES)},
                {"name": "configuration", "mountPath": "/etc/namesrv"},
            ],
        }
        return {
            "terminationGracePeriodSeconds": 5,
            "containers": [container],
            "volumes": [
                {"name": "files", "emptyDir": {}},
                {"name": "configuration", "configMap": {"name": NAME}},
            ],
        }
