"""Deliberate differences that no other file meets; see docs/conformance.md."""

import shutil
import signal
import time
from collections.abc import Iterator

import pytest

from harness.frames import Answer, ask
from harness.pair import CLOSED, Pair, Servers, start_servers
from harness.questions import shown, text, versions
from harness.registrations import body, member, registration, topic
from harness.wait import until

TOPICS = {"diff-a": 4, "diff-b": 4}
SCAN = 1.5
"""Seconds between two looks for silent brokers."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both, with a known time between two looks for silent brokers."""
    settings = {"scanNotActiveBrokerInterval": int(SCAN * 1000)}
    directory = tmp_path_factory.mktemp("differences")
    flags = ["-Xmx256m"]  # for answers above 16 MiB
    with start_servers(directory, properties=settings, java_flags=flags) as started:
        yield started


@pytest.mark.parametrize(
    "config",
    [
        '{"topicName":"T","order":"x"}',
        '{"topicName":"T","topicFilterType":7}',
        '{"topicName":"T","attributes":"x"}',
    ],
)
def test_members_that_are_not_used_are_not_looked_at(pair: Pair, config: str) -> None:
    table = f'{{"topicConfigTable":{{"T":{config},"diff-b":{{"topicName":"diff-b"}}}}}}'
    frame = registration(member("unread"), f'{{"topicConfigSerializeWrapper":{table}}}'.encode())
    _, ours = pair.differs("unread-members", frame)
    assert isinstance(ours, Answer)
    assert ours.code == 0


def test_names_of_members_are_taken_as_they_are_written(pair: Pair) -> None:
    who = member("spelling")
    told = body([topic("diff-s", 4), topic("diff-t", 4)]).replace(b"perm", b"Perm")
    pair.same(registration(who, told.replace(b'"Perm":6', b'"Perm":4')))
    theirs, ours = pair.differs("unread-members", ask(105, topic="diff-s"))
    assert isinstance(theirs, Answer)
    assert isinstance(ours, Answer)
    assert '"perm":4' in theirs.text
    assert '"perm":6' in ours.text


def test_several_brokers_on_one_connection_that_closes(pair: Pair) -> None:
    members = [member(f"shared-{number}") for number in range(3)]
    for who in members:
        pair.same(registration(who, body(TOPICS)), "shared")
    pair.close("shared")
    pair.settle()
    left = [sum(shown(peer, who) for who in members) for peer in pair.peers]
    pair.unlike("shared-connection", *left)
    assert left == [2, 0]
    for who in members:
        pair.same(ask(104, fields=who))
    pair.settle()
    pair.same(ask(106))


def test_several_brokers_on_one_connection_of_which_one_expires(pair: Pair) -> None:
    silent, beating = member("silent"), member("beating")
    pair.same(registration(beating, body(TOPICS)), "shared")
    pair.same(registration(silent, body(TOPICS), heartbeatTimeoutMillis="1"), "shared")
    for peer in pair.peers:
        until(lambda peer=peer: not shown(peer, silent), timeout=10, what="the silent one to go")
    pair.settle()
    pair.unlike("shared-connection", *(shown(peer, beating) for peer in pair.peers))
    assert pair.ours.is_open("shared")
    pair.same(ask(104, fields=beating))
    pair.settle()


def test_an_address_that_another_broker_took_over(pair: Pair) -> None:
    old, new = (member("taken", address=f"{name}:1") for name in ("old", "new"))
    pair.same(registration(old, body(TOPICS)), "old")
    pair.same(registration(new, body(TOPICS)), "new")
    pair.close("old")
    pair.settle()
    theirs, ours = versions(pair, old)
    pair.unlike("replaced-address", theirs, ours)
    assert ours is None
    pair.same(ask(106))


def test_a_group_that_registered_under_another_cluster(pair: Pair) -> None:
    first, second = (member("moved", cluster=cluster) for cluster in ("C1", "C9"))
    pair.same(registration(first, body(TOPICS)), "moved")
    pair.same(registration(second, body(TOPICS)), "moved")
    pair.same(ask(104, fields=first | {"brokerName": "another"}))
    pair.settle()
    pair.close("moved")
    pair.settle()
    theirs, ours = (shown(peer, first) for peer in pair.peers)
    pair.unlike("replaced-address", theirs, ours)
    assert not ours
    for who in (first, second):
        pair.same(ask(104, fields=who))
    pair.settle()


def test_bytes_that_are_no_frame_need_not_be_twelve(pair: Pair) -> None:
    """Java waits for a PROXY header; with the rest of it the connection closes there too."""
    for peer in pair.peers:
        peer.send("short", b"\xff\xff\xff\xff")
    assert pair.ours.receive("short") == CLOSED
    pair.same(ask(101))
    pair.unlike("short-frames", pair.theirs.is_open("short"), pair.ours.is_open("short"))
    assert pair.theirs.ask("short", bytes(8)) == CLOSED


def test_the_first_queue_of_a_topic_is_a_matter_of_order(pair: Pair) -> None:
    """Unit flags are those of the first; Java's is the first by hash, ours the one that came."""
    members = [member(name) for name in ("zz-first", "aa-second", "mm-third", "order-4")]
    for flag, who in enumerate(members):
        configs = [topic("diff-flags", 1, topicSysFlag=int(flag == 0)), topic("diff-b")]
        pair.same(registration(who, body(configs)), who["brokerName"])
    theirs, ours = ("diff-flags" in text(peer, ask(311)) for peer in pair.peers)
    pair.unlike("hash-order", theirs, ours)
    assert ours


def test_an_answer_that_no_peer_would_take(pair: Pair) -> None:
    value = "x" * 6_000_000
    for number in range(3):
        pair.same(ask(100, namespace="large", key=str(number), value=value))
    theirs, ours = pair.differs("large-answers", ask(219, namespace="large"))
    assert isinstance(theirs, Answer)
    assert isinstance(ours, Answer)
    assert len(theirs.body) > 16 * 1024 * 1024
    assert (ours.code, ours.body) == (1, b"")
    for number in range(3):
        pair.same(ask(102, namespace="large", key=str(number)))


def test_a_write_that_fails(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_servers(tmp_path_factory.mktemp("files")) as servers, servers.pair() as pair:
        pair.same(ask(100, namespace="n", key="k", value="before"))
        for directory in (servers.theirs.directory, servers.ours.data):
            shutil.rmtree(directory)
            directory.write_text("in the way")
        for frame in (ask(100, namespace="n", key="k", value="after"), ask(318, b"clusterTest=1")):
            theirs, ours = pair.differs("durable-files", frame)
            assert isinstance(theirs, Answer)
            assert isinstance(ours, Answer)
            assert (theirs.code, ours.code) == (0, 1)
        values = [
            answer.fields["value"]
            for answer in (
                peer.ask("admin", ask(101, namespace="n", key="k")) for peer in pair.peers
            )
            if isinstance(answer, Answer)
        ]
        assert values == ["after", "before"]


def test_a_pause_of_the_server_is_not_the_brokers_silence(servers: Servers, pair: Pair) -> None:
    who = member("paused")
    pair.same(registration(who, body(TOPICS), heartbeatTimeoutMillis="2500"), "paused")
    servers.signal(signal.SIGSTOP)
    time.sleep(4.5)  # the pause itself is what is tested
    servers.signal(signal.SIGCONT)
    until(lambda: not shown(pair.theirs, who), timeout=10, what="Java to drop it", interval=0.01)
    pair.unlike("pause", shown(pair.theirs, who), shown(pair.ours, who))
    until(lambda: not shown(pair.ours, who), timeout=10, what="ours to drop it")
