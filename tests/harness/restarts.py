"""Three servers restarted one after the other, fast, under real brokers, producers and consumers.

Each broker registers every half minute; a server that starts empty does not know it meanwhile.
"""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from harness.java.pods import FRESH_NAMES, BrokerPod, LookupsPod, start_consumer, start_producer
from harness.product import Nsc
from harness.topics import make_topics
from harness.traffic import Consumed, LookedUp, Produced
from harness.wait import until

TOPIC: Final = "Warm"
MESSAGES: Final = 400
PAUSE: Final = 0.05
DEADLINE: Final = 200.0
"""Seconds for all messages."""
RENEW_EVERY: Final = 25
"""Lookups of a client, before a new one takes its place: about two new ones a second each."""


class Scale(NamedTuple):
    """How much takes part; each broker name is a master and a slave."""

    broker_names: tuple[str, ...]
    topics: int


class Restarted(NamedTuple):
    """How many seconds the restart of all servers took, and what clients got meanwhile."""

    seconds: float
    lookups: LookedUp
    sent: Produced
    consumed: Consumed


@contextmanager
def _brokers(nsc: Nsc, scale: Scale) -> Iterator[list[BrokerPod]]:
    """The brokers, registered everywhere, with their topics."""
    names = nsc.addresses("namesrvAddr")
    cluster = nsc.product.cluster
    cluster.java_image()  # which they else all put together at once
    pods = [
        BrokerPod(nsc.workspace, names, name=name, broker_id=number, flags=[FRESH_NAMES])
        for name in scale.broker_names
        for number in (0, 1)
    ]
    with ExitStack() as stack, ThreadPoolExecutor(len(pods)) as pool:
        list(pool.map(stack.enter_context, pods))
        masters = [cluster.address(pod.address) for pod in pods if pod.broker_id == 0]
        topics = [f"{TOPIC}-{number}" for number in range(scale.topics)]
        make_topics(masters, nsc.servers().values(), topics)
        yield pods


def _restart_all(nsc: Nsc, number: signal.Signals) -> float:
    """Send each server the signal, when the one before is ready again; the seconds it took."""
    began = time.monotonic()
    for pod in sorted(nsc.pods()):
        _restart(nsc, pod, number)
    return time.monotonic() - began


def _restart(nsc: Nsc, pod: str, number: signal.Signals) -> None:
    before = nsc.started()[pod]
    nsc.product.cluster.kill(nsc.namespace, pod, "nameserver", number)
    until(
        lambda: nsc.started()[pod] != before and pod in nsc.ready(),
        timeout=60,
        what=f"{pod} ready again",
        interval=0.05,
    )


def _restart_under_load(nsc: Nsc, scale: Scale, number: signal.Signals) -> Restarted:
    """Restart all while clients look up, send and receive."""
    names = nsc.addresses("namesrvAddr")
    topic = f"{TOPIC}-0"
    load = LookupsPod(
        nsc.workspace,
        names,
        TOPIC,
        brokers=len(scale.broker_names),
        topics=scale.topics,
        renew_every=RENEW_EVERY,
    )
    with (
        load,
        start_consumer(nsc.workspace, names, topic, MESSAGES, deadline=DEADLINE) as consumer,
        start_producer(
            nsc.workspace, names, topic, MESSAGES, deadline=DEADLINE, pause=PAUSE
        ) as producer,
    ):
        producer.wait_sending()
        took = _restart_all(nsc, number)
        asked = load.so_far().asked
        until(lambda: load.so_far().asked > asked, timeout=10, what="lookups", interval=0.2)
        found = load.so_far()
        return Restarted(took, found, producer.result(), consumer.result())


def restarted(nsc: Nsc, scale: Scale, number: signal.Signals) -> Restarted:
    """Restart three servers one after the other while brokers and clients use them."""
    with _brokers(nsc, scale) as pods:
        nsc.wait_columns(BROKERS=f"{len(pods)}/{len(pods)}", VIEWS="Converged")
        found = _restart_under_load(nsc, scale, number)
        nsc.wait_columns(BROKERS=f"{len(pods)}/{len(pods)}")
    return found


def report(what: str, found: Restarted) -> str:
    """One line for a person."""
    looked = found.lookups
    other = looked.failed - looked.no_route
    return (
        f"{what}: {found.seconds:.1f} s; {looked.asked} lookups, {looked.no_route} without a route,"
        f" {other} that met a server that was down; {found.sent.sent} messages sent,"
        f" {found.sent.failed} attempts failed, {found.consumed.distinct} received"
    )
