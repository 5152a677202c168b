"""A broker of the 4.9 line on our NameServer and on Java's of 5.3: both show the same of it."""

from collections.abc import Iterator

import pytest

from harness import java
from harness.nameserver import NameServer
from harness.sides import Sides, require_same
from harness.wait import until

TOPIC = "old"
MESSAGES = 20


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Our server and Java's, with the broker."""
    directory = tmp_path_factory.mktemp("old")
    with NameServer(directory / "ours") as ours, java.NameServer(directory / "java") as theirs:
        both = f"{ours.address};{theirs.address}"
        broker = java.Broker(directory / "broker", both, version=java.OLD_VERSION)
        broker.start()
        yield Sides(ours.address, theirs.address, broker)
        broker.kill()


def test_clients_of_both_lines_exchange_messages(old: Sides) -> None:
    for side, address in old.addresses.items():
        for producer, consumer in (
            (java.OLD_VERSION, java.VERSION),
            (java.VERSION, java.OLD_VERSION),
        ):
            topic = f"{TOPIC}-{side}-{producer.replace('.', '-')}"
            sent = java.produce(address, topic, MESSAGES, version=producer)
            assert sent.sent == MESSAGES
            group = f"group-{topic}"
            got = java.consume(address, topic, MESSAGES, group=group, version=consumer)
            assert got.distinct == MESSAGES


def test_both_servers_show_the_same_until_it_says_goodbye(old: Sides) -> None:
    old.create_topic(TOPIC)
    state = require_same(old.states(topics=[TOPIC]))
    assert state["routes"][TOPIC]["queueDatas"]
    assert list(state["cluster"]["brokerAddrTable"]) == ["broker-a"]
    old.broker.stop()
    until(
        lambda: not require_same(old.states())["cluster"]["brokerAddrTable"],
        timeout=10,
        what="no broker on either side",
        retry_on=(AssertionError,),
    )
