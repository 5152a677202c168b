"""A model of several servers, brokers and lost messages: what a warm server serves was true.

Time moves in steps in which every server expires what is due. Registrations, signs of life and
farewells reach some servers and not others; servers die, start from the tales of some others, and
look at the others later. After every step the model checks the promises of docs/warm-start.md.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from rocketmq_operator.nameserver import snapshot
from rocketmq_operator.nameserver.brokers import Fingerprint, Identity, Leaving
from rocketmq_operator.nameserver.routes import RouteTable
from rocketmq_operator.nameserver.unconfirmed import TOPIC_TIMEOUT
from rocketmq_operator.protocol.bodies import (
    DataVersion,
    RegisterBrokerBody,
    TopicConfig,
    TopicConfigTable,
)
from rocketmq_operator.protocol.registration import Registration

SERVERS = range(3)
EXAMPLES = int(os.environ.get("WARM_START_EXAMPLES", "400"))
TIMEOUTS = {"a": 10_000, "b": 120_000}
TOPICS = ("T1", "T2", "T3", "T4")

servers = st.sets(st.sampled_from(SERVERS))
some_servers = st.sets(st.sampled_from(SERVERS), min_size=1)
names = st.sampled_from(sorted(TIMEOUTS))
BROKERS = (("a", 0, "old"), ("a", 1, "old"), ("b", 0, "old"))
brokers = st.sampled_from((*BROKERS, ("a", 0, "new")))
topics = st.sets(st.sampled_from(TOPICS), min_size=1)
delays = st.sampled_from((0, 1, 900, 15_000))


class Deaf:
    def topic_changed(self, topic: str) -> None: ...

    def broker_changed(self, name: str) -> None: ...


def finish(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@dataclass
class Server:
    """A live server, and what the model knows that it really was told."""

    routes: RouteTable = field(default_factory=lambda: RouteTable(Deaf()))
    told: dict = field(default_factory=dict)
    left: dict = field(default_factory=dict)


class Fleet(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000
        self.servers = {number: Server() for number in SERVERS}
        self.versions = dict.fromkeys(TIMEOUTS, 1)
        self.tables = {name: set(TOPICS[:2]) for name in TIMEOUTS}
        self.signs: dict = {}
        self.certain: dict = {}
        for broker in BROKERS:
            self.register_at(broker, SERVERS, part=False)

    def live(self, numbers) -> Iterator[Server]:
        return (self.servers[number] for number in sorted(numbers) if number in self.servers)

    # Brokers

    def identity(self, name, broker_id, host) -> Identity:
        address = f"{host}-{name}{broker_id}:10911"
        return Identity("C", address, name, broker_id, "", None, TIMEOUTS[name], True)

    @rule(name=names, table=topics)
    def topics_change(self, name, table):
        self.tables[name] = table
        self.versions[name] += 1

    @rule(broker=brokers, reached=some_servers, part=st.booleans())
    def register(self, broker, reached, part):
        self.register_at(broker, reached, part=part)

    @rule(reached=servers)
    def all_register(self, reached):
        for broker in BROKERS:
            self.register_at(broker, reached, part=False)

    def register_at(self, broker, reached, *, part):
        who = self.identity(*broker)
        name = who.name
        table = sorted(self.tables[name])[: 1 if part else None]
        configs = {topic: TopicConfig(topic) for topic in table}
        version = DataVersion(self.versions[name])
        body = Registration(RegisterBrokerBody(TopicConfigTable(configs, version), []))
        for server in self.live(reached):
            stamp = Fingerprint(who, hash((tuple(table), version.counter)), 0, (0, False))
            if server.routes.refresh(stamp, who, self.now) is None:
                taken = finish(server.routes.register(stamp, body, who, self.now))
                if taken is None or who.key not in server.routes.live:
                    continue
            server.told[who.key] = self.now
            server.left.pop(who.key, None)
            self.signs[who.key] = self.now

    @rule(silent=servers)
    def all_beat(self, silent):
        for server in self.live(set(SERVERS) - silent):
            for key in server.routes.live:
                server.routes.beat(key, self.now)
                self.signs[key] = self.now

    @rule(broker=brokers, reached=some_servers, farewell=st.booleans())
    def leave(self, broker, reached, farewell):
        """It says so, or its connections end where it has one."""
        who = self.identity(*broker)
        leaving = Leaving(who.cluster, who.address, who.name, who.broker_id)
        for server in self.live(reached):
            held = server.routes.of_channel(who)
            if farewell:
                finish(server.routes.unregister([leaving], self.now))
            elif held:
                finish(server.routes.drop(held, self.now))
            if farewell or held:
                self.forget(server, who.key)

    def forget(self, server, key):
        server.told.pop(key, None)
        server.left[key] = self.now

    # Time

    @rule(step=st.sampled_from((500, 9_000, 61_000)))
    def time_passes(self, step):
        self.pass_time(step)

    @rule(rounds=st.sampled_from((7, 14)), silent=servers)
    def time_passes_and_brokers_only_beat(self, rounds, silent):
        for _ in range(rounds):
            self.pass_time(9_000)
            self.all_beat(silent)

    def pass_time(self, step):
        self.now += step
        for server in self.servers.values():
            finish(server.routes.drop_overdue_topics(self.now))
            overdue = server.routes.expired(self.now)
            for key in overdue:
                if key in server.told:
                    self.forget(server, key)
            finish(server.routes.drop(overdue, self.now))

    # Servers

    @rule(number=st.sampled_from(SERVERS))
    def server_dies(self, number):
        self.servers.pop(number, None)

    @rule(number=st.sampled_from(SERVERS), peers=servers, there=delays, back=delays)
    def server_starts(self, number, peers, there, back):
        self.servers.pop(number, None)
        asked = self.now
        self.pass_time(there)
        tales = [
            list(snapshot.lines(server.routes, f"{server}", self.now))
            for server in self.live(peers)
        ]
        self.pass_time(back)
        told = []
        for lines in tales:
            tale = snapshot.Snapshot(asked, self.now)
            for line in lines:
                tale.read(line)
            told.append(tale)
        server = Server()
        snapshot.adopt(server.routes, told, self.now)
        self.servers[number] = server
        note(f"{number} adopted {sorted(server.routes.provisional)}")

    @rule(number=st.sampled_from(SERVERS))
    def server_starts_with_what_all_others_know(self, number):
        self.server_starts(number, set(SERVERS) - {number}, 0, 0)

    @rule(number=st.sampled_from(SERVERS))
    def server_looks_at_the_others(self, number):
        for server in self.live({number}):
            others = [each for each in self.servers.values() if each is not server]
            views = [view_of(each.routes, self.now) for each in others]
            before = server.routes.provisional
            gone = snapshot.refuted(before, views)
            kept = {key for key in before if any(key in each.told for each in others)}
            assert not gone & kept, gone & kept
            finish(server.routes.drop(gone, self.now))
            for key in server.routes.provisional:
                gone_somewhere = any(each.left.get(key, -1) >= self.signs[key] for each in others)
                assert not gone_somewhere or any(key in each.told for each in others), key

    # Promises

    @invariant()
    def every_broker_that_is_served_gave_a_sign_of_life_in_time(self):
        for server in self.servers.values():
            for key, live in server.routes.live.items():
                assert live.last_update <= self.signs[key], key
                assert self.now - self.signs[key] <= live.identity.timeout, key

    @invariant()
    def every_topic_that_is_served_was_certain_in_time(self):
        for server in self.servers.values():
            waiting = server.routes.topics.unconfirmed.overdue(1 << 60)
            for topic, entries in server.routes.topics.items():
                for name in (queue.broker_name for queue in entries):
                    if topic not in waiting.get(name, ()):
                        self.certain[topic, name] = self.now
        for server in self.servers.values():
            for topic, entries in server.routes.topics.items():
                for name in (queue.broker_name for queue in entries):
                    assert self.now - self.certain[topic, name] < TOPIC_TIMEOUT, (topic, name)

    @invariant()
    def who_registered_is_not_provisional_and_nobody_else_has_the_seat(self):
        for server in self.servers.values():
            for key, live in server.routes.live.items():
                assert live.provisional == (key not in server.told), key
            for group in server.routes.groups.values():
                for broker_id, address in group.addresses.items():
                    live = server.routes.live_of(group, address)
                    assert live is not None, address
                    newer = [
                        server.told[each.identity.key]
                        for each in server.routes.live.values()
                        if (each.identity.name, each.identity.broker_id) == (group.name, broker_id)
                        and not each.provisional
                    ]
                    assert not newer or not live.provisional, address

    @invariant()
    def whoever_has_topics_is_a_broker_that_is_there(self):
        for server in self.servers.values():
            for topic in server.routes.topics:
                assert server.routes.route(topic, acting_masters=True) is not None, topic


def view_of(routes: RouteTable, now: int) -> snapshot.View:
    members = ((key, live.provisional) for key, live in routes.live.items())
    return snapshot.view(members, snapshot.departures(routes, now), now)


@pytest.mark.timeout(600)
def test_what_a_warm_server_serves_was_true_in_time():
    run_state_machine_as_test(
        Fleet,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=60,
            deadline=None,
            derandomize=not os.environ.get("WARM_START_RANDOM"),
            suppress_health_check=list(HealthCheck),
        ),
    )
