"""How costs grow with topics and with brokers, one of them times ten at a time.

Every topic is on 4 brokers; with more brokers each has fewer topics. Of ours a server for each size
runs at the same time, so that lookups of all sizes are measured in turns. How long a registration
takes is what its broker sees, the sending of its body included.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.contest import Contest, Contestant
from benchmarks.fixtures import QUEUES, Fixture, registering
from benchmarks.generator import Load
from benchmarks.plan import Plan
from benchmarks.samples import Sample, Setting, middle
from benchmarks.servers import Java, Ours
from harness.registrations import body, data_version

WIDTH: Final = 4
AGAIN: Final = 6
ROUNDS: Final = 3
SOME: Final = 1_000
"""Topics that are asked for at every size, beside all of them."""
WARMING: Final = Fixture("warming", topics=2_000, brokers=4, width=WIDTH, network=100)
WARM_REGISTRATIONS: Final = 100


def measure(plan: Plan, directory: Path) -> Iterator[Sample]:
    """Samples of the scenarios `registration` and `growth`."""
    fixtures = sizes(plan.growth_topics)
    with Contest(directory / "ours") as contest:
        for fixture in fixtures:
            yield _registration(contest.start(Ours), fixture)
        yield from _lookups(contest, fixtures, plan)
    with Contest(directory / "java") as contest:
        java = contest.start(Java)
        java.brokers.register(_changing(WARMING, WARM_REGISTRATIONS))
        for fixture in fixtures:
            yield _registration(java, fixture)


def sizes(topics: int) -> list[Fixture]:
    """A tenth, all, and ten times as many topics; then more brokers for all."""
    shapes = [(topics // 10, 4), (topics, 4), (topics * 10, 4), (topics, 40), (topics, 400)]
    return [
        Fixture(f"size{network}", number, many, WIDTH, network)
        for network, (number, many) in enumerate(shapes)
    ]


def _registration(contestant: Contestant, fixture: Fixture) -> Sample:
    first = contestant.brokers.enter(fixture)
    same = [next(fixture.registrations())] * AGAIN
    unchanged = contestant.brokers.register(same)
    changed = contestant.brokers.register(_changing(fixture, AGAIN))
    figures = {"first_seconds": middle(first), "first_total_seconds": sum(first)}
    figures |= {"unchanged_seconds": middle(unchanged), "changed_seconds": middle(changed)}
    found = {name: value for name, value in figures.items() if value is not None}
    return Sample("registration", contestant.server.label, _shape(fixture), found)


def _changing(fixture: Fixture, times: int) -> Iterator[bytes]:
    """Registrations of the first broker, each with a topic that changed."""
    groups = fixture.brokers // fixture.width
    names = fixture.topic_names()[::groups]
    for number in range(times):
        topics = dict.fromkeys(names, QUEUES) | {names[number % len(names)]: 2 * QUEUES}
        content = body(topics, version=data_version(counter=number + 2))
        yield registering(fixture.members()[0], content)


def _shape(fixture: Fixture) -> dict[str, Setting]:
    return {
        "topics": fixture.topics,
        "brokers": fixture.brokers,
        "topics_of_broker": fixture.topics * fixture.width // fixture.brokers,
    }


def _lookups(contest: Contest, fixtures: list[Fixture], plan: Plan) -> Iterator[Sample]:
    by_server = dict(zip(contest.contestants, fixtures, strict=True))
    for contestant, fixture in by_server.items():
        contest.beat()
        contestant.brokers.register([next(fixture.registrations())])
        contestant.prepare("all", fixture.lookups())
        contestant.prepare("some", fixture.lookups(every=max(fixture.topics // SOME, 1)))
    for number, contestant in contest.in_turns(ROUNDS):
        for name in ("all", "some"):
            shape = _shape(by_server[contestant])
            load = Load(seconds=plan.growth)
            yield contestant.measure("growth", name, load, asked=name, round=number, **shape)
