"""`python -m benchmarks`: measure everything, and write docs/benchmarks.md or print it."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import (
    footprint,
    growth,
    lookups,
    machine,
    matrix,
    plots,
    programs,
    report,
    rust,
    startup,
    storm,
)
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.samples import Run, Sample
from harness.errors import HarnessError

DOCS: Final = Path(__file__).parents[2] / "docs"
SCENARIOS: Final[dict[str, Callable[[Plan, Path], Iterator[Sample]]]] = {
    "startup": startup.measure,
    "footprint": footprint.measure,
    "lookups": lookups.measure,
    "storm": storm.measure,
    "growth": growth.measure,
    "matrix": matrix.measure,
}


def main() -> int:
    """Measure; a full run of everything goes into docs/, anything else is printed."""
    arguments = _arguments()
    run = measured(QUICK if arguments.quick else FULL, arguments.only or list(SCENARIOS))
    directory = arguments.out or DOCS
    if arguments.out is None and (arguments.quick or arguments.only):
        print(report.markdown(run, [], "not kept"))
    else:
        _write(run, directory)
    return 1 if run.notes else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="see in minutes whether it works")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="leave out the others")
    parser.add_argument("--out", type=Path, help="write below this folder instead of docs")
    return parser.parse_args()


def measured(plan: Plan, names: list[str]) -> Run:
    """Everything of these scenarios."""
    for name in ("loadgen", "echo"):
        programs.built(name)
    if rust.can_be_had():
        rust.program()
    began = time.monotonic()
    run = Run(
        date=datetime.now(UTC).date().isoformat(),
        command="make bench" + (" ARGS=--quick" if plan is QUICK else ""),
        quick=plan is QUICK,
        seconds=0,
        machine=machine.machine(),
        versions=machine.versions(),
        notes=[],
        samples=[],
    )
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        for name in names:
            _measure(run, name, SCENARIOS[name](plan, Path(scratch) / name), began)
    run.seconds = time.monotonic() - began
    return run


def _measure(run: Run, name: str, samples: Iterator[Sample], began: float) -> None:
    """Add what a scenario finds; if it fails, the others are still worth having."""
    try:
        for sample in samples:
            _show(time.monotonic() - began, sample)
            run.samples.append(sample)
    except (HarnessError, OSError) as error:
        run.notes.append(f"Not measured to its end: {name}. {error}")
        print(run.notes[-1], flush=True)


def _show(seconds: float, sample: Sample) -> None:
    settings = " ".join(f"{name}={value}" for name, value in sample.settings.items())
    values = " ".join(f"{name}={value:.6g}" for name, value in sample.values.items())
    print(f"{seconds:5.0f} s  {sample.scenario}, {sample.server}: {settings}: {values}", flush=True)


def _write(run: Run, directory: Path) -> None:
    """The JSON of the day, the plots, and the part of the page between its marks."""
    folder = directory / "benchmarks"
    drawn = plots.draw(run, folder)
    (folder / f"{run.date}.json").write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    page = directory / "benchmarks.md"
    before = page.read_text() if page.exists() else ""
    names = [f"benchmarks/{plot.name}" for plot in drawn]
    part = report.markdown(run, names, f"benchmarks/{run.date}.json")
    page.write_text(report.inserted(before, part))
    print(f"written: {page}")


if __name__ == "__main__":
    sys.exit(main())
