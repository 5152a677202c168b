"""Generated sequences: brokers come, change, fall silent and go, and both servers show the same.

After every step everything that can be read is compared. Sequences are the same in every run;
``CONFORMANCE_SEED=random`` makes others (``--hypothesis-seed`` repeats them),
``CONFORMANCE_STEPS`` more.
"""

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harness.frames import JSON, ROCKETMQ, Answer, ask
from harness.pair import TALLY, Pair, Peer, Servers, Tally, start_servers
from harness.questions import everything
from harness.registrations import (
    Member,
    body,
    compressed,
    data_version,
    mapping,
    member,
    registration,
    topic,
    wrapper,
)

STEPS_PER_SEQUENCE = 50
STEPS_AT_LEAST = 42
"""Of a sequence on average: some find nothing to do."""
STEPS = int(os.environ.get("CONFORMANCE_STEPS", "2100"))
RANDOM = os.environ.get("CONFORMANCE_SEED") == "random"

ORDER = "ORDER_TOPIC_CONFIG"
SWITCHES = (
    "orderMessageEnable",
    "returnOrderTopicConfigToBroker",
    "supportActingMaster",
    "enableAllTopicList",
    "enableTopicList",
    "deleteTopicWithBrokerRegistration",
    "needWaitForService",
)
USUAL = {"returnOrderTopicConfigToBroker", "enableAllTopicList", "enableTopicList"}
FLAGS = (0, 0, 1, 2, 3)
"""Unit flags by topic number. Equal for all brokers: which of several counts is hash order."""
SYNC = "rmq_sys_SYNC_BROKER_MEMBER_"

NUMBERS = st.integers(0, 2)
KINDS = st.sampled_from([JSON, ROCKETMQ])
QUEUES = st.dictionaries(
    st.integers(0, len(FLAGS) - 1),
    st.tuples(st.sampled_from([1, 4, 8]), st.sampled_from([2, 4, 6, 7])),
    max_size=len(FLAGS),
)
VERSIONS = st.builds(data_version, st.integers(1, 3), st.integers(0, 1), st.just(1000))
FIELDS = st.fixed_dictionaries(
    {
        "enableActingMaster": st.sampled_from(["true", "false", ""]),
        "__ZONE_NAME": st.sampled_from(["", "east", "West"]),
        "haServerAddr": st.sampled_from(["", "ha:1", "ha:2"]),
        "heartbeatTimeoutMillis": st.sampled_from(["", "600000"]),
    }
)
FILTERS = st.sampled_from([(), ("f:1",), ("f:1", "f:2"), None])
LAYOUTS = st.sampled_from(["json", "json", "json", "mapped", "old", "compressed"])


class Said(NamedTuple):
    """What a broker registers; ``queues`` by topic number, ``at`` numbers its address."""

    broker: int
    number: int
    at: int
    queues: dict[int, tuple[int, int]]
    again: bool
    elsewhere: bool = False
    version: dict[str, int] = data_version()
    fields: Mapping[str, str] = MappingProxyType({})
    filters: tuple[str, ...] | None = ()
    layout: str = "json"
    kind: int = JSON


SAID = st.builds(
    Said,
    broker=NUMBERS,
    number=st.integers(0, 3),
    at=NUMBERS,
    queues=QUEUES,
    again=st.booleans(),
    elsewhere=st.sampled_from([False] * 7 + [True]),
    version=VERSIONS,
    fields=FIELDS,
    filters=FILTERS,
    layout=LAYOUTS,
    kind=KINDS,
)
ALL_QUEUES = dict.fromkeys(range(len(FLAGS)), (4, 6))
ACTING = {"enableActingMaster": "true"}


class Key(NamedTuple):
    """A live entry, and the broker name and connection of its last registration."""

    cluster: str
    address: str


class Conversation(RuleBasedStateMachine):
    """What three broker names with three addresses each do to both servers."""

    pair: Pair
    runs = itertools.count(1)

    def __init__(self) -> None:
        super().__init__()
        self.run = f"s{next(self.runs)}"
        self.topics = [f"{self.run}-t{number}" for number in range(len(FLAGS))]
        self.topics.append(f"{SYNC}{self.run}")
        self.keys: dict[Key, tuple[str, str]] = {}
        self.seen: set[tuple[Key, str]] = set()
        self.on = set(USUAL)

    # Names

    def name(self, number: int) -> str:
        return f"{self.run}-b{number}"

    def names(self) -> list[str]:
        return [self.name(number) for number in range(3)]

    def cluster(self, number: int) -> str:
        return f"{self.run}-c{number}"

    def member(self, broker: int, number: int, at: int, elsewhere: bool) -> Member:
        """Names 0 and 1 belong to one cluster, 2 to another."""
        home = 1 if broker == 2 else 0
        return member(
            self.name(broker),
            number,
            cluster=self.cluster(1 - home if elsewhere else home),
            address=f"{self.name(broker)}:{at}",
        )

    # Steps

    def tell(self, frame: bytes, connection: str = "admin") -> None:
        TALLY.steps += 1
        self.pair.same(frame, connection)

    @initialize(switches=st.sets(st.sampled_from(SWITCHES[:6])))
    def start_with(self, switches: set[str]) -> None:
        for each in switches:
            self.switch(each)

    @rule(said=SAID)
    def register(self, said: Said) -> None:
        """Over the broker's first or second connection."""
        who = self.member(said.broker, said.number, said.at, said.elsewhere)
        content, sender, more = self.content(who, said)
        fields = {**said.fields, **more}
        key = Key(who["clusterName"], who["brokerAddr"])
        connection = f"{key}-{int(said.again)}"
        frame = registration(who, content, version=sender, kind=said.kind, fields=fields)
        self.tell(frame, connection)
        self.keys[key] = (who["brokerName"], connection)
        self.seen.add((key, who["brokerName"]))

    @rule(broker=NUMBERS, at=NUMBERS, again=st.booleans())
    def register_as_master_with_all_topics(self, broker: int, at: int, again: bool) -> None:
        self.register(Said(broker, 0, at, ALL_QUEUES, again, fields=ACTING))

    @rule(broker=NUMBERS, number=st.integers(1, 3), again=st.booleans())
    def register_as_slave_of_an_acting_master(self, broker: int, number: int, again: bool) -> None:
        self.register(Said(broker, number, number - 1, ALL_QUEUES, again, fields=ACTING))

    def content(self, who: Member, said: Said) -> tuple[bytes, int, dict[str, str]]:
        """A body, the version of its sender and the fields that go with it."""
        plain = said.layout == "compressed"
        configs = [
            topic(self.topics[number], count, perm, topicSysFlag=FLAGS[number])
            for number, (count, perm) in said.queues.items()
            if not plain or FLAGS[number] == 0
        ]
        if said.queues and not plain:
            configs.append(topic(self.topics[-1], 1))
        if said.layout == "old":
            content = json.dumps(wrapper(configs, version=said.version)).encode()
            return content, 36, {"bodyCrc32": "0"}
        if plain:
            content = compressed(configs, version=said.version, mappings=None)
            return content, 409, {"compressed": "true", "bodyCrc32": "0"}
        mapped = [mapping(self.topics[0], who["brokerName"])] if said.layout == "mapped" else []
        content = body(configs, version=said.version, filters=said.filters, mappings=mapped)
        return content, 479, {"bodyCrc32": "0"}

    @rule(broker=NUMBERS, number=st.integers(0, 3), at=NUMBERS, elsewhere=st.booleans(), kind=KINDS)
    def unregister(self, broker: int, number: int, at: int, elsewhere: bool, kind: int) -> None:
        who = self.member(broker, number, at, elsewhere and number == 3)
        self.tell(ask(104, kind=kind, fields=who))
        self.keys.pop(Key(who["clusterName"], who["brokerAddr"]), None)
        self.pair.settle()

    @rule(broker=NUMBERS, number=NUMBERS, at=NUMBERS, version=VERSIONS, kind=KINDS)
    def ask_for_the_version(
        self, broker: int, number: int, at: int, version: dict[str, int], kind: int
    ) -> None:
        who = self.member(broker, number, at, False)
        self.tell(ask(322, json.dumps(version).encode(), kind=kind, fields=who))

    @rule(broker=NUMBERS, at=NUMBERS, kind=KINDS)
    def beat(self, broker: int, at: int, kind: int) -> None:
        self.tell(ask(904, kind=kind, fields=self.member(broker, 0, at, False)))

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.keys)))
        if not self.is_seated(key):
            return
        TALLY.steps += 1
        _, connection = self.keys.pop(key)
        self.pair.close(connection)
        self.pair.settle()

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def close_a_connection_that_was_replaced(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.keys)))
        current = self.keys[key][1]
        other = current[:-1] + ("0" if current.endswith("1") else "1")
        TALLY.steps += 1
        self.pair.close(other)
        self.pair.settle()

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), silent=st.sampled_from(["1", "-1", "0"]))
    def fall_silent(self, data: st.DataObject, silent: str) -> None:
        """Register once more, to be given up at once."""
        key = data.draw(st.sampled_from(sorted(self.keys)))
        number = self.is_seated(key)
        if not number:
            return
        name, connection = self.keys.pop(key)
        who = {**self.fields(key, name), "brokerId": number}
        self.tell(registration(who, fields={"heartbeatTimeoutMillis": silent}), connection)
        self.pair.both(lambda peer: not shows(peer, key.address), f"{key.address} to be gone")
        self.pair.close(connection)
        self.pair.settle()

    def is_seated(self, key: Key) -> str:
        """The id of a live entry's address in its group, "" if it has none.

        An entry without a seat, or of another cluster than its group, stays in the Java server for
        ever: the listed difference "replaced-address".
        """
        if any(key.address == other.address and key != other for other in self.keys):
            return ""
        name, _ = self.keys[key]
        groups = value(self.pair.theirs, ask(106))["brokerAddrTable"]
        group = groups.get(name, {"cluster": None, "brokerAddrs": {}})
        seats = [seat for seat, address in group["brokerAddrs"].items() if address == key.address]
        return seats[0] if seats and group["cluster"] == key.cluster else ""

    @rule(code=st.sampled_from([205, 327]), broker=NUMBERS, kind=KINDS)
    def change_permissions(self, code: int, broker: int, kind: int) -> None:
        self.tell(ask(code, kind=kind, brokerName=self.name(broker)))

    @rule(number=st.integers(0, len(FLAGS) - 1), cluster=st.sampled_from([None, 0, 1]), kind=KINDS)
    def delete_a_topic(self, number: int, cluster: int | None, kind: int) -> None:
        fields = {} if cluster is None else {"clusterName": self.cluster(cluster)}
        self.tell(ask(216, kind=kind, fields={"topic": self.topics[number], **fields}))

    @rule(
        number=st.integers(0, len(FLAGS) - 1),
        brokers=st.lists(NUMBERS, min_size=1, max_size=3),
        perm=st.sampled_from([2, 4, 6]),
    )
    def register_a_topic(self, number: int, brokers: list[int], perm: int) -> None:
        queues = [
            {
                "brokerName": self.name(broker),
                "perm": perm,
                "readQueueNums": 2,
                "writeQueueNums": 2,
                "topicSysFlag": FLAGS[number],
            }
            for broker in brokers
        ]
        told = json.dumps({"queueDatas": queues}).encode()
        self.tell(ask(217, told, topic=self.topics[number]))

    @rule(
        number=st.integers(0, len(FLAGS) - 1),
        ordered=st.booleans(),
        text=st.sampled_from(["x:4", "", "ü"]),
        kind=KINDS,
    )
    def put(self, number: int, ordered: bool, text: str, kind: int) -> None:
        namespace = ORDER if ordered else self.run
        fields = {"namespace": namespace, "key": self.topics[number], "value": text}
        self.tell(ask(100, kind=kind, fields=fields))

    @rule(number=st.integers(0, len(FLAGS) - 1), ordered=st.booleans(), kind=KINDS)
    def take_away(self, number: int, ordered: bool, kind: int) -> None:
        namespace = ORDER if ordered else self.run
        self.tell(ask(102, kind=kind, namespace=namespace, key=self.topics[number]))

    @rule(number=st.integers(0, len(FLAGS) - 1), ordered=st.booleans(), kind=KINDS)
    def read_keys(self, number: int, ordered: bool, kind: int) -> None:
        namespace = ORDER if ordered else self.run
        self.tell(ask(101, kind=kind, namespace=namespace, key=self.topics[number]))
        self.pair.same(ask(219, kind=kind, namespace=namespace))

    @rule(name=st.sampled_from(SWITCHES))
    def switch(self, name: str) -> None:
        self.on ^= {name}
        self.tell(ask(318, f"{name}={str(name in self.on).lower()}".encode()))
        self.pair.configuration()

    @rule()
    def read_system_topics(self) -> None:
        """Which broker's address is told is a matter of hash order: "hash-order"."""
        TALLY.steps += 1
        systems = [value(peer, ask(304)) for peer in self.pair.peers]
        names = [sorted(each["topicList"]) for each in systems]
        assert names[0] == names[1], f"system topics: {names}"
        assert len({"brokerAddr" in each for each in systems}) == 1, f"system topics: {systems}"

    @rule(number=st.integers(0, len(FLAGS) - 1), zone=st.sampled_from(["east", "WEST"]), kind=KINDS)
    def read_a_zone(self, number: int, zone: str, kind: int) -> None:
        fields = {"topic": self.topics[number], "__ZONE_MODE": "true", "__ZONE_NAME": zone}
        self.tell(ask(105, kind=kind, fields=fields))

    # After every step

    @invariant()
    def both_show_the_same(self) -> None:
        clusters = [self.cluster(0), self.cluster(1)]
        frames = everything(topics=self.topics, brokers=self.names(), clusters=clusters)
        versions = [
            ask(322, opaque=200_000 + number, fields=self.fields(key, ""))
            for number, key in enumerate(self.keys)
        ]
        self.pair.same_all(frames + versions)

    def teardown(self) -> None:
        """Leave nothing that the next sequence could see."""
        pair = self.pair
        for key, name in sorted(self.seen):
            self.forget(key, name)
        for cluster, names in value(pair.ours, ask(106))["clusterAddrTable"].items():
            for name in names:
                key = Key(cluster, f"{name}:left")
                pair.same(registration({**self.fields(key, name), "brokerId": "0"}))
                self.forget(key, name)
        pair.close_all()
        for name in self.topics:
            pair.same(ask(216, topic=name))
            pair.same(ask(102, namespace=ORDER, key=name))
            pair.same(ask(102, namespace=self.run, key=name))
        usual = "\n".join(f"{name}={str(name in USUAL).lower()}" for name in SWITCHES)
        pair.same(ask(318, usual.encode()))
        pair.same_all(everything())

    def forget(self, key: Key, name: str) -> None:
        """Unregister one; Java takes several at a time in any order."""
        self.pair.same(ask(104, fields={**self.fields(key, name), "brokerId": "0"}))
        self.pair.settle()

    def fields(self, key: Key, name: str) -> dict[str, str]:
        return {"brokerName": name, "brokerAddr": key.address, "clusterName": key.cluster}


def value(peer: Peer, frame: bytes) -> dict:
    """A body as JSON."""
    answer = peer.ask("admin", frame)
    assert isinstance(answer, Answer)
    assert isinstance(answer.value, dict)
    return answer.value


def shows(peer: Peer, address: str) -> bool:
    """Whether a server shows an address."""
    answer = peer.ask("admin", ask(106))
    assert isinstance(answer, Answer)
    return f'"{address}"' in answer.text


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both look for silent brokers fifty times a second."""
    properties = {"scanNotActiveBrokerInterval": 20}
    with start_servers(tmp_path_factory.mktemp("generated"), properties=properties) as started:
        yield started


@pytest.mark.timeout(max(900, STEPS // 4))  # hypothesis may shrink a failure for 5 minutes
def test_both_servers_show_the_same_whatever_happens(servers: Servers) -> None:
    pair = Pair(servers.theirs.address, servers.ours.address, tally=Tally())
    Conversation.pair = pair
    steps = TALLY.steps
    run_state_machine_as_test(
        Conversation,
        settings=settings(
            max_examples=-(-STEPS // STEPS_AT_LEAST),
            stateful_step_count=STEPS_PER_SEQUENCE,
            derandomize=not RANDOM,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    pair.close_all()
    assert TALLY.steps - steps >= STEPS
