"""A cluster made by kind: real nodes, images, DNS, Services, volumes."""

import json
import os
import signal as signals
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar, Final

from harness import shell
from harness.binaries import KIND, binaries
from harness.cache import cache_dir, locked
from harness.cluster import Capability, Cluster
from harness.errors import HarnessError
from harness.images import DEFAULT_REGISTRY, JAVA_IMAGE, PRODUCT_IMAGE, Images
from harness.kind import appimages, configuration, relay
from harness.kind.containerd import CONTAINERD
from harness.kind.engine import Engine
from harness.kind.engines import engine
from harness.kind.network import closed_network
from harness.kind.nodeimage import node_image, pulled_node_image
from harness.phases import phase
from harness.rundir import LOGS, run_directory
from harness.wait import until

NAME: Final = "rocketmq-operator"
NODE: Final = f"{NAME}-control-plane"
MEMORY: Final = "10g"
"""Of the node, with everything in it."""
CREATE_TIMEOUT: Final = 300.0
RESTART_TIMEOUT: Final = 120.0
KUBECONFIG: Final = "kubeconfig"
STATE: Final = "cluster.json"
RUNNING: Final = "HARNESS_RUNNING_CLUSTER"


class KindCluster(Cluster):
    """A cluster of one node that is a container; only its image cache outlives it.

    Where the environment variable RUNNING names the run directory of one that another process
    has made, it is that one: used, and left as it is.
    """

    kind: ClassVar[str] = "kind"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        each for each in Capability if each != Capability.ROOT or os.geteuid() == 0
    )

    def _start(self, starting: ExitStack) -> None:
        programs = binaries(KIND)
        self.kubectl_path, self._kind = programs.path("kubectl"), programs.path("kind")
        if running := os.environ.get(RUNNING):
            self._use(Path(running))
        else:
            self._create(starting)
        self.images = NodeImages(self)
        self._tunnels = relay.Tunnels(*self._relay)
        starting.callback(self._tunnels.close)

    def _create(self, starting: ExitStack) -> None:
        self.run_dir = starting.enter_context(run_directory(self.name))
        self.kubeconfig = self.run_dir / KUBECONFIG
        starting.enter_context(locked(cache_dir() / "kind.lock"))
        with phase("engine"):
            self._engine = starting.enter_context(engine(self.run_dir / LOGS / "dockerd.log"))
        node, built = prepare_images(self._engine)
        self._run("delete", "cluster", f"--name={NAME}")
        network = starting.enter_context(closed_network(self._engine, node))
        starting.callback(self._delete)
        with phase("create the cluster"):
            self._create_node(node, built, network)
        with phase("load the images"), ThreadPoolExecutor() as pool:
            list(pool.map(self._load, (PRODUCT_IMAGE, JAVA_IMAGE)))
        self._start_relay()
        self._write_state()

    def _load(self, image: str) -> None:
        self._run("load", "docker-image", f"--name={NAME}", image)

    def _use(self, run_dir: Path) -> None:
        state = json.loads((run_dir / STATE).read_text())
        self.run_dir, self.kubeconfig = run_dir, run_dir / KUBECONFIG
        self._engine, self._relay = Engine(**state["engine"]), tuple(state["relay"])

    def _write_state(self) -> None:
        state = {"engine": asdict(self._engine), "relay": self._relay}
        (self.run_dir / STATE).write_text(json.dumps(state))

    def _create_node(self, node: str, built: bool, network: str) -> None:
        ports = configuration.published_ports(self._engine)
        self._relay = self._engine.address, ports[1]
        configured = configuration.write(self.run_dir, self._engine, ports, own_node_image=built)
        words = (f"--name={NAME}", f"--image={node}", f"--config={configured}", "--wait=120s")
        environment = {"KIND_EXPERIMENTAL_DOCKER_NETWORK": network}
        self._run("create", "cluster", *words, **environment)
        self._engine.docker("update", f"--memory={MEMORY}", f"--memory-swap={MEMORY}", NODE)

    def _start_relay(self) -> None:
        program = Path(relay.__file__).read_text()
        for item in configuration.relay(program):
            self.kubectl("apply", "-f", "-", input=json.dumps(item))
        words = ("rollout", "status", "deployment/relay", "--timeout=90s")
        self.kubectl(f"--namespace={configuration.RELAY_NAMESPACE}", *words, timeout=100)

    def _delete(self) -> None:
        with phase("remove the cluster"):
            self._save_logs()
            self._run("delete", "cluster", f"--name={NAME}")

    def _save_logs(self) -> None:
        logs = self.run_dir / LOGS
        logs.mkdir(exist_ok=True)
        journal = self._engine.attempt("exec", NODE, "journalctl", "--no-pager", "--lines=20000")
        (logs / "journal.log").write_text(journal.stdout)
        self._engine.attempt("cp", f"{NODE}:/var/log/pods", logs / "pods")

    def _run(self, *words: str, **environment: str) -> None:
        variables = self._engine.variables() | self.environment() | environment
        shell.run(self._kind, *words, env=variables, timeout=CREATE_TIMEOUT)

    def on_node(self, *words: str) -> str:
        """Run a program on the node; its stdout. Raises HarnessError if it fails."""
        return self._engine.docker("exec", NODE, *words)

    def restart_node(self) -> None:
        """Restart the node as if the machine had been, and wait until the API answers again."""
        self._engine.docker("restart", NODE, timeout=RESTART_TIMEOUT)
        until(
            lambda: self.kubectl("get", "--raw", "/readyz").stdout,
            timeout=RESTART_TIMEOUT,
            what="the API server to be ready again",
            retry_on=(HarnessError,),
        )

    def java_image(self) -> str:
        return JAVA_IMAGE

    def logs(self, namespace: str, pod: str, container: str) -> str:
        words = ("logs", f"--namespace={namespace}", pod, f"--container={container}")
        return self.kubectl(*words).stdout

    def audit_log(self) -> str:
        return self.on_node("cat", configuration.AUDIT_LOG)

    def kill(
        self,
        namespace: str,
        pod: str,
        container: str,
        signal: signals.Signals = signals.SIGKILL,
    ) -> None:
        running = self.get(f"/api/v1/namespaces/{namespace}/pods/{pod}")
        statuses = running["status"]["containerStatuses"]
        found = next(item["containerID"] for item in statuses if item["name"] == container)
        _, _, identity = found.partition("://")
        self.on_node(*CONTAINERD, "tasks", "kill", f"--signal={signal.name}", identity)

    def address(self, in_cluster: str) -> str:
        return self._tunnels.address(in_cluster)


class NodeImages(Images):
    """The images in the node's containerd."""

    def __init__(self, cluster: KindCluster) -> None:
        self._cluster = cluster

    def add(self, reference: str) -> None:
        self._images("tag", DEFAULT_REGISTRY + PRODUCT_IMAGE, DEFAULT_REGISTRY + reference)

    def remove(self, reference: str) -> None:
        if reference not in self:
            raise KeyError(reference)
        self._images("rm", "--sync", DEFAULT_REGISTRY + reference)

    def __contains__(self, reference: str) -> bool:
        return DEFAULT_REGISTRY + reference in self._images("ls", "--quiet").split()

    def _images(self, *words: str) -> str:
        return self._cluster.on_node(*CONTAINERD, "images", *words)


def prepare_images(engine: Engine) -> tuple[str, bool]:
    """The node image, and whether it was built here; the product's and the Java peers' as well.

    What the engine or the cache has is not made again.
    """
    with phase("node image"):
        node = None if engine.isolated else pulled_node_image(engine)
        built = node is None
        reference = node or node_image(engine)
    with phase("product image"):
        appimages.build_product(engine, offline=built)
    with phase("image of the Java peers"):
        appimages.build_java(engine, offline=built)
    return reference, built
