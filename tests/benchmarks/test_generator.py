"""The load generator against servers whose behaviour is known."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import loads
from benchmarks.generator import Generator, Load, Report
from benchmarks.servers import Echo
from harness.frames import JSON, ROCKETMQ, ask, binary_header, json_frame, packed

OPAQUE = 1 << 30
BODY = b"x" * 900
ANSWERS = {
    JSON: json_frame(f'{{"code":0,"flag":1,"opaque":{OPAQUE},"version":479}}', BODY),
    ROCKETMQ: packed(binary_header(0, flag=1, opaque=OPAQUE), BODY, ROCKETMQ),
}
STEP = 1.008
"""What the histogram may add."""

Measure = Callable[..., Report]


@pytest.fixture
def measure(tmp_path: Path) -> Iterator[Measure]:
    """Load an echo that was started with these options."""
    echoes: list[Echo] = []

    def one(
        load: Load, *options: str, kind: int = JSON, expected: int = len(BODY), code: int = 0
    ) -> Report:
        answer = ANSWERS[kind].replace(b'"code":0', b'"code":%d' % code)
        echo = Echo(tmp_path / f"echo-{len(echoes)}", answer, *options)
        echoes.append(echo)
        echo.start()
        requests = loads.lookups([ask(105, kind=kind, opaque=OPAQUE, topic="t")], [expected])
        file = loads.write(tmp_path / f"{len(echoes)}.requests", requests)
        return Generator(echo.address, file, load).report()

    yield one
    for echo in echoes:
        echo.kill()


@pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
@pytest.mark.parametrize("depth", [1, 16])
def test_every_answer_is_counted_and_none_is_wrong(measure: Measure, kind: int, depth: int) -> None:
    report = measure(Load(connections=8, depth=depth, seconds=0.3, warmup=0.1), kind=kind)
    assert report.requests == report.lookups_us.count > 1000
    assert report.requests < report.answered_in_all
    assert sum(report.errors.values()) == 0
    assert report.rate == pytest.approx(report.requests / 0.3, rel=0.001)


def test_an_open_loop_asks_as_often_as_it_is_told(measure: Measure) -> None:
    report = measure(Load(connections=4, rate=1000, seconds=0.5, warmup=0.1))
    assert report.requests == 500
    assert report.answered_in_all == 600
    assert sum(report.errors.values()) == 0


def test_delays_are_at_their_place_in_the_histogram(measure: Measure) -> None:
    load = Load(connections=1, seconds=1, warmup=0)
    report = measure(load, "--delay-us", "20000", "--every", "1")
    found = report.lookups_us
    assert 10 < found.count <= 50
    assert found.p50 >= 20_000
    assert found.p50 == pytest.approx(1e6 / found.count, rel=0.3)
    assert found.p50 <= found.p90 <= found.p99 <= found.p99_9 <= found.max * STEP


def test_a_stall_counts_for_all_that_was_due_meanwhile(measure: Measure) -> None:
    """Four stalls of 300 ms in 450 ms: a closed loop of 16 would see them in 64 of its requests."""
    load = Load(connections=16, rate=1000, seconds=0.45, warmup=0)
    report = measure(load, "--delay-us", "300000", "--every", "100")
    assert report.requests == 450
    assert report.lookups_us.max > 300_000
    assert report.lookups_us.p50 > 100_000
    assert sum(report.errors.values()) == 0


def test_a_connection_that_the_server_closes_is_counted_with_what_it_lost(
    measure: Measure,
) -> None:
    load = Load(connections=1, depth=4, seconds=5, warmup=0)
    report = measure(load, "--close-after", "100")
    assert report.errors["closed"] == 1
    assert report.errors["lost"] == 4
    assert report.requests == pytest.approx(98, abs=2)
    assert report.wall_seconds < 2


def test_answers_that_are_not_as_expected_are_counted(measure: Measure) -> None:
    load = Load(connections=1, seconds=0.2, warmup=0)
    short = measure(load, expected=len(BODY) - 1)
    assert short.errors["length"] == short.requests > 0
    failed = measure(load, code=17)
    assert failed.errors["code"] == failed.requests > 0


def test_a_server_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    requests = loads.lookups([ask(105, opaque=OPAQUE, topic="t")], [0])
    file = loads.write(tmp_path / "requests", requests)
    report = Generator("127.0.0.1:1", file, Load(connections=3)).report()
    assert (report.errors["connect"], report.requests) == (3, 0)
