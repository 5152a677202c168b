"""Unmodified clients send and receive through a real broker that only our NameServer leads to."""

from functools import partial
from typing import Final, Protocol

import pytest

from harness import java
from harness.go_client import GO
from harness.python_client import PYTHON
from harness.traffic import Consumed, Produced

MESSAGES: Final = 100


class Producing(Protocol):
    def __call__(self, namesrv: str, topic: str, count: int, /) -> Produced: ...


class Consuming(Protocol):
    def __call__(self, namesrv: str, topic: str, count: int, /, *, group: str) -> Consumed: ...


def java_client(mode: str, version: str) -> tuple[Producing, Consuming]:
    return partial(java.produce, version=version), partial(java.consume, mode=mode, version=version)


CLIENTS: Final[dict[str, tuple[Producing, Consuming]]] = {
    "java-5-push": java_client("push", java.VERSION),
    "java-5-lite-pull": java_client("lite-pull", java.VERSION),
    "java-4-push": java_client("push", java.OLD_VERSION),
    "java-4-lite-pull": java_client("lite-pull", java.OLD_VERSION),
    "go-push": (GO.produce, partial(GO.consume, mode="push")),
    "go-pull": (GO.produce, partial(GO.consume, mode="pull")),
    "python-push": (PYTHON.produce, partial(PYTHON.consume, mode="push")),
    "python-pull": (PYTHON.produce, partial(PYTHON.consume, mode="pull")),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_all_that_a_client_sends_is_received(namesrv: str, client: str) -> None:
    produce, consume = CLIENTS[client]
    topic = f"all-{client}"
    assert produce(namesrv, topic, MESSAGES).sent == MESSAGES
    assert consume(namesrv, topic, MESSAGES, group=f"group-{client}").distinct == MESSAGES
