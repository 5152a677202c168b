"""Commands of mqadmin, ours and Java's, on our NameServer and Java's: the same result.

A result is what is on the servers afterwards, read by both tools, and what the tool prints. What
only Java's mqadmin can do has the same result on both servers, whichever version of it is used.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from harness.server import Server
from harness.sides import JAVA, JAVAS, OURS, SIDES, TOOLS, Cell, Said, Sides, require_same

ORDERED: Final = "ORDER_TOPIC_CONFIG"
SHOWING: Final = (
    "topicList",
    "topicList -c",
    "clusterList",
    "clusterList -m",
    "clusterList -c NoSuchCluster",
    "getNamesrvConfig",
    "topicRoute -t shown",
    "topicRoute -l -t shown",
    "topicClusterList -t shown",
    "updateOrderConf -m get -t shown",
    "consumerProgress",
    "statsAll",
    "statsAll -a",
    "statsAll -t shown",
    "getBrokerConfig -b {broker}",
    "getBrokerConfig -c DefaultCluster",
)
NAME: Final = re.compile(r" ?: .*")
"""What stands after the name in a line of brokerStatus."""
STATUS: Final = ("brokerStatus -b {broker}", "brokerStatus -c DefaultCluster")
JAVA_SHOWING: Final = (
    "topicRoute -t none",
    "topicStatus -t shown",
    "allocateMQ -t shown -i 10.0.0.1,10.0.0.2",
)
Shown = Mapping[str, dict[Cell, Said]]


@pytest.fixture(scope="module")
def shown(sides: Sides) -> Iterator[Shown]:
    """What all commands show that change nothing, asked for together."""
    sides.create_topic("shown", queues=3)
    for address in sides.addresses.values():
        Server(address).put(ORDERED, "shown", "broker-a:3")
    asked = dict.fromkeys(SHOWING, TOOLS) | {words: tuple(JAVAS) for words in JAVA_SHOWING}
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda words: sides.run(words.split(), asked[words]), asked)
        yield dict(zip(asked, said, strict=True))


def require_same_said(said: Mapping[Cell, Said]) -> tuple[str, ...]:
    """Require the same on both sides from each tool, and the same lines of ours and Java's."""
    for tool in {tool for tool, _ in said}:
        require_same(said, tool)
    return require_same({cell: told.printed for cell, told in said.items()}, OURS, JAVA)


@pytest.mark.parametrize("words", SHOWING)
def test_both_tools_show_the_same_of_both_servers(shown: Shown, words: str) -> None:
    assert require_same_said(shown[words])


@pytest.mark.parametrize("words", STATUS)
def test_a_broker_tells_both_tools_the_same_of_itself(sides: Sides, words: str) -> None:
    # The names alone: most values are counters and times.
    said = sides.run(words.split(), [OURS, JAVA])
    names = {
        cell: tuple(sorted(NAME.sub("", line) for line in told.printed))
        for cell, told in said.items()
    }
    assert "putTps" in " ".join(require_same(names))


@pytest.mark.parametrize("tool", JAVAS)
@pytest.mark.parametrize("words", JAVA_SHOWING)
def test_javas_tools_show_the_same_of_both_servers(shown: Shown, words: str, tool: str) -> None:
    said = require_same(shown[words], tool)
    assert said.printed or said.refusals or "none" in words


@pytest.mark.parametrize(
    ("case", "words", "left"),
    [
        ("new", ["updateKvConfig", "-k", "new", "-v", "1"], {"old": "0", "new": "1"}),
        (
            "changed",
            ["updateKvConfig", "-k", "old", "-v", ' ü中 /"\\ = x '],
            {"old": 'ü中 /"\\ = x'},
        ),
        ("deleted", ["deleteKvConfig", "-k", "old"], {}),
        ("missing", ["deleteKvConfig", "-k", "never"], {"old": "0"}),
    ],
    ids=["new", "changed", "deleted", "missing"],
)
def test_kv_commands(sides: Sides, case: str, words: list[str], left: dict[str, str]) -> None:
    namespaces = [f"{case}-{tool}" for tool in TOOLS]
    for address in sides.addresses.values():
        for namespace in namespaces:
            Server(address).put(namespace, "old", "0")
    said = sides.run([*words, "-s", f"{case}-{{tool}}"])
    assert len(require_same_said(said)) == 1
    state = require_same(sides.states(namespaces=namespaces))
    assert state["kv"] == dict.fromkeys(namespaces, left)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_property_is_updated(sides: Sides, tool: str) -> None:
    for address in sides.addresses.values():
        Server(address).set_config("waitSecondsForService", "45")
    said = sides.run(["updateNamesrvConfig", "-k", "waitSecondsForService", "-v", "46"], [tool])
    assert require_same(said).printed == (
        "update name server config success![NAMESRV]",
        "waitSecondsForService : 46",
    )
    state = require_same(sides.states())
    assert state["config"]["waitSecondsForService"] == "46"


@pytest.mark.parametrize(
    ("key", "value"),
    [("kvConfigPath", "/x"), ("serverWorkerThreads", "many")],
)
def test_a_property_that_cannot_be_updated_stays(sides: Sides, key: str, value: str) -> None:
    before = [Server(address).config(key) for address in sides.addresses.values()]
    require_same_said(sides.run(["updateNamesrvConfig", "-k", key, "-v", value]))
    assert [Server(address).config(key) for address in sides.addresses.values()] == before
    require_same(sides.states())


@pytest.mark.parametrize(
    ("base", "where"),
    [
        ("cluster", ["-c", "DefaultCluster"]),
        ("ordered", ["-b", "{broker}", "-o", "true"]),
        ("all", ["-c", "DefaultCluster", "-o", "true", "-u", "true", "-s", "true"]),
    ],
    ids=["cluster", "ordered", "all"],
)
def test_update_topic(sides: Sides, base: str, where: list[str]) -> None:
    settings = ["-r", "3", "-w", "5", "-p", "6"]
    said = change(sides, base, ["updateTopic", *settings, *where])
    assert all(told.printed for told in said.values())
    wanted = {"readQueueNums": 3, "writeQueueNums": 5, "perm": 6}
    for topic in topics(base):
        for side in SIDES:
            sides.wait_for_route(side, topic, wanted)
    state = require_same(sides.states(namespaces=[ORDERED], topics=topics(base)))
    assert len(state["routes"]) == len(topics(base))


@pytest.mark.parametrize(
    "where",
    [["-b", "{broker}"], ["-c", "DefaultCluster"], ["-c", "DefaultCluster", "-a", "true"]],
    ids=["broker", "masters", "all"],
)
def test_update_broker_config(sides: Sides, where: list[str]) -> None:
    value = str(10_000 + len(where))
    said = sides.run(["updateBrokerConfig", "-k", "flushDelayOffsetInterval", "-v", value, *where])
    assert require_same_said(said) == (f"update broker config success, {sides.broker.address}",)
    shown = sides.run(["getBrokerConfig", "-b", "{broker}"], [OURS])
    assert f"flushDelayOffsetInterval = {value}" in require_same(shown, OURS).printed


def test_update_topic_perm(sides: Sides) -> None:
    names = topics("perm", tools=JAVAS)
    for topic in names:
        sides.create_topic(topic)
    change(sides, "perm", ["updateTopicPerm", "-c", "DefaultCluster", "-p", "4"], JAVAS)
    for topic in names:
        for side in SIDES:
            sides.wait_for_route(side, topic, {"perm": 4})
    require_same(sides.states(topics=names))


@pytest.mark.parametrize("method", ["put", "delete"])
def test_update_order_conf(sides: Sides, method: str) -> None:
    base = f"order-{method}"
    for side, address in sides.addresses.items():
        for topic in topics(base, side):
            Server(address).put(ORDERED, topic, "broker-a:1")
    value = ["-v", "broker-a:4"] if method == "put" else []
    change(sides, base, ["updateOrderConf", "-m", method, *value])
    kv = require_same(sides.states(namespaces=[ORDERED]))["kv"][ORDERED]
    left = {name: text for name, text in kv.items() if name.startswith(base)}
    wanted = topics(base, "mine") if method == "put" else []
    assert left == dict.fromkeys(wanted, "broker-a:4")


def test_delete_topic(sides: Sides) -> None:
    for topic in topics("deleted"):
        sides.create_topic(topic)
    said = change(sides, "deleted", ["deleteTopic", "-c", "DefaultCluster"])
    assert all(told.printed for told in said.values())
    state = require_same(sides.states(topics=topics("deleted")))
    # A server that was not told keeps the topic until it is told, Java's as well.
    assert set(state["routes"]) == set(topics("deleted", "other"))


def test_update_static_topic(sides: Sides) -> None:
    said = change(
        sides, "static", ["updateStaticTopic", "-qn", "3", "-c", "DefaultCluster"], [JAVA]
    )
    assert all(told.printed for told in said.values())
    names = [f"static-{JAVA}-{side}" for side in SIDES]
    for name in names:
        for side in SIDES:
            sides.wait_for_route(side, name, {"readQueueNums": 3}, "topicQueueMappingByBroker")
    require_same(sides.states(topics=names))


@pytest.mark.parametrize("tool", TOOLS)
def test_write_permission_is_wiped_and_given_back(sides: Sides, tool: str) -> None:
    # A topic that is new: another registration would give the permission back.
    topic = f"wiped-{tool}"
    sides.create_topic(topic)
    for command, perm in (("wipeWritePerm", 4), ("addWritePerm", 6)):
        said = require_same(sides.run([command, "-b", "broker-a"], [tool]))
        assert len(said.printed) == 1
        state = require_same(sides.states(topics=[topic]))
        assert [data["perm"] for data in state["routes"][topic]["queueDatas"]] == [perm]


def test_write_permission_of_an_unknown_broker(sides: Sides) -> None:
    assert require_same_said(sides.run(["wipeWritePerm", "-b", "none"]))


def change(
    sides: Sides, base: str, words: list[str], tools: Iterable[str] = TOOLS
) -> dict[Cell, Said]:
    """Use each tool on each side with a topic of its own; both sides say the same to each.

    Ours and Java's say the same.
    """
    said = sides.run([*words, "-t", f"{base}-{{tool}}-{{side}}"], tuple(tools))
    for tool in tools:
        require_same(said, tool)
    if OURS in tools:
        require_same({cell: told.printed for cell, told in said.items()}, OURS, JAVA)
    return said


def topics(base: str, *sides: str, tools: Iterable[str] = TOOLS) -> list[str]:
    """The topics of `change`, of all sides or of some."""
    return [f"{base}-{tool}-{side}" for tool in tools for side in sides or SIDES]
