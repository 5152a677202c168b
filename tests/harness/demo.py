"""`make demo`: the product's main job on a real API server with real Java peers, step by step."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from harness import java
from harness.cluster import Cluster
from harness.errors import HarnessError
from harness.java.pods import BrokerPod, consume, produce
from harness.product import SAMPLES, Nsc, Product
from harness.wait import until

MESSAGES: Final = 100
OFFLINE_WITHIN: Final = 2.0
"""Seconds from the moment that no server shows a dead broker any more."""
TAMPERED: Final = "orderMessageEnable"


class DemoFailedError(HarnessError):
    """A step of the demo showed something else than it should have."""


class Demo:
    """The steps, in order; each raises if it did not see what it is there to show."""

    def __init__(self, cluster: Cluster, *, offline_within: float = OFFLINE_WITHIN) -> None:
        self._offline_within = offline_within
        self._product = Product(cluster)
        self._nsc = Nsc(self._product, "basic")

    def run(self) -> None:
        """All steps."""
        with _step("install the operator, unless it is there; its rights are those of the install"):
            self._product.provide()
            self._show("-n", "rocketmq-system", "get", "pods")
        with _step("kubectl apply -f manifests/samples/basic.yaml"):
            self._product.kubectl("apply", "-f", SAMPLES / "basic.yaml")
            self._nsc.wait_ready()
            self._expect(READY="3/3", STATUS="Running", CONFIG="Synced")
        self._with_broker()
        with _step("delete the cluster; nothing is left"):
            self._nsc.delete()
            print("nothing left")

    def _with_broker(self) -> None:
        namesrv = self._nsc.addresses("namesrvAddr")
        with BrokerPod(self._nsc.workspace, namesrv) as broker:
            with _step(f"a Java broker {java.VERSION} registers with {namesrv}"):
                self._expect(BROKERS="1/1", VIEWS="Converged")
            client = self._nsc.addresses("client")
            with _step(f"{MESSAGES} messages through Java clients that use {client}"):
                self._pass_messages(client)
            with _step("Java's mqadmin reads configuration and KV from each server"):
                self._read_back()
            with _step(f"{TAMPERED} is changed on one server behind the operator's back"):
                self._tamper()
            with _step("the broker is killed"):
                self._kill(broker)

    def _pass_messages(self, namesrv: str) -> None:
        sent = produce(self._nsc.workspace, namesrv, "DemoTopic", MESSAGES)
        got = consume(self._nsc.workspace, namesrv, "DemoTopic", MESSAGES)
        print(f"sent {sent.sent}, received {got.distinct}")
        _check(sent.sent == got.distinct == MESSAGES, f"{sent}, {got}")

    def _read_back(self) -> None:
        servers = self._nsc.servers()
        with ThreadPoolExecutor(len(servers)) as pool:
            for pod, told in zip(servers, pool.map(_told, servers.values()), strict=True):
                print(f"{pod}: {told}")

    def _tamper(self) -> None:
        pod, server = next(iter(self._nsc.servers().items()))
        mqadmin = java.Mqadmin(server)
        print(mqadmin.run("updateNamesrvConfig", "-k", TAMPERED, "-v", "false").stdout.strip())
        started = time.monotonic()
        until(
            lambda: f"{TAMPERED} = true" in _squeezed(mqadmin.run("getNamesrvConfig").stdout),
            timeout=30,
            what=f"{TAMPERED} back to true on {pod}",
        )
        print(f"{pod} is back at {TAMPERED} = true, {time.monotonic() - started:.1f} s later")

    def _kill(self, broker: BrokerPod) -> None:
        servers = self._nsc.servers().values()
        broker.kill()
        dropped = _moment(
            lambda: not any(java.knows_broker(server, broker.address) for server in servers),
            "no server to show the broker",
        )
        shown = _moment(
            lambda: self._nsc.columns()["BROKERS"] == "0/1", "the broker to be shown offline"
        )
        self._show("get", "nsc")
        print(f"shown offline {max(0.0, shown - dropped):.2f} s after the servers dropped it")
        _check(shown - dropped <= self._offline_within, f"{shown - dropped:.2f} s")

    def _expect(self, **columns: str) -> None:
        self._nsc.wait_columns(**columns)
        self._show("get", "nsc")

    def _show(self, *args: str) -> None:
        print(f"$ kubectl {' '.join(args)}")
        print(self._product.kubectl(*args), end="", flush=True)


def _told(server: str) -> str:
    """What Java's tools read from a server; DemoFailedError if it is not what it should hold."""
    mqadmin = java.Mqadmin(server)
    config = mqadmin.run("getNamesrvConfig").stdout
    order = mqadmin.run("updateOrderConf", "-m", "get", "-t", "orders").stdout
    lines = [" ".join(line.split()) for line in config.splitlines() if TAMPERED in line]
    region = java.read_kv(server, "shop", "region")
    _check(region == "eu-1", region)
    _check(lines == [f"{TAMPERED} = true"], config)
    _check("orderConf=[broker-a:4]" in order, order)
    return f"{'; '.join(lines)}; {order.strip()}; shop/region = {region}"


def show(cluster: Cluster) -> None:
    """Run the demo; raises HarnessError at the first step that fails."""
    started = time.monotonic()
    Demo(cluster).run()
    print(f"\nevery step was seen, in {time.monotonic() - started:.0f} s", flush=True)


@contextmanager
def _step(title: str) -> Iterator[None]:
    print(f"\n==> {title}", flush=True)
    started = time.monotonic()
    yield
    print(f"    {time.monotonic() - started:.1f} s", flush=True)


def _moment(condition: Callable[[], bool], what: str) -> float:
    until(condition, timeout=60, what=what, interval=0.05)
    return time.monotonic()


def _check(fine: bool, seen: str) -> None:
    if not fine:
        raise DemoFailedError(f"this was seen instead: {seen}")


def _squeezed(text: str) -> str:
    return " ".join(text.split())
