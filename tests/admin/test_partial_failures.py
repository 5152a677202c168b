"""Commands that go to every NameServer where some of them do not do as they are told."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from harness import java
from harness.connection import Connection
from harness.nameserver import NameServer
from harness.proxy import Network
from harness.registrations import body, member
from harness.server import Server
from rocketmq_operator.protocol.codes import RequestCode

MQADMIN: Final = Path(sys.executable).with_name("mqadmin")
DEAD: Final = "127.0.0.1:1"
KV: Final = ("updateKvConfig", "-s", "partial", "-v", "1")


class Servers(NamedTuple):
    """A NameServer that answers, one that never does, and a broker, which refuses KV entries."""

    good: str
    slow: str
    behind_slow: str
    refusing: str


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    directory = tmp_path_factory.mktemp("partial")
    with (
        NameServer(directory / "good") as good,
        NameServer(directory / "slow") as behind,
        java.Broker(directory / "broker", good.address) as broker,
        Network() as network,
    ):
        link = network.link(behind.address)
        link.silence()
        yield Servers(good.address, link.address, behind.address, broker.address)


def mqadmin(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MQADMIN, *words], capture_output=True, text=True, timeout=30, check=False
    )


def test_one_that_refuses_does_not_keep_the_others_from_being_told(servers: Servers) -> None:
    done = mqadmin(*KV, "-k", "refused", "-n", f"{servers.refusing};{servers.good}")
    assert (done.returncode, done.stdout) == (1, "")
    first, refused, good = done.stderr.splitlines()
    assert first == "mqadmin: not done everywhere"
    assert refused.startswith(f"  {servers.refusing}: {servers.refusing} answered code 3: ")
    assert good == f"  {servers.good}: done"
    assert Server(servers.good).kv("partial") == {"refused": "1"}


@pytest.mark.parametrize(
    ("bad", "words"), [("dead", "Connection refused"), ("slow", "did not answer request 100")]
)
def test_one_that_cannot_be_reached_ends_the_command(
    servers: Servers, bad: str, words: str
) -> None:
    address = DEAD if bad == "dead" else servers.slow
    three = f"{servers.good};{address};{servers.behind_slow}"
    done = mqadmin(*KV, "-k", bad, "-n", three, "--timeout", "1")
    assert (done.returncode, done.stdout) == (3, "")
    _, good, failed, left = done.stderr.splitlines()
    assert good == f"  {servers.good}: done"
    assert failed.startswith(f"  {address}: ")
    assert words in failed
    assert left == f"  {servers.behind_slow}: not asked"
    assert bad in Server(servers.good).kv("partial")
    assert Server(servers.behind_slow).kv("partial") == {}


def test_what_the_others_have_is_shown_and_the_failure_named(servers: Servers) -> None:
    done = mqadmin("getNamesrvConfig", "-n", f"{DEAD};{servers.good}")
    assert done.returncode == 3
    assert done.stdout.startswith(f"============{servers.good}============\n")
    assert f"connect to {DEAD} failed" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"), [(("consumerProgress",), "lonely-group"), (("statsAll",), "TBW102")]
)
def test_a_broker_that_does_not_answer_is_named_beside_the_rest(
    servers: Servers, words: tuple[str, ...], told: str
) -> None:
    topics = {"Lonely": 4, "%RETRY%lonely-group": 1}
    with Connection(servers.good) as lonely:  # the broker is there for as long as this is open
        who = member("lonely", address=DEAD)
        assert lonely.tell(RequestCode.REGISTER_BROKER, body(topics), **who).code == 0
        done = mqadmin(*words, "-n", servers.good)
    assert done.returncode == 3
    assert told in done.stdout
    assert done.stderr.count(f"connect to {DEAD} failed") == 1


@pytest.mark.parametrize("address", [DEAD, "no-port"])
def test_a_cluster_s_list_does_not_fail_for_a_broker_of_another(
    servers: Servers, address: str
) -> None:
    with Connection(servers.good) as lonely:
        who = member("lonely", address=address, cluster="Elsewhere")
        topics = {"Lonely": 4, "TooLonely": 4}
        assert lonely.tell(RequestCode.REGISTER_BROKER, body(topics), **who).code == 0
        one = mqadmin("clusterList", "-c", "DefaultCluster", "-n", servers.good)
        every = mqadmin("clusterList", "-n", servers.good)
    assert (one.returncode, one.stderr) == (0, "")
    assert "Elsewhere" not in one.stdout
    assert every.returncode == 3
    assert {"DefaultCluster", "Elsewhere"} <= {
        line.split()[0] for line in every.stdout.splitlines()
    }
    assert f"connect to {address} failed" in every.stderr


@pytest.mark.parametrize(
    ("addresses", "code", "words"),
    [(";", 2, "no NameServer given"), ("a..b:9876", 3, "connect to a..b:9876 failed")],
)
def test_what_is_no_server_is_told(addresses: str, code: int, words: str) -> None:
    done = mqadmin("topicList", "-n", addresses)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("value", ["", ";", " ; "])
def test_brokers_are_not_told_to_register_nowhere(servers: Servers, value: str) -> None:
    where = ("-c", "DefaultCluster", "-n", servers.good)
    done = mqadmin("updateBrokerConfig", "-k", "namesrvAddr", "-v", value, *where)
    assert (done.returncode, done.stdout) == (2, "")
    assert "namesrvAddr names no server" in done.stderr


def test_the_order_of_a_topic_is_printed_as_it_is(servers: Servers) -> None:
    where = ("-t", "input-topic", "-n", servers.good)
    done = mqadmin("updateOrderConf", "-m", "put", "-v", "output:4", *where)
    assert done.stdout == "update orderConf success. topic=[input-topic], orderConf=[output:4]"
    done = mqadmin("updateOrderConf", "-m", "get", *where)
    assert done.stdout == "get orderConf success. topic=[input-topic], orderConf=[output:4] "


def test_each_server_has_its_line_where_java_prints_lines(servers: Servers) -> None:
    done = mqadmin("wipeWritePerm", "-b", "none", "-n", f"{DEAD};{servers.good}")
    assert done.returncode == 3
    assert done.stdout.splitlines() == [
        f"wipe write perm of broker[none] in name server[{DEAD}] Failed",
        f"wipe write perm of broker[none] in name server[{servers.good}] OK, 0",
    ]


def test_a_question_goes_to_another_server_and_says_so(servers: Servers) -> None:
    for _ in range(4):  # it begins with a random one
        done = mqadmin("topicList", "-n", f"{DEAD};{servers.good}")
        assert done.returncode == 0
        assert "TBW102" in done.stdout
        assert done.stderr in (
            "",
            f"mqadmin: connect to {DEAD} failed: Connection refused; asking another\n",
        )


def test_with_javas_exit_codes_a_failure_is_told_on_stderr_alone(servers: Servers) -> None:
    done = mqadmin(*KV, "-k", "a", "-n", DEAD, "--java-exit-codes")
    assert (done.returncode, done.stdout) == (0, "")
    assert DEAD in done.stderr
    assert mqadmin("updateKvConfig", "--java-exit-codes").returncode == 1
