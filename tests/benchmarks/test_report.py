"""The page that a run writes, and whether targets are judged as they are worded."""

from itertools import product
from pathlib import Path

import pytest

from benchmarks import plots, report
from benchmarks.samples import JAVA, OURS, Run, Sample, Setting
from benchmarks.targets import TARGETS


def peak(server: str, rate: float, number: int = 0) -> Sample:
    return Sample("peak", server, {"depth": 1, "round": number}, {"rate": rate})


def run(*samples: Sample) -> Run:
    return Run("2026-01-01", "make bench", False, 60, {"cpu": "fast"}, {}, [], list(samples))


@pytest.mark.parametrize(("ours", "met"), [(500.0, True), (499.0, False)])
def test_a_target_is_met_from_its_bound_on(ours: float, met: bool) -> None:
    assert TARGETS[0].met(run(peak(OURS, ours), peak(JAVA, 100))) is met


def test_rounds_count_by_their_median() -> None:
    found = run(peak(OURS, 1), peak(OURS, 30, 1), peak(OURS, 20, 2))
    assert found.value("rate", "peak", OURS, depth=1) == 20


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    nothing = run(peak(OURS, 1))
    assert {target.met(nothing) for target in TARGETS} == {None}
    assert "not measured" in report.markdown(nothing, [], "x.json")


def test_a_target_is_not_judged_by_less_than_it_asks_for() -> None:
    few = Sample("topics in memory", OURS, {"topics": 10_000}, {"rss_bytes": 1.0})
    many = Sample("topics in memory", OURS, {"topics": 100_000}, {"rss_bytes": 1.0})
    assert {target.met(run(few)) for target in TARGETS} == {None}
    assert True in {target.met(run(many)) for target in TARGETS}


def test_the_page_keeps_what_others_wrote() -> None:
    page = "# Benchmarks\n\nOurs.\n"
    once = report.inserted(page, "one")
    twice = report.inserted(once + "\nMore.\n", "two")
    assert once.startswith("# Benchmarks\n\nOurs.\n\n")
    assert "two" in twice
    assert "one" not in twice
    assert twice.endswith("\nMore.\n")


def of_all_scenarios() -> list[Sample]:
    """One figure of each kind that a plot shows."""
    form: dict[str, Setting] = {"connections": 64, "depth": 1}
    kinds = dict.fromkeys(("first_seconds", "changed_seconds", "unchanged_seconds"), 0.1)
    found = []
    for server, size in product((OURS, JAVA), (10, 100)):
        shape = {"topics": size, "brokers": 4, "topics_of_broker": size}
        found.append(peak(server, size))
        found.append(Sample("fixed rate", server, {"share": 0.5, "rate": size}, {"p99_us": 9}))
        found.append(Sample("registration", server, dict(shape), dict(kinds)))
        cell: dict[str, Setting] = form | {"width": 1, "header": "JSON", "writes": size}
        found.append(Sample("matrix", server, cell, {"rate": size}))
    return found


def test_every_plot_is_drawn(tmp_path: Path) -> None:
    drawn = plots.draw(run(*of_all_scenarios()), tmp_path)
    assert len(drawn) == 4
    assert all(plot.read_text().lstrip().startswith("<?xml") for plot in drawn)


def test_drawing_again_changes_nothing(tmp_path: Path) -> None:
    found = run(*of_all_scenarios())
    first = [plot.read_bytes() for plot in plots.draw(found, tmp_path)]
    assert first == [plot.read_bytes() for plot in plots.draw(found, tmp_path)]
