"""Lookups while 300 brokers with 10,000 topics each register every 30 s: 10 times a second 1.7 MB.

Three streams go on at a time, each on schedule whatever the server does: the registrations, each
broker on a connection of its own; 1,000 lookups a second of topics on 4 brokers, which show how
long the server is away; and 20 a second of the registered topics, whose routes name 300 brokers.
The first stream is left out, comes with bodies that did not change, or with one changed topic in
each.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import loads
from benchmarks.contest import Contest, Contestant
from benchmarks.fixtures import PLACEHOLDER, QUEUES, Fixture, registering
from benchmarks.generator import Generator, Load, Report, values, watched
from benchmarks.plan import Plan
from benchmarks.samples import Sample, Setting
from benchmarks.servers import Echo, Java, Ours
from harness.errors import HarnessError
from harness.frames import json_frame
from harness.registrations import body, data_version

BROKERS: Final = 300
PERIOD: Final = 30
NARROW: Final = Fixture("narrow", topics=100, brokers=4, width=4, network=1)
VARIANTS: Final = ("none", "unchanged", "changed")
BODIES: Final = 8
"""Different ones; a broker's next is never its last."""
ROUNDS: Final = 2
WARMUP: Final = 1.0
ASKED: Final = 100
"""Of the registered topics; the changed ones are among them."""
ANSWER: Final = json_frame(
    f'{{"code":0,"flag":1,"language":"JAVA","opaque":{PLACEHOLDER},"version":479}}', bytes(900)
)
LOOKUPS: Final = Load(connections=64, rate=1000, warmup=WARMUP)


def measure(plan: Plan, directory: Path) -> Iterator[Sample]:
    """Samples of the scenario `storm`; the echo's show how well this machine lets it be seen."""
    for make in (Ours, Java):
        with Contest(directory / make.__name__) as contest:
            contestant = contest.start(make)
            contestant.brokers.enter(NARROW)
            contestant.prepare("narrow", NARROW.lookups())
            if make is Java:
                contestant.warm("narrow", plan.warm)
            yield from _storms(contestant, plan)
    with Contest(directory / "echo") as contest:
        echo = contest.start(lambda path: Echo(path, ANSWER))
        echo.prepare("narrow", NARROW.lookups())
        for variant in VARIANTS[:2]:
            _prepare(echo, _fixture(plan), variant)
            yield _storm(echo, replace(plan, storm=plan.calm), variant)


def _fixture(plan: Plan) -> Fixture:
    return Fixture("topic", plan.storm_topics, BROKERS, BROKERS)


def _storms(contestant: Contestant, plan: Plan) -> Iterator[Sample]:
    fixture = _fixture(plan)
    for variant in VARIANTS:
        contestant.brokers.beat()
        contestant.brokers.enter(fixture)
        _see_that_all_are_known(contestant, fixture)
        _prepare(contestant, fixture, variant)
        yield _storm(contestant, plan, variant)
        time.sleep(2 * WARMUP)  # its brokers leave with their connections


def _see_that_all_are_known(contestant: Contestant, fixture: Fixture) -> None:
    answers = contestant.answers(fixture.lookups(every=fixture.topics // 10))
    found = {answer.text.count('"brokerAddrs"') for answer in answers}
    if found != {BROKERS}:
        raise HarnessError(f"{contestant.server.label} knows {found} brokers of {BROKERS}")


def _prepare(contestant: Contestant, fixture: Fixture, variant: str) -> None:
    directory = contestant.server.directory
    asked = fixture.lookups()[:ASKED]
    wide = loads.lookups(asked, [loads.ANY] * len(asked))
    contestant.use("wide", loads.write(directory / "wide.requests", wide))
    bodies: list[bytes] = []
    frames = changing(fixture) if variant == "changed" else fixture.registrations()
    requests = loads.registrations(frames, bodies)
    contestant.use(variant, loads.write(directory / f"{variant}.requests", requests, bodies))


def changing(fixture: Fixture) -> Iterator[bytes]:
    """Registrations of all brokers, round by round, each with one topic that changed."""
    contents = [_changed(fixture, number) for number in range(BODIES)]
    for turn in range(ROUNDS):
        for number, who in enumerate(fixture.members()):
            yield registering(who, contents[(number + turn) % BODIES])


def _changed(fixture: Fixture, number: int) -> bytes:
    """The topics with other queues for one of them, and a data version of its own."""
    names = fixture.topic_names()
    topics = dict.fromkeys(names, QUEUES) | {names[number]: 2 * QUEUES}
    return body(topics, version=data_version(counter=number + 2))


def _storm(contestant: Contestant, plan: Plan, variant: str) -> Sample:
    seconds = plan.calm if variant == "none" else plan.storm
    narrow = replace(LOOKUPS, seconds=seconds)
    wide = Load(connections=4, rate=20, warmup=WARMUP, seconds=seconds)
    storm = Load(BROKERS, rate=BROKERS / PERIOD, in_order=True, warmup=0, seconds=seconds + 2)
    server = contestant.server

    def begin(file: str, load: Load, *, first: bool = False) -> Generator:
        return Generator(server.address, contestant.file(file), load, first=first)

    with watched(server) as use:
        registering = [begin(variant, storm)] if variant != "none" else []
        asking = [begin("narrow", narrow, first=True), begin("wide", wide)]
        reports = [generator.report() for generator in asking]
    reports += [generator.report() for generator in registering]
    figures = _figures(*reports) | use.shares(*reports)
    settings: dict[str, Setting] = {"variant": variant, "topics": plan.storm_topics}
    return Sample("storm", server.label, settings, figures)


def _figures(narrow: Report, wide: Report, registered: Report | None = None) -> dict[str, float]:
    """All of the narrow stream, the worst of the others, and the errors of all."""
    figures = values(narrow)
    figures |= {"wide_p99_us": wide.lookups_us.p99, "wide_max_us": wide.lookups_us.max}
    figures["errors"] += sum(wide.errors.values())
    if registered is not None:
        took = registered.registrations_us
        figures |= {"registration_p50_us": took.p50, "registration_max_us": took.max}
        figures |= {f"registration_{name}": count for name, count in registered.errors.items()}
        figures["registrations"] = registered.requests
        figures["errors"] += sum(registered.errors.values())
    return figures
