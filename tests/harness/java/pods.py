"""Java brokers, producers and consumers as pods, which reach NameServers by their DNS names."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from harness.errors import HarnessError
from harness.java.broker import PORT, BrokerSettings, Properties
from harness.java.image import IN_IMAGE
from harness.java.jvm import command
from harness.java.servers import knows_broker
from harness.traffic import (
    GRACE,
    Consumed,
    LookedUp,
    Order,
    Produced,
    read_consumed,
    read_looked_up,
    read_produced,
)
from harness.wait import until
from harness.workspace import Object, Workspace

T = TypeVar("T")

DEADLINE: Final = 60.0
"""Seconds that a client tries."""
START_TIMEOUT: Final = 120.0
"""Seconds; a node may have to pull the image first."""
FILES: Final = Path("/tmp")  # an emptyDir, all that a pod can write to
CONFIG: Final = "/etc/rocketmq"
ADDRESS: Final = "POD_IP"
"""Stands in a broker's settings for what is known in its pod only."""
# A kubelet puts the address in place of the second one.
START_BROKER: Final = (
    f'sed "s/{ADDRESS}/$({ADDRESS})/" {CONFIG}/broker.conf >{FILES}/broker.conf && exec "$@"'
)
ENDED: Final = frozenset({"Succeeded", "Failed"})

RESTRICTED: Final = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
FRESH_NAMES: Final = "-Dsun.net.inetaddr.ttl=1"
"""Java else keeps the address behind a name for 30 s."""
LOOKUP_CLIENTS: Final = 4
LOOKUP_PAUSE: Final = 20
"""Milliseconds."""
_numbers: Final = itertools.count()


class BrokerPod:
    """A Java broker: a master with id 0, a slave with any other. A context manager.

    `namesrv` is one or more `host:port`, with `;` between them. It is ready when `ready` says
    so: by default when every one of these NameServers knows its address. `address` is where it
    listens, from the moment that its pod has an address. With `restarts` it is started again
    whenever it ends. `flags` are further words for the JVM.
    """

    def __init__(  # noqa: PLR0913 - settings by keyword, each with a default
        self,
        workspace: Workspace,
        namesrv: str,
        *,
        name: str = "broker-a",
        broker_id: int = 0,
        properties: Properties | None = None,
        flags: Sequence[str] = (),
        restarts: bool = False,
        ready: "Callable[[BrokerPod], bool] | None" = None,
    ) -> None:
        self.namesrv, self.name, self.broker_id = namesrv, name, broker_id
        self.pod = f"{name}-{broker_id}"
        self.address = ""
        self._workspace = workspace
        self._restarts = restarts
        self._ready = ready or BrokerPod.registered
        self._settings = BrokerSettings(
            namesrv=namesrv,
            host=ADDRESS,
            directory=FILES,
            name=name,
            broker_id=broker_id,
            properties=dict(properties or {}),
            flags=flags,
        )

    def registered(self) -> bool:
        """Whether each of its NameServers answers and knows it."""
        reachable = map(self._workspace.cluster.address, self.namesrv.split(";"))
        return all(knows_broker(server, self.address) for server in reachable)

    def kill(self) -> None:
        """SIGKILL; it says goodbye to nobody."""
        self._workspace.cluster.kill(self._workspace.namespace, self.pod, "main")

    def start(self) -> None:
        """Start it and return when it serves. Raises HarnessError if it ends or takes too long."""
        self._workspace.apply(self._configuration(), self._manifest())
        self.address = f"{self._wait(self._pod_ip, 'an address')}:{PORT}"
        self._wait(lambda: self._ready(self), f"registered with {self.namesrv}")

    def delete(self) -> None:
        """Delete the pod, and wait until it is gone."""
        _delete(self._workspace, f"pod/{self.pod}", f"configmap/{self.pod}")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.delete()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.delete()

    def _wait(self, condition: Callable[[], T], what: str) -> T:
        def unless_ended() -> T:
            if _phase(self._workspace, self.pod) in ENDED:
                log = self._workspace.log(self.pod)
                raise HarnessError(f"broker {self.pod} has ended:\n{log[-2000:]}")
            return condition()

        what = f"broker {self.pod}: {what}"
        return until(unless_ended, timeout=START_TIMEOUT, what=what, interval=0.3)

    def _pod_ip(self) -> str:
        return str(self._workspace.get("pods", self.pod)["status"].get("podIP", ""))

    def _configuration(self) -> Object:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self.pod},
            "data": {"broker.conf": self._settings.text()},
        }

    def _manifest(self) -> Object:
        field = {"fieldRef": {"fieldPath": "status.podIP"}}
        pod = _pod(
            self._workspace,
            self.pod,
            ["sh", "-c", START_BROKER, "broker", *self._settings.command(IN_IMAGE)],
            memory="768Mi",
            env=[{"name": ADDRESS, "valueFrom": field}],
        )
        if self._restarts:
            pod["spec"]["restartPolicy"] = "Always"
        pod["spec"]["volumes"].append({"name": "config", "configMap": {"name": self.pod}})
        mounts = pod["spec"]["containers"][0]["volumeMounts"]
        mounts.append({"name": "config", "mountPath": CONFIG})
        return pod


class ClientPod(Generic[T]):
    """A producer or a consumer, which starts with the `with` statement and is gone after it."""

    def __init__(
        self, workspace: Workspace, mode: str, order: Order, read: Callable[[str], T]
    ) -> None:
        self.pod = f"{mode}-{next(_numbers)}"
        self._workspace, self._mode, self._order, self._read = workspace, mode, order, read

    def wait_sending(self) -> None:
        """Wait until a producer's first message is stored. Raises HarnessError."""
        timeout = START_TIMEOUT + self._order.deadline
        self._workspace.wait_log(self.pod, "the first message is stored", timeout=timeout)

    def result(self) -> T:
        """Wait for its end; what it did.

        Raises HarnessError if it fails in another way than by its deadline.
        """
        until(
            lambda: _phase(self._workspace, self.pod) in ENDED,
            timeout=START_TIMEOUT + self._order.deadline + GRACE,
            what=f"{self.pod} to end",
            interval=0.3,
        )
        return self._read(self._workspace.log(self.pod))

    def __enter__(self) -> Self:
        words = [self._mode, *self._order.words()]
        program = command(IN_IMAGE, "Traffic", words, directory=FILES, heap="64m")
        self._workspace.apply(_pod(self._workspace, self.pod, program, memory="384Mi"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _delete(self._workspace, f"pod/{self.pod}")


def start_producer(
    workspace: Workspace,
    namesrv: str,
    topic: str,
    count: int,
    *,
    deadline: float = DEADLINE,
    pause: float = 0.0,
) -> ClientPod[Produced]:
    """A producer of `count` numbered messages, `pause` seconds apart, to be used in a `with`.

    It tries again after failures until `deadline` seconds are over.
    """
    order = Order(namesrv, topic, count, "harness-producer", deadline, pause)
    return ClientPod(workspace, "produce", order, read_produced)


class LookupsPod:
    """Java clients that look up routes, from the `with` statement to its end.

    Every answer must have `brokers` broker names. Each client asks every 20 ms or so, for `topic`
    or, where `topics` is given, for one of `topic-0`, `topic-1` and so on. With `renew_every` new
    clients take the place of those that have asked so often.
    """

    def __init__(
        self,
        workspace: Workspace,
        namesrv: str,
        topic: str,
        *,
        brokers: int,
        topics: int = 0,
        renew_every: int = 0,
    ) -> None:
        self.pod = f"lookups-{next(_numbers)}"
        self._workspace = workspace
        numbers = (LOOKUP_CLIENTS, brokers, LOOKUP_PAUSE, topics, renew_every)
        self._words = [namesrv, topic, *map(str, numbers)]

    def so_far(self) -> LookedUp:
        """What happened until now; nothing before the first second is over."""
        lines = self._workspace.log(self.pod).splitlines()
        told = [line for line in lines if line.startswith("{")]
        return read_looked_up(told[-1]) if told else LookedUp(0, 0, 0, "")

    def __enter__(self) -> Self:
        program = command(
            IN_IMAGE, "Lookups", self._words, directory=FILES, heap="64m", flags=[FRESH_NAMES]
        )
        self._workspace.apply(_pod(self._workspace, self.pod, program, memory="384Mi"))
        until(
            lambda: _phase(self._workspace, self.pod) == "Running" and self.so_far().asked,
            timeout=START_TIMEOUT,
            what=f"{self.pod} to ask",
            interval=0.3,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _delete(self._workspace, f"pod/{self.pod}")


def produce(workspace: Workspace, namesrv: str, topic: str, count: int) -> Produced:
    """Send `count` numbered messages, with retries for a minute. Raises HarnessError."""
    with start_producer(workspace, namesrv, topic, count) as producer:
        return producer.result()


def start_consumer(
    workspace: Workspace, namesrv: str, topic: str, count: int, *, deadline: float = DEADLINE
) -> ClientPod[Consumed]:
    """A consumer that ends with `count` different messages, to be used in a `with`."""
    order = Order(namesrv, topic, count, "harness-consumer", deadline)
    return ClientPod(workspace, "push", order, read_consumed)


def consume(workspace: Workspace, namesrv: str, topic: str, count: int) -> Consumed:
    """Receive until `count` different messages are there or a minute is over.

    Raises HarnessError if the program fails in another way than by its deadline.
    """
    with start_consumer(workspace, namesrv, topic, count) as consumer:
        return consumer.result()


def _pod(
    workspace: Workspace, name: str, program: list[str], *, memory: str, **fields: Any
) -> Object:
    """A pod that runs once, within what Pod Security `restricted` allows."""
    return workspace.pod(
        name,
        *program,
        image=workspace.cluster.java_image(),
        restartPolicy="Never",
        resources={"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": memory}},
        securityContext=RESTRICTED,
        volumes=[{"name": "files", "emptyDir": {}}],
        volumeMounts=[{"name": "files", "mountPath": str(FILES)}],
        **fields,
    )


def _phase(workspace: Workspace, pod: str) -> str:
    return str(workspace.get("pods", pod)["status"].get("phase", ""))


def _delete(workspace: Workspace, *objects: str) -> None:
    workspace.kubectl("delete", "--ignore-not-found", *objects)
