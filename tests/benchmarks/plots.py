"""The plots of docs/benchmarks.md: SVG files that are replaced by every full run."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import SERVERS
from benchmarks.samples import JAVA, OURS, Run
from benchmarks.targets import ratio

COLOURS: Final = dict(
    zip(SERVERS, ("#0072b2", "#d55e00", "#e69f00", "#009e73", "#56b4e9", "#999999"), strict=True)
)


def draw(run: Run, directory: Path) -> list[Path]:
    """Draw all plots."""
    directory.mkdir(parents=True, exist_ok=True)
    plots: dict[str, Callable[[Run, Axes], None]] = {
        "peak": _peak,
        "latency": _latency,
        "growth": _growth,
        "matrix": _matrix,
    }
    return [_drawn(directory / f"{name}.svg", run, plot) for name, plot in plots.items()]


def _drawn(file: Path, run: Run, plot: Callable[[Run, Axes], None]) -> Path:
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": file.stem, "font.size": 9}):
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        plot(run, figure.subplots())
        figure.savefig(file, metadata={"Date": None})
    return file


def _peak(run: Run, axes: Axes) -> None:
    """Bars of lookups a second, one request in flight on each connection and 16."""
    for place, server in enumerate(SERVERS):
        rates = [run.value("rate", "peak", server, depth=depth) or 0.0 for depth in (1, 16)]
        places = [index + 0.13 * place for index in range(2)]
        bars = axes.bar(places, rates, width=0.12, color=COLOURS[server], label=server)
        axes.bar_label(bars, [f"{rate / 1000:.0f}k" for rate in rates], fontsize=7)
    axes.set_xticks([0.33, 1.33], ["1 in flight on each", "16 in flight on each"])
    axes.set_ylabel("lookups/s, 64 connections, one core")
    axes.legend(fontsize=7)


def _latency(run: Run, axes: Axes) -> None:
    """p99 over the rate, on schedule."""
    for server in SERVERS[:-1]:
        samples = run.of("fixed rate", server)
        rates = sorted({float(sample.settings["rate"]) for sample in samples})
        found = [run.value("p99_us", "fixed rate", server, rate=rate) or 0.0 for rate in rates]
        if found:
            values = [value / 1000 for value in found]
            axes.plot(rates, values, marker="o", color=COLOURS[server], label=server)
    axes.set_yscale("log")
    axes.set_xlabel("lookups/s asked for")
    axes.set_ylabel("p99, ms")
    axes.legend(fontsize=7)


def _growth(run: Run, axes: Axes) -> None:
    """Time of a registration over the topics in it."""
    for server in (OURS, JAVA):
        for name, line in {"first": "-", "changed": "--", "unchanged": ":"}.items():
            points = sorted(
                (float(sample.settings["topics_of_broker"]), sample.values[f"{name}_seconds"])
                for sample in run.of("registration", server)
            )
            topics, seconds = [at for at, _ in points], [1000 * took for _, took in points]
            axes.plot(topics, seconds, line, color=COLOURS[server], label=f"{server}, {name}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("topics in the registration")
    axes.set_ylabel("ms, as its broker sees it")
    axes.legend(fontsize=7)


def _matrix(run: Run, axes: Axes) -> None:
    """How many times Java's lookups a second, in each cell."""
    rows = _axis(run, ("width", "header", "writes"))
    columns = _axis(run, ("connections", "depth"))
    cells = [[_times(run, dict(row) | dict(column)) for column in columns] for row in rows]
    axes.imshow(cells, cmap="Blues", vmin=0, aspect="auto")
    for y, line in enumerate(cells):
        for x, value in enumerate(line):
            axes.text(x, y, f"{value:.1f}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(columns)), [" x ".join(str(v) for _, v in c) for c in columns])
    axes.set_yticks(range(len(rows)), [_words(row) for row in rows], fontsize=7)
    axes.set_xlabel("connections x requests in flight on each")
    axes.set_title("requests/s of ours, times Java's", fontsize=9)


Place = tuple[tuple[str, str | int | float], ...]


def _axis(run: Run, names: tuple[str, ...]) -> list[Place]:
    found = [tuple((name, sample.settings[name]) for name in names) for sample in run.of("matrix")]
    return list(dict.fromkeys(found))


def _times(run: Run, settings: dict[str, str | int | float]) -> float:
    ours, theirs = (run.value("rate", "matrix", server, **settings) for server in (OURS, JAVA))
    return ratio(ours, theirs) or 0.0


def _words(row: Place) -> str:
    width, header, writes = (value for _, value in row)
    return f"width {width}, {header}, {writes} % writes"
