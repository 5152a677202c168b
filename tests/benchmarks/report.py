"""A run as Markdown: the targets, then what was measured of whom. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from benchmarks.samples import ECHO, JAVA, JAVA_EPOLL, OURS, RUST, RUST_CACHE, Run, middle
from benchmarks.targets import KB, MB, TARGETS, Target

SERVERS: Final = (OURS, JAVA, JAVA_EPOLL, RUST, RUST_CACHE, ECHO)
BEGIN: Final = "<!-- make bench writes from here -->"
END: Final = "<!-- to here -->"
NOTHING: Final = "not measured"
QUIET: Final = 0.1
"""Of a core that others may use, at the median, before rates and latencies say nothing."""


def inserted(document: str, part: str) -> str:
    """The document with this part between its marks; at its end if it has none."""
    before, found, rest = document.partition(BEGIN)
    after = rest.partition(END)[2] if found else "\n"
    return f"{before.rstrip()}\n\n{BEGIN}\n\n{part.strip()}\n\n{END}{after}"


def markdown(run: Run, plots: Iterable[str], source: str) -> str:
    """The part of docs/benchmarks.md; `plots` are paths from there, as is `source`, the JSON."""
    parts = ["## The server beside others", _circumstances(run, source), *run.notes]
    parts += ["### Targets", _targets(run)]
    for title, (scenario, section) in SECTIONS.items():
        if run.of(scenario):
            parts += [f"### {title}", section(run)]
    parts += [f"![{plot}]({plot})" for plot in plots]
    return "\n\n".join(parts)


def _circumstances(run: Run, source: str) -> str:
    words = ", ".join(f"{name} {value}" for name, value in (run.machine | run.versions).items())
    shares = [sample.values.get("others_core_share", 0.0) for sample in run.samples]
    alone = middle(shares) or 0.0
    warning = "" if alone < QUIET else " **That is too much: only CPU times and memory count.**"
    return (
        f"{run.date}, `{run.command}`, {run.seconds / 60:.0f} minutes; {words}. Each server has "
        "one core, the load generator the other; servers take turns. Whatever else ran on the "
        f"machine took {cell(alone)} of a core at the median, {max(shares):.2f} at most.{warning} "
        f"All figures: [{source}]({source})."
    )


def _targets(run: Run) -> str:
    words = {True: "yes", False: "no", None: NOTHING}
    rows = [
        [target.words, target.limit(), _measured(target, run), words[target.met(run)]]
        for target in TARGETS
    ]
    return table(["target", "bound", "measured", "met"], rows)


def _measured(target: Target, run: Run) -> str:
    figure = target.figure(run)
    return NOTHING if figure is None else f"{figure:.3g}{target.unit}"


def _peaks(run: Run) -> str:
    rows = []
    for server in SERVERS:
        row = [server]
        for depth in (1, 16):
            row += [
                cell(run.value("rate", "peak", server, depth=depth), 1, "{:,.0f}"),
                cell(run.value("p99_us", "peak", server, depth=depth), 1e-3),
                cell(run.value("cpu_us_per_request", "peak", server, depth=depth)),
                cell(run.value("generator_core_share", "peak", server, depth=depth), 100, "{:.0f}"),
            ]
        rows.append([*row, cell(run.value("errors", "peak", server), 1, "{:.0f}")])
    names = ["lookups/s", "p99 ms", "CPU µs each", "generator's core %"]
    return table(["server", *names, *(f"{name}, 16 in flight" for name in names), "errors"], rows)


def _fixed_rates(run: Run) -> str:
    shares = sorted({float(sample.settings["share"]) for sample in run.of("fixed rate")})
    rows = []
    for server in SERVERS[:-1]:
        for share in shares:
            rate = next((s.settings["rate"] for s in run.of("fixed rate", share=share)), 0)
            figures = [
                cell(run.value(f"{name}_us", "fixed rate", server, share=share), 1e-3)
                for name in ("p50", "p99", "p99_9", "max")
            ]
            errors = run.value("errors", "fixed rate", server, share=share)
            rows.append([server, f"{rate:,.0f}", *figures, cell(errors, 1, "{:.0f}")])
    return table(["server", "lookups/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "errors"], rows)


def _storms(run: Run) -> str:
    rows = []
    for server in (OURS, JAVA, ECHO):
        for variant in ("none", "unchanged", "changed"):
            figures = [
                cell(run.value(name, "storm", server, variant=variant), scale)
                for name, scale in STORM_COLUMNS.values()
            ]
            rows.append([server, variant, *figures])
    return table(["server", "bodies", *STORM_COLUMNS], rows)


STORM_COLUMNS: Final = {
    "of a core, %": ("core_share", 100),
    "p99 ms": ("p99_us", 1e-3),
    "max ms": ("max_us", 1e-3),
    "p99 ms, routes of 300": ("wide_p99_us", 1e-3),
    "registration p50 ms": ("registration_p50_us", 1e-3),
    "RSS MB": ("rss_bytes", 1 / MB),
    "errors": ("errors", 1),
}


def _footprints(run: Run) -> str:
    columns = {
        "fresh MB": ("fresh_bytes", "topics in memory", 1 / MB),
        "with topics MB": ("rss_bytes", "topics in memory", 1 / MB),
        "peak MB": ("peak_bytes", "topics in memory", 1 / MB),
        "all asked for MB": ("all_asked_bytes", "topics in memory", 1 / MB),
        "idle connection KB": ("bytes_each", "idle connections", 1 / KB),
    }
    rows = [
        [server, *(cell(run.value(name, of, server), by) for name, of, by in columns.values())]
        for server in (OURS, JAVA, RUST)
    ]
    return table(["server", *columns], rows)


def _starts(run: Run) -> str:
    columns = ("seconds", "cpu_seconds")
    rows = [
        [server, *(cell(run.value(name, "start", server)) for name in columns)]
        for server in (OURS, JAVA, RUST)
    ]
    return table(["server", "first answer after s", "CPU s until then"], rows)


def _growth(run: Run) -> str:
    rows = []
    for sample in run.of("registration", OURS):
        shape = {name: sample.settings[name] for name in ("topics", "brokers")}
        rates = [
            cell(run.value("rate", "growth", OURS, asked=asked, **shape), 1, "{:,.0f}")
            for asked in ("some", "all")
        ]
        times = [
            cell(run.value(name, "registration", server, **shape), 1e3)
            for server in (OURS, JAVA)
            for name in ("first_seconds", "unchanged_seconds", "changed_seconds")
        ]
        rows.append([*(f"{value:,}" for value in shape.values()), *rates, *times])
    kinds = ("first", "unchanged", "one topic changed")
    names = [f"{server}: {kind} ms" for server in (OURS, JAVA) for kind in kinds]
    return table(["topics", "brokers", "lookups/s of some", "of all", *names], rows)


SECTIONS: Final[dict[str, tuple[str, Callable[[Run], str]]]] = {
    "Most lookups a second": ("peak", _peaks),
    "Latency at fixed rates": ("fixed rate", _fixed_rates),
    "While 300 brokers register": ("storm", _storms),
    "Memory": ("topics in memory", _footprints),
    "Start": ("start", _starts),
    "Growth": ("registration", _growth),
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: float | None, scale: float = 1, form: str = "{:.3g}") -> str:
    """A figure in the unit of its column."""
    return NOTHING if value is None else form.format(value * scale)
