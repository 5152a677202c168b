"""`docs/status.md`: what kubectl prints of a cluster in each of its states, from a real run."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from harness.cluster import Cluster
from harness.connection import Connection
from harness.images import PRODUCT_IMAGE
from harness.java.pods import FRESH_NAMES, BrokerPod
from harness.product import Nsc, Product
from harness.registrations import member
from harness.server import Server
from rocketmq_operator.protocol.codes import RequestCode

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "status.md"
NAMESPACE: Final = "mq"
HEAD: Final = (
    "# What the status looks like\n\n"
    "`make status-pages` ran through these states with real brokers on {date} and wrote down what "
    "kubectl printed; of `kubectl describe nsc` it is the conditions, the rollout and the last "
    "events. All phases and reasons are in [conditions and events](conditions.md).\n"
)
SHOWN: Final = ("Conditions", "Rollout")
"""Parts of the status that `kubectl describe` prints and the page repeats."""
EVENTS: Final = 4
SPEC: Final[dict[str, Any]] = {
    "replicas": 3,
    "kvConfig": [{"kvNamespace": "shop", "entries": {"region": "eu-1"}}],
    "brokers": {
        "probeIntervalSeconds": 2,
        "staleAfterSeconds": 10,
        "expectedClusters": [{"name": "DefaultCluster", "minMasters": 1}],
    },
    "pod": {"terminationGracePeriodSeconds": 5},
    "rollout": {"minReadySeconds": 0},
}


class Stage(NamedTuple):
    """A cluster with a master and a slave on it."""

    nsc: Nsc
    brokers: dict[str, BrokerPod]

    def signal(self, broker: str, number: signal.Signals) -> None:
        """Send a broker's process a signal."""
        self.nsc.product.cluster.kill(NAMESPACE, self.brokers[broker].pod, "main", number)

    def healthy(self) -> None:
        """Wait until all is well again."""
        self.nsc.wait_ready()
        self.nsc.wait_columns(READY="3/3", STATUS="Running", BROKERS="2/2", VIEWS="Converged")


class State(NamedTuple):
    """A state: its heading, how it comes about in words, and in deeds."""

    title: str
    words: str
    begin: Callable[[Stage], None]
    end: Callable[[Stage], None] = Stage.healthy


def write(cluster: Cluster) -> None:
    """Run through all states and write the page."""
    product = Product(cluster)
    product.install()
    product.kubectl("create", "namespace", NAMESPACE)
    with stage(product) as there:
        text = HEAD.format(date=time.strftime("%Y-%m-%d"))
        for state in STATES:
            state.begin(there)
            text += _section(state, there.nsc)
            state.end(there)
    PAGE.write_text(text)


@contextmanager
def stage(product: Product) -> Iterator[Stage]:
    """A cluster in NAMESPACE with a master and a slave on it."""
    nsc = Nsc(product, "prod", NAMESPACE).create(**SPEC)
    nsc.wait_ready()
    names = nsc.addresses("namesrvAddr")
    product.cluster.java_image()
    brokers = {
        role: BrokerPod(nsc.workspace, names, broker_id=number, flags=[FRESH_NAMES])
        for number, role in enumerate(("master", "slave"))
    }
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        list(pool.map(stack.enter_context, brokers.values()))
        yield Stage(nsc, brokers)


def _section(state: State, nsc: Nsc) -> str:
    table = nsc.kubectl("get", "nsc", nsc.name, "-o", "wide")
    described = nsc.kubectl("describe", "nsc", nsc.name)
    wide = "\n".join(line.rstrip() for line in table.splitlines())
    parts = [
        f"\n## {state.title}\n\n{state.words}\n",
        f"```\n$ kubectl get nsc {nsc.name} -o wide\n{wide}\n```\n",
        f"```\n$ kubectl describe nsc {nsc.name}\n...\n{_excerpt(described)}\n```\n",
    ]
    return "\n".join(parts)


def _excerpt(described: str) -> str:
    status, _, events = described.partition("\nEvents:\n")
    parts = [_part(status.partition("\nStatus:\n")[2], name) for name in SHOWN]
    head, rows = events.splitlines()[:2], events.splitlines()[2:]
    return "\n".join([*filter(None, parts), "...", "Events:", *head, *rows[-EVENTS:]])


def _part(status: str, name: str) -> str:
    """A member of the status as it is printed: its line, and all that is further to the right."""
    found = re.search(rf"^  {name}:\n(?:    .*\n)+", f"{status}\n", re.MULTILINE)
    return found[0].rstrip("\n") if found else ""


def _nothing(stage: Stage) -> None:
    stage.healthy()


def _roll(stage: Stage) -> None:
    stage.nsc.patch(pod={"metadata": {"annotations": {"example.com/roll": "1"}}})
    stage.nsc.wait_status(
        lambda status: status["rollout"].get("blockedBy") == "ViewsNotConverged", "a server behind"
    )


def diverge(stage: Stage) -> None:
    """Let the slave hang, and one server take it for gone."""
    stage.signal("slave", signal.SIGSTOP)
    gone = member("broker-a", 1, cluster="DefaultCluster", address=stage.brokers["slave"].address)
    with Connection(stage.nsc.servers()["prod-nameserver-2"]) as connection:
        connection.tell(RequestCode.UNREGISTER_BROKER, b"", **gone)
    stage.nsc.wait_columns(VIEWS="Diverged")


def _converge(stage: Stage) -> None:
    stage.signal("slave", signal.SIGCONT)
    stage.healthy()


def _bad_image(stage: Stage) -> None:
    stage.nsc.patch(image="rocketmq-operator:nowhere")
    stage.nsc.wait_status(lambda status: "nowhere" in status["message"], "the image refused")


def _good_image(stage: Stage) -> None:
    stage.nsc.patch(image=PRODUCT_IMAGE)
    stage.healthy()


def _drift(stage: Stage) -> None:
    stage.nsc.patch(drift={"kvConfig": "Report", "intervalSeconds": 10})
    stage.nsc.wait_ready()
    Server(stage.nsc.servers()["prod-nameserver-1"]).put("shop", "region", "us-1")
    stage.nsc.wait_columns(CONFIG="Drifted")


def _correct(stage: Stage) -> None:
    stage.nsc.patch(drift={"kvConfig": "Correct"})
    stage.healthy()


def _pause(stage: Stage) -> None:
    stage.nsc.patch(paused=True)
    stage.nsc.wait_columns(STATUS="Paused")


def _go_on(stage: Stage) -> None:
    stage.nsc.patch(paused=False)
    stage.healthy()


def _lose(stage: Stage) -> None:
    stage.brokers["master"].kill()
    stage.nsc.wait_columns(BROKERS="1/2")


STATES: Final = (
    State("Healthy", "Three servers, a master and a slave.", _nothing),
    State("Rolling", "An annotation of the pods was changed.", _roll),
    State(
        "Diverged",
        "A server lost its connection to a broker that hangs; the others did not notice yet.",
        diverge,
        _converge,
    ),
    State("A bad image", "`spec.image` names an image that is not there.", _bad_image, _good_image),
    State(
        "Drift that is only reported",
        "`spec.drift.kvConfig` is Report, and somebody changed a key on one server.",
        _drift,
        _correct,
    ),
    State("Paused", "`spec.paused` is true.", _pause, _go_on),
    State("A broker is lost", "The master was killed.", _lose, lambda stage: None),
)
