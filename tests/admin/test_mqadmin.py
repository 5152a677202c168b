"""mqadmin against NameServers, ours and the Java one: what it prints and how it ends."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from harness import java
from harness.wait import until

MQADMIN: Final = Path(sys.executable).with_name("mqadmin")


def mqadmin(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MQADMIN, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


@pytest.fixture(scope="module")
def namesrv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Java NameServer: what our mqadmin says to it cannot be a private dialect."""
    with java.NameServer(tmp_path_factory.mktemp("namesrv") / "java") as server:
        yield server.address


def test_it_starts_as_people_start_javas(tmp_path: Path) -> None:
    (tmp_path / "mqadmin").symlink_to(MQADMIN)
    for words in (["sh", MQADMIN], ["sh", "mqadmin"]):
        done = subprocess.run(
            [*words, "help", "topicList"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert done.stdout.startswith("usage: mqadmin topicList [-c] [-h] [-n <arg>]\n")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("mqadmin updateN", ["updateNamesrvConfig"]),
        ("mqadmin updateKvConfig --name", ["--namesrvAddr", "--namespace"]),
    ],
)
def test_a_shell_can_complete_commands_and_options(line: str, wanted: list[str]) -> None:
    count = str(len(line.split()) - 1)
    done = mqadmin(COMP_WORDS=line, COMP_CWORD=count, _MQADMIN_COMPLETE="bash_complete")
    assert done.stdout.splitlines() == [f"plain,{word}" for word in wanted]


def test_kv_round_trip(namesrv: str) -> None:
    done = mqadmin("updateKvConfig", "-s", "app", "-k", "limit", "-v", "100", "-n", namesrv)
    assert (done.returncode, done.stdout) == (
        0,
        "create or update kv config to namespace success.\n",
    )
    assert java.read_kv(namesrv, "app", "limit") == "100"
    done = mqadmin("deleteKvConfig", "-s", "app", "-k", "limit", "-n", namesrv)
    assert (done.returncode, done.stdout) == (0, "delete kv config from namespace success.\n")


def test_configuration_round_trip(namesrv: str) -> None:
    done = mqadmin("updateNamesrvConfig", "-k", "orderMessageEnable", "-v", "true", "-n", namesrv)
    assert done.stdout == (
        f"update name server config success![{namesrv}]\norderMessageEnable : true\n"
    )
    lines = mqadmin("getNamesrvConfig", "-n", namesrv).stdout.splitlines()
    assert lines[0] == f"============{namesrv}============"
    assert f"{'orderMessageEnable':<50}=  true" in lines


def test_configuration_prints_the_lines_that_java_prints(namesrv: str) -> None:
    ours = mqadmin("getNamesrvConfig", "-n", namesrv).stdout.splitlines()
    theirs = java.Mqadmin(namesrv).run("getNamesrvConfig").stdout.splitlines()
    assert sorted(ours) == sorted(line for line in theirs if line)


def test_commands_are_found_in_any_letter_case(namesrv: str) -> None:
    assert mqadmin("TOPICLIST", "-n", namesrv).returncode == 0


def test_the_address_may_come_from_the_environment(namesrv: str) -> None:
    assert mqadmin("clusterList", NAMESRV_ADDR=namesrv).stdout.startswith("#Cluster Name")


def test_a_refusal_is_exit_code_1_and_told(namesrv: str) -> None:
    done = mqadmin("updateNamesrvConfig", "-k", "kvConfigPath", "-v", "/tmp/x", "-n", namesrv)
    assert done.returncode == 1
    assert "Can not update config in black list." in done.stderr


def test_a_server_that_cannot_be_reached_is_exit_code_3_and_named(namesrv: str) -> None:
    done = mqadmin("updateKvConfig", *("-s", "a", "-k", "b", "-v", "c"), "-n", "127.0.0.1:1;x:2")
    assert done.returncode == 3
    assert "127.0.0.1:1" in done.stderr
    assert "x:2: not asked" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["topicList"], "no NameServer given"),
        (["topicList", "-n", "host-without-port"], "host-without-port"),
        (["updateKvConfig", "-n", "h:1"], "Missing required options: s, k, v"),
        (["noSuchCommand"], "noSuchCommand"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_told(arguments: list[str], words: str) -> None:
    done = mqadmin(*arguments)
    assert done.returncode == 2
    assert words in done.stderr + done.stdout


def test_cluster_and_topic_list_show_a_real_broker(namesrv: str, tmp_path: Path) -> None:
    with java.Broker(tmp_path / "broker", namesrv) as broker:
        cluster = until(
            lambda: _with_version(mqadmin("clusterList", "-n", namesrv).stdout.splitlines()),
            timeout=20,
            what="the broker to tell its version",
        )
        theirs = java.Mqadmin(namesrv).run("clusterList").stdout.splitlines()
        assert cluster[0].split() == theirs[0].split()
        assert cluster[1].split()[:5] == theirs[1].split()[:5]
        assert broker.address in cluster[1]
        assert "TBW102" in mqadmin("topicList", "-n", namesrv).stdout.splitlines()


def _with_version(lines: list[str]) -> list[str]:
    """A broker that is just starting may not answer for itself yet."""
    return lines if "V5_3_3" in lines[-1] else []
