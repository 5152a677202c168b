"""The dashboard as Grafana would lay it out, drawn from the series of a Prometheus."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.monitoring import filled
from harness.prometheus import Prometheus

Panel = Mapping[str, Any]
STEP: Final = 2.0
"""Seconds between two points."""
COLUMN, LINE = 0.55, 0.3
"""Inches of a unit of the dashboard's grid."""
UNITS: Final = {"reqps": "/s", "ops": "/s", "s": " s", "percentunit": "", "short": ""}


def draw(
    dashboard: Mapping[str, Any],
    prometheus: Prometheus,
    names: Mapping[str, str],
    seconds: float,
    target: Path,
) -> None:
    """Write a picture of all panels over the last `seconds`; `names` are the variables."""
    panels = dashboard["panels"]
    height = max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in panels)
    with mpl.rc_context({"font.size": 8, "svg.hashsalt": "", "axes.titlesize": 9}):
        figure = Figure(figsize=(24 * COLUMN, height * LINE), layout=None, facecolor="#f4f5f5")
        for panel in panels:
            axes = figure.add_axes(_place(panel["gridPos"], height))
            _panel(axes, panel, prometheus, names, seconds)
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target, dpi=110)


def _place(given: Mapping[str, int], height: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height as parts of the figure, with room for axes."""
    left, top, width, tall = (given[key] for key in "xywh")
    room = 1.2 if tall > 1 else 0.2
    return (
        (left + room) / 24,
        1 - (top + tall - room * (tall > 1)) / height,
        (width - room - 0.4) / 24,
        max(tall - room * (tall > 1) - 1.4 * (tall > 1), 0.6) / height,
    )


def _panel(
    axes: Axes, panel: Panel, prometheus: Prometheus, names: Mapping[str, str], seconds: float
) -> None:
    if panel["type"] == "row":
        axes.axis("off")
        axes.text(0, 0.3, panel["title"], weight="bold", fontsize=11)
        return
    axes.set_title(panel["title"], loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if panel["type"] == "stat":
        _stat(axes, panel, prometheus, names)
    elif panel["type"] == "state-timeline":
        _states(axes, _series(panel, prometheus, names, seconds))
    else:
        _lines(axes, panel, _series(panel, prometheus, names, seconds))


def _stat(axes: Axes, panel: Panel, prometheus: Prometheus, names: Mapping[str, str]) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    told = []
    for target in panel["targets"]:
        (found,) = prometheus.query(filled(target["expr"], **names))
        told.append((float(found["value"][1]), target["legendFormat"]))
    color = _color(panel, told[0][0])
    for number, (value, legend) in enumerate(told):
        middle = (number + 0.5) / len(told)
        axes.text(middle, 0.55, f"{value:g}", color=color, fontsize=20, ha="center", va="center")
        axes.text(middle, 0.12, legend, fontsize=7, ha="center", va="center")


def _color(panel: Panel, value: float) -> str:
    steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return str(reached[-1]) if reached else "#1f78c1"


def _lines(axes: Axes, panel: Panel, series: Mapping[str, list[tuple[float, float]]]) -> None:
    for legend, points in sorted(series.items()):
        axes.plot(*zip(*points, strict=True), label=legend, linewidth=1.2)
    axes.set_ylim(
        0, 1.05 * max((value for line in series.values() for _, value in line), default=0) or 1
    )
    unit = UNITS[panel["fieldConfig"]["defaults"]["unit"]]
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}{unit}")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} s")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=6.5, loc="best", framealpha=0.7)


def _states(axes: Axes, series: Mapping[str, list[tuple[float, float]]]) -> None:
    for row, (_, points) in enumerate(sorted(series.items())):
        yes = [(at - STEP / 2, STEP) for at, value in points if value == 1]
        axes.broken_barh(yes, (row - 0.4, 0.8), facecolors="#8ab8ff")
    axes.set_yticks([])
    for row, name in enumerate(sorted(series)):
        where = axes.get_yaxis_transform()
        axes.text(0.01, row, name, transform=where, va="center", fontsize=7)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} s")


def _series(
    panel: Panel, prometheus: Prometheus, names: Mapping[str, str], seconds: float
) -> dict[str, list[tuple[float, float]]]:
    """The points of each line by its legend; times in seconds before the end, below 0."""
    now = time.time()
    found: dict[str, list[tuple[float, float]]] = {}
    for target in panel["targets"]:
        expression = filled(target["expr"], **names)
        for each in prometheus.range(expression, now - seconds, now, STEP):
            legend = target["legendFormat"]
            for label, value in each["metric"].items():
                legend = legend.replace("{{" + label + "}}", value)
            points = [(float(at) - now, float(value)) for at, value in each["values"]]
            found[legend] = [point for point in points if point[1] == point[1]]
    return {legend: points for legend, points in found.items() if points}
