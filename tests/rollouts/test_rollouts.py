"""Three servers replaced under the load of real brokers and clients: whatever the cause, no lookup
fails; and whatever goes wrong, it stops, says why, and heals when the change is taken back."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest
import trustme

from harness.embedded import EmbeddedCluster
from harness.images import PRODUCT_IMAGE
from harness.java.pods import FRESH_NAMES, BrokerPod, LookupsPod, produce
from harness.product import Nsc, Product
from harness.server import Server
from harness.wait import until

NEXT: Final = f"{PRODUCT_IMAGE.partition(':')[0]}:rolled"
TOPIC: Final = "Rolled"
PAIRS: Final = ("broker-a", "broker-b")
MEMBERS: Final = 4
CUT_OFF: Final = 3
"""Lookups that Java's servers may lose at their end, one each: they cut off whoever is left."""
PATIENCE: Final = 180.0
"""Seconds to wait for a roll before it is given up; most take 25 to 45."""
SERVERS: Final = ("node-1", "node-2", "node-3")
"""Nodes on which servers start."""
PEERS: Final = "node-4"
"""Where the operator and the brokers run, whatever becomes of the others."""
OUT_OF_SERVICE: Final = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
JAVA: Final = {"name": "JAVA_OPT_EXT", "value": "-Xmx96m -XX:+UseSerialGC"}
BASE: Final[dict[str, Any]] = {
    "flavor": "Native",
    "image": PRODUCT_IMAGE,
    "resources": {"requests": {"cpu": "20m"}, "limits": {"memory": "512Mi"}},
    "namesrvConfig": None,
    "tls": None,
    "rollout": {"onRestartRequired": "Restart", "viewTimeoutSeconds": 180},
    "pod": {"affinity": None, "metadata": None, "env": [JAVA]},
}


class Stage:
    """A NameServerCluster with two pairs of brokers on it."""

    def __init__(self, nsc: Nsc) -> None:
        self.nsc = nsc

    def lookups(self) -> LookupsPod:
        """Clients that ask for a route that both masters are in."""
        client = self.nsc.addresses("client")
        return LookupsPod(self.nsc.workspace, client, TOPIC, brokers=len(PAIRS))

    def change(self, **spec: Any) -> None:
        """The spec as it was, with this."""
        self.nsc.patch(**{**BASE, **spec})

    def rolled(self, before: dict[str, str]) -> None:
        """Wait until every server is another one, and all is well."""
        until(
            lambda: set(self.nsc.started().values()).isdisjoint(before.values()),
            timeout=PATIENCE,
            what="three other servers",
            interval=0.3,
        )
        self.well()

    def noticed(self) -> None:
        """Wait until the operator has acted on the spec as it is now."""
        generation = self.nsc.get()["metadata"]["generation"]
        self.nsc.wait_status(
            lambda status: status["observedGeneration"] == generation, "an operator that knows"
        )

    def well(self) -> None:
        """Wait until nothing is left to do, and all servers know all brokers."""
        generation = self.nsc.get()["metadata"]["generation"]
        self.nsc.wait_status(
            lambda status: (
                status["observedGeneration"] == generation
                and status["rollout"]["state"] == "Idle"
                and status["ready"] == "3/3"
                and status["brokersOnline"] == "4/4"
                and status["views"] == "Converged"
            ),
            "three servers that are ready",
            timeout=PATIENCE,
        )
        until(
            lambda: all(len(Server(at).brokers()) == MEMBERS for at in self.nsc.servers().values()),
            timeout=PATIENCE,
            what="three servers that know four brokers",
            interval=0.3,
        )

    def stalled(self, reason: str) -> str:
        """Wait until a person is asked for that reason; the words."""
        self.nsc.wait_status(
            lambda status: any(
                each["type"] == "Stalled" and each["reason"] == reason
                for each in status["conditions"]
            ),
            f"Stalled, {reason}",
        )
        return str(self.nsc.condition("Stalled")["message"])

    def has_node_to_itself(self, server: str) -> bool:
        """Whether nothing else runs on a server's node."""
        pods = self.nsc.product.cluster.get("/api/v1/pods")["items"]
        nodes = {pod["metadata"]["name"]: pod["spec"].get("nodeName") for pod in pods}
        return list(nodes.values()).count(nodes[server]) == 1

    def signal(self, pod: str, number: signal.Signals) -> None:
        """Send the process of a broker a signal."""
        self.nsc.product.cluster.kill(self.nsc.namespace, pod, "main", number)


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[EmbeddedCluster]:
    with EmbeddedCluster(name="rollouts", nodes=len(SERVERS) + 1) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def product(kubernetes: EmbeddedCluster) -> Product:
    product = Product(kubernetes)
    with none_on(product, *SERVERS):
        product.install()
    return product


@contextmanager
def none_on(product: Product, *nodes: str) -> Iterator[None]:
    """Meanwhile no pod starts there."""
    product.kubectl("cordon", *nodes)
    yield
    product.kubectl("uncordon", *nodes)


@pytest.fixture(scope="module")
def stage(product: Product, kubernetes: EmbeddedCluster) -> Iterator[Stage]:
    namespace = "rollouts"
    product.kubectl("create", "namespace", namespace)
    with none_on(product, PEERS):
        nsc = Nsc(product, "nsc", namespace).create(**BASE)
        nsc.wait_ready()
    names = nsc.addresses("namesrvAddr")
    kubernetes.java_image()  # which the brokers else all put together at once
    brokers = [
        BrokerPod(nsc.workspace, names, name=name, broker_id=number, flags=[FRESH_NAMES])
        for name in PAIRS
        for number in (0, 1)
    ]
    with ExitStack() as stack, ThreadPoolExecutor(len(brokers)) as pool:
        with none_on(product, *SERVERS):
            list(pool.map(stack.enter_context, brokers))
        assert produce(nsc.workspace, names, TOPIC, 100).failed == 0
        nsc.wait_columns(BROKERS="4/4", VIEWS="Converged")
        yield Stage(nsc)
    product.kubectl("delete", "namespace", namespace, "--wait=false")


def another_image(stage: Stage, kubernetes: EmbeddedCluster) -> dict[str, Any]:
    kubernetes.images.add(NEXT)
    return {"image": NEXT}


def other_resources(stage: Stage, kubernetes: EmbeddedCluster) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": "30m"}, "limits": {"memory": "600Mi"}}}


def a_property_read_at_the_start(stage: Stage, kubernetes: EmbeddedCluster) -> dict[str, Any]:
    return {"namesrvConfig": {"scanNotActiveBrokerInterval": "4000"}}


def a_certificate(stage: Stage, kubernetes: EmbeddedCluster) -> dict[str, Any]:
    issued = trustme.CA().issue_cert("nameserver.example.com")
    stage.nsc.workspace.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": "servers"},
            "stringData": {
                "tls.crt": issued.cert_chain_pems[0].bytes().decode(),
                "tls.key": issued.private_key_pem.bytes().decode(),
            },
        }
    )
    return {"tls": {"mode": "Permissive", "secretName": "servers"}}


def java(stage: Stage, kubernetes: EmbeddedCluster) -> dict[str, Any]:
    return {"flavor": "Java", "image": kubernetes.java_image()}


def as_it_was(stage: Stage, kubernetes: EmbeddedCluster) -> dict[str, Any]:
    return {}


CAUSES: Final = (
    another_image,
    other_resources,
    a_property_read_at_the_start,
    a_certificate,
    java,
    as_it_was,
)
"""In this order: each begins where the one before ended, the last with Java's servers."""


@pytest.mark.parametrize("cause", CAUSES)
def test_no_lookup_fails_while_all_servers_are_replaced(
    stage: Stage,
    kubernetes: EmbeddedCluster,
    cause: Callable[[Stage, EmbeddedCluster], dict[str, Any]],
) -> None:
    change = cause(stage, kubernetes)
    before = stage.nsc.started()
    with stage.lookups() as lookups:
        began = time.monotonic()
        stage.change(**change)
        stage.rolled(before)
        took = time.monotonic() - began
        asked = until(lambda: lookups.so_far().asked, timeout=10, what="lookups", interval=0.1)
        found = lookups.so_far()
    print(f"{cause.__name__}: {took:.1f} s, {asked} lookups {found.last_error}")
    assert found.failed <= (CUT_OFF if cause is as_it_was else 0), found.last_error


def no_such_image(stage: Stage) -> dict[str, Any]:
    return {"image": f"{PRODUCT_IMAGE.partition(':')[0]}:nowhere"}


def no_such_node(stage: Stage) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": "no", "operator": "In", "values": ["such"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"pod": {**BASE["pod"], "affinity": {"nodeAffinity": required}}}


def marked(value: str) -> dict[str, Any]:
    """Another template, and nothing else."""
    return {"pod": {**BASE["pod"], "metadata": {"annotations": {"example.com/roll": value}}}}


def a_broker_that_does_not_return(stage: Stage) -> dict[str, Any]:
    stage.signal("broker-b-1", signal.SIGSTOP)
    return {
        **marked("1"),
        "rollout": {"onRestartRequired": "Restart", "viewTimeoutSeconds": 25},
    }


@pytest.mark.parametrize(
    ("cause", "reason", "words"),
    [
        (no_such_image, "ImagePullFailed", "correct spec.image"),
        (no_such_node, "Unschedulable", "didn't match Pod's node affinity/selector"),
        (a_broker_that_does_not_return, "RolloutTimedOut", "broker broker-b (id 1)"),
    ],
)
def test_a_roll_that_cannot_go_on_stops_and_heals_when_taken_back(
    stage: Stage, cause: Callable[[Stage], dict[str, Any]], reason: str, words: str
) -> None:
    before = stage.nsc.started()
    with stage.lookups() as lookups:
        stage.change(**cause(stage))
        assert words in stage.stalled(reason)
        untouched = before.items() & stage.nsc.started().items()
        assert len(untouched) == 2
        found = lookups.so_far()
    assert (found.failed, found.last_error) == (0, "")
    stage.change()
    stage.noticed()
    stage.signal("broker-b-1", signal.SIGCONT)
    stage.well()
    assert untouched <= stage.nsc.started().items()


def comes_back(kubernetes: EmbeddedCluster, node: str) -> None:
    kubernetes.start_node(int(node.removeprefix("node-")))


def is_given_up(kubernetes: EmbeddedCluster, node: str) -> None:
    kubernetes.kubectl("taint", "node", node, OUT_OF_SERVICE)


@contextmanager
def lost(kubernetes: EmbeddedCluster, node: str) -> Iterator[None]:
    """Meanwhile a node is gone, unless it comes back before."""
    kubernetes.lose_node(int(node.removeprefix("node-")))
    try:
        yield
    finally:
        comes_back(kubernetes, node)
        kubernetes.kubectl("taint", "node", node, f"{OUT_OF_SERVICE}-", check=False)


@pytest.mark.parametrize("fate", [comes_back, is_given_up])
def test_a_node_that_is_lost_stops_a_roll_until_its_fate_is_known(
    stage: Stage, kubernetes: EmbeddedCluster, fate: Callable[[EmbeddedCluster, str], None]
) -> None:
    before = stage.nsc.started()
    stage.change(**marked(fate.__name__))
    until(
        lambda: stage.nsc.started() != before,
        timeout=PATIENCE,
        what="the roll to begin",
        interval=0.1,
    )
    untouched = dict(before.items() & stage.nsc.started().items())
    gone = next(server for server in untouched if stage.has_node_to_itself(server))
    (kept,) = untouched.keys() - {gone}
    node = stage.nsc.pods()[gone]["spec"]["nodeName"]
    with lost(kubernetes, node):
        assert f"pod {gone}: node {node} does not answer" in stage.stalled("NodeUnreachable")
        assert stage.nsc.started()[kept] == before[kept]
        with stage.lookups() as lookups:
            fate(kubernetes, node)
            stage.rolled(before)
            found = lookups.so_far()
        assert (found.failed, found.last_error) == (0, "")
