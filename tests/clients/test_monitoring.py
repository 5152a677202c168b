"""startMonitoring, ours and Java's side by side, on consumers that real brokers know."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from harness import java
from harness.java.jvm import new_address
from harness.nameserver import NameServer
from harness.processes import Child, start
from harness.wait import until
from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.protocol.brokerbodies import MessageQueue

MQADMIN: Final = Path(sys.executable).with_name("mqadmin")
TOPIC: Final = "watched"
STOPPED, BEHIND, LIVE = "stopped", "behind", "live"
"""Groups: one whose client has ended, one whose client hangs, and one whose client is well."""
OF_THE_MONITOR: Final = ("__MONITOR_CONSUMER", "TOOLS_CONSUMER")
FIRST, MORE = 20, 30
"""Messages that both groups consumed, and those that came later."""
ROUND: Final = 60.0
NO_SUCH_OFFSET: Final = 1_000_000
RATE: Final = re.compile(r" *\d+\.\d\d")
TPS: Final = re.compile(r" +\d+(?= +\d+$)")
"""In a line of consumerProgress for all groups."""
COUNTS: Final = re.compile(r" +\d+ +(\d+|NO_CONSUMER)$")
"""In a line of statsAll: what came in and what went out."""
JAVA_MOVED: Final = re.compile(r"\[MONITOR\] reportDeleteMsgsEvent: .*\]")
JAVA_UNDONE: Final = re.compile(r"\[MONITOR\] reportUndoneMsgs: UndoneMsgs \[.*\]")


class Watched:
    """A NameServer, and the log of Java's monitor, which runs beside ours."""

    def __init__(self, namesrv: str, java_monitor: Child) -> None:
        self.namesrv = namesrv
        self.java_monitor = java_monitor

    def once(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One round of our monitor."""
        return run("startMonitoring", "--once", "-n", self.namesrv, *words)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MQADMIN, *words], capture_output=True, text=True, timeout=60, check=False
    )


def consumed(namesrv: str, group: str, count: int = FIRST) -> bool:
    """Whether a group has consumed so many messages, and its topic for retries is known."""
    done = run("consumerProgress", "-g", group, "-n", namesrv, "-o", "json")
    rows = json.loads(done.stdout) if done.returncode == 0 else []
    offsets = [row["consumerOffset"] for row in rows if row["topic"] == TOPIC]
    return sum(offsets) == count and any(row["topic"] == f"%RETRY%{group}" for row in rows)


def all_listed(namesrv: str) -> bool:
    """Whether every group is known that there will be; a broker hears of some 30 s later."""
    listed = {
        line.partition(" ")[0]
        for line in run("consumerProgress", "-n", namesrv).stdout.splitlines()
    }
    return listed >= {BEHIND, LIVE, STOPPED, *OF_THE_MONITOR}


@pytest.fixture(scope="module")
def watched(namesrv: str) -> Iterator[Watched]:
    assert java.produce(namesrv, TOPIC, FIRST).sent == FIRST
    with (
        java.consumer(namesrv, TOPIC, group=BEHIND) as behind,
        java.consumer(namesrv, TOPIC, group=LIVE),
    ):
        with java.consumer(namesrv, TOPIC, group=STOPPED) as stopped:
            for group in (BEHIND, STOPPED, LIVE):
                until(lambda g=group: consumed(namesrv, g), timeout=60, what=f"{group} to consume")
            stopped.stop()
        behind.signal(signal.SIGSTOP)
        assert java.produce(namesrv, TOPIC, MORE).sent == MORE
        until(lambda: consumed(namesrv, LIVE, FIRST + MORE), timeout=60, what="the rest")
        with java.monitor(namesrv) as java_monitor:
            until(lambda: all_listed(namesrv), timeout=120, what="the monitor's own groups")
            yield Watched(namesrv, java_monitor)


@pytest.mark.parametrize(
    "words",
    [
        f"consumerProgress -g {BEHIND}",
        f"consumerProgress -g {STOPPED} -t {TOPIC}",
        f"consumerProgress -g {LIVE} -s true",
        "consumerProgress",
        f"statsAll -t {TOPIC}",
    ],
)
def test_consumers_are_shown_as_java_shows_them(watched: Watched, words: str) -> None:
    theirs = java.Mqadmin(watched.namesrv).run(*words.split()).stdout
    ours = run(*words.split(), "-n", watched.namesrv).stdout
    assert LIVE in theirs or TOPIC in theirs
    counts = COUNTS if words.startswith("statsAll") else TPS
    assert steady(ours, counts) == steady(theirs, counts)


def steady(text: str, counts: re.Pattern[str]) -> list[str]:
    """Sorted lines, without what a broker counts by the minute."""
    return sorted(counts.sub("", RATE.sub("", line)) for line in text.splitlines())


def undone(watched: Watched) -> dict[str, dict[str, Any]]:
    rows = json.loads(watched.once("-o", "json").stdout)
    found = [row for row in rows if row["kind"] == "undone" and row["topic"] == TOPIC]
    return {row["group"]: row for row in found}


def test_a_group_that_falls_behind_is_reported_as_java_reports_it(watched: Watched) -> None:
    def theirs() -> list[str]:
        text = watched.java_monitor.log.read_text()
        return [line for line in JAVA_UNDONE.findall(text) if f"={BEHIND}, topic={TOPIC}" in line]

    lines = until(theirs, timeout=ROUND, what="a round of Java's monitor")
    ours = [
        line for line in watched.once().stdout.splitlines() if f"={BEHIND}, topic={TOPIC}" in line
    ]
    assert ours == lines[-1:]
    assert f"undoneMsgsTotal={MORE}" in ours[0]


def test_a_group_without_a_client_is_told_as_offline(watched: Watched) -> None:
    rows = json.loads(watched.once("-o", "json").stdout)
    assert {"kind": "offline", "group": STOPPED, "total": MORE} in rows
    assert undone(watched)[STOPPED]["total"] == MORE
    text = watched.once().stdout
    assert f"ConsumerGroup: {STOPPED}, offline, undoneMsgsTotal={MORE}" in text
    assert f"ConsumerGroup: {BEHIND}, offline" not in text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--max-undone", str(MORE)], 0),
        (["--max-undone", str(MORE - 1)], 1),
        (["--max-delay", "3600"], 0),
        (["--max-delay", "0"], 1),
    ],
)
def test_limits_decide_the_exit_code(watched: Watched, words: list[str], code: int) -> None:
    done = watched.once(*words)
    assert (done.returncode, BEHIND in done.stderr) == (code, code == 1)


def test_a_broker_that_hangs_is_no_good_news(tmp_path: Path) -> None:
    with NameServer(tmp_path / "ours") as ours:
        broker = java.Broker(tmp_path / "broker", ours.address)
        broker.start()
        assert java.produce(ours.address, TOPIC, FIRST).sent == FIRST
        assert java.consume(ours.address, TOPIC, FIRST, group=STOPPED).distinct == FIRST
        words = ("startMonitoring", "--once", "--max-undone", "1000", "-n", ours.address)
        assert run(*words).returncode == 0
        broker.signal(signal.SIGSTOP)
        done = run(*words, "--timeout", "1")
        broker.kill()
    assert done.returncode == 3
    assert f"{broker.address} did not answer" in done.stderr


@pytest.fixture
def old_namesrv(tmp_path: Path) -> Iterator[str]:
    """Our server with a broker of 4.9: those of 5.x do not tell of moved offsets."""
    with (
        NameServer(tmp_path / "ours") as ours,
        java.Broker(tmp_path / "broker", ours.address, version=java.OLD_VERSION),
    ):
        yield ours.address


def test_a_moved_offset_is_reported_as_java_reports_it(old_namesrv: str, tmp_path: Path) -> None:
    assert java.produce(old_namesrv, TOPIC, 1).sent == 1
    address = f"{new_address()}:9000"
    words = ("--round-interval", "1", "--prometheus", address)
    argv = [MQADMIN, "startMonitoring", "-n", old_namesrv, *words]
    monitor = start(argv, log=tmp_path / "monitor.log")
    with java.monitor(old_namesrv) as java_monitor:
        try:
            until(lambda: "endRound" in monitor.log.read_text(), timeout=20, what="a round")
            until(lambda: "endRound" in java_monitor.log.read_text(), timeout=ROUND, what="Java's")
            asyncio.run(ask_for_what_is_not_there(old_namesrv))
            ours = until(lambda: moved(monitor), timeout=ROUND, what="our report")
            theirs = until(lambda: moved(java_monitor), timeout=ROUND, what="Java's report")
            metrics = until(lambda: moved_metric(address), timeout=ROUND, what="the metric")
        finally:
            monitor.kill()
    assert ours == theirs
    assert metrics == ['{group="TOOLS_CONSUMER",topic="watched"} 1.0']
    assert f"offsetRequest={NO_SUCH_OFFSET}, offsetNew=" in ours[0]


def moved(monitor: Child) -> list[str]:
    return JAVA_MOVED.findall(monitor.log.read_text())


def moved_metric(address: str) -> list[str]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        return re.findall(r"^rocketmq_monitor_offset_moved_total(.*)", answer.read().decode(), re.M)


async def ask_for_what_is_not_there(namesrv: str) -> None:
    """A pull far beyond the end of a queue, whose consumer the broker moves back."""
    admin = AdminClient()
    try:
        route = await admin.topic_route(namesrv, TOPIC)
        assert route is not None
        (data,) = route.broker_datas
        queue = MessageQueue(TOPIC, data.broker_name, 0)
        await admin.pull(data.broker_addrs[0], queue, NO_SUCH_OFFSET)
    finally:
        await admin.close()


def test_rounds_go_on_until_they_are_interrupted(watched: Watched, tmp_path: Path) -> None:
    address = f"{new_address()}:9000"
    words = ("--round-interval", "1", "--prometheus", address, "-o", "json")
    argv = [MQADMIN, "startMonitoring", "-n", watched.namesrv, *words]
    monitor = start(argv, log=tmp_path / "monitor.log")
    try:
        until(
            lambda: monitor.log.read_text().count(f'"group":"{BEHIND}"') >= 2,
            timeout=30,
            what="two rounds",
        )
        check_metrics(address)
    finally:
        monitor.signal(signal.SIGINT)
        until(lambda: monitor.exit_code is not None, timeout=10, what="its end")
    assert monitor.exit_code == 130
    lines = monitor.log.read_text().splitlines()
    assert all(json.loads(line)["kind"] for line in lines)


def check_metrics(address: str) -> None:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        found = answer.read().decode()
    undone_messages = f'{{group="{BEHIND}",topic="{TOPIC}"}} {float(MORE)}'
    assert f"rocketmq_monitor_undone_messages{undone_messages}" in found
    assert f'rocketmq_monitor_group_offline{{group="{STOPPED}"}} 1.0' in found
    assert re.search(r'rocketmq_monitor_broker_up\{.*broker="broker-a".*\} 1\.0', found)
