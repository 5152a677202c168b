"""Pages for people: what a server knows, as HTML that needs nothing but itself. Pure.

Every text from outside goes through ``html.escape``; pages run no script.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6570;--line:#d8dee4;--back:#fff;--card:#f6f8fa;
--good:#1a7f37;--warn:#9a6700;--bad:#cf222e;--link:#0b63c5}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9aa4af;--line:#30363d;--back:#0d1117;
--card:#161b22;--good:#3fb950;--warn:#d29922;--bad:#f85149;--link:#58a6ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:0 1rem 3rem;background:var(--back);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
a{color:var(--link)}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:baseline;padding:1rem 0}
h1{font-size:1.25rem;margin:0}
h2{font-size:1rem;margin:2rem 0 .5rem}
nav{display:flex;flex-wrap:wrap;gap:1rem}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.5rem;margin:0}
dl div{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.5rem .75rem}
dt{color:var(--dim);font-size:.8rem}
dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);
vertical-align:top}
th{color:var(--dim);font-weight:600;font-size:.8rem;white-space:nowrap}
td{overflow-wrap:break-word}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.dim{color:var(--dim)}
form{display:flex;gap:.5rem;margin:.5rem 0}
input{font:inherit;padding:.3rem .5rem;flex:1;max-width:24rem;color:inherit;background:var(--card);
border:1px solid var(--line);border-radius:6px}
button{font:inherit;padding:.3rem .75rem}
"""
_LINKS = (("/", "Brokers"), ("/topics", "Topics"), ("/config", "Configuration"), ("/kv", "KV"))
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class Raw(str):
    """A text that is HTML already."""

    __slots__ = ()


def page(title: str, version: str, *parts: str) -> str:
    """A whole page."""
    links = "".join(f'<a href="{path}">{name}</a>' for path, name in _LINKS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · NameServer</title><style>{STYLE}</style></head><body>"
        f'<header><h1>RocketMQ NameServer</h1><nav>{links}</nav><span class="dim">{escape(version)}'
        f"</span></header><main>{''.join(parts)}</main></body></html>"
    )


def facts(entries: Mapping[str, object]) -> str:
    """Names with a value each."""
    cells = (
        f"<div><dt>{escape(name)}</dt><dd>{_cell(value)}</dd></div>"
        for name, value in entries.items()
    )
    return f"<dl>{''.join(cells)}</dl>"


def heading(text: str) -> str:
    """What follows."""
    return f"<h2>{escape(text)}</h2>"


def note(text: str) -> str:
    """A sentence."""
    return f'<p class="dim">{escape(text)}</p>'


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], nothing: str) -> str:
    """Rows under their columns, or what is to be said when there are none."""
    body = "".join(f"<tr>{''.join(map(_column, row))}</tr>" for row in rows)
    if not body:
        return note(nothing)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def _column(value: object) -> str:
    kind = ' class="n"' if isinstance(value, int) else ""
    return f"<td{kind}>{_cell(value)}</td>"


def _cell(value: object) -> str:
    return (
        value
        if isinstance(value, Raw)
        else escape(f"{value:,}" if _is_number(value) else str(value))
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def link(path: str, *parts: str) -> Raw:
    """A link to ``path`` and the last of ``parts``, all of them quoted."""
    target = "/".join((path, *(quote(part, safe="") for part in parts)))
    return Raw(f'<a href="{escape(target)}">{escape(parts[-1])}</a>')


def marked(kind: str, text: str) -> Raw:
    """A word in the colour of good, warn, bad or dim."""
    return Raw(f'<span class="{kind}">{escape(text)}</span>')


def age(milliseconds: int) -> str:
    """A time span in its two largest units."""
    seconds, parts = max(milliseconds, 0) // 1000, []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def search(path: str, text: str) -> str:
    """A field to look for a topic."""
    return (
        f'<form action="{escape(path)}"><input name="contains" value="{escape(text)}" '
        'placeholder="part of a name" aria-label="part of a name"><button>Find</button></form>'
    )


def brokers_table(brokers: Sequence[Mapping[str, Any]], now: int) -> str:
    """The brokers of ``GET /api/v1/brokers``."""
    columns = ("Cluster", "Broker", "Id", "Address", "Zone", "Topics", "Heard", "State")
    return table(columns, (_broker(each, now) for each in brokers), "No broker has registered.")


def _broker(broker: Mapping[str, Any], now: int) -> tuple[object, ...]:
    role = "master" if broker["id"] == 0 else "slave"
    heard = f"{age(now - broker['lastUpdate'])} ago" if broker["lastUpdate"] else "never"
    state = marked("warn", "provisional") if broker["provisional"] else marked("good", "registered")
    return (
        broker["cluster"],
        broker["name"],
        f"{broker['id']} {role}",
        broker["address"],
        broker["zone"] or "",
        broker["topics"],
        heard,
        state,
    )


def route_table(route: Mapping[str, Any]) -> str:
    """The route of a topic, as ``GET /api/v1/routes/TOPIC`` tells it."""
    queues = {each["brokerName"]: each for each in route["queueDatas"]}
    columns = ("Broker", "Cluster", "Addresses", "Read queues", "Write queues", "Permission")
    rows = (_route_row(data, queues) for data in route["brokerDatas"])
    return table(columns, rows, "No broker has it.")


def _route_row(data: Mapping[str, Any], queues: Mapping[str, Any]) -> tuple[object, ...]:
    name, addresses = data["brokerName"], sorted(data["brokerAddrs"].items())
    told = queues.get(name, {"readQueueNums": 0, "writeQueueNums": 0, "perm": 0})
    where = ", ".join(f"{number}: {address}" for number, address in addresses)
    perm = "".join(letter for bit, letter in ((4, "R"), (2, "W"), (1, "X")) if told["perm"] & bit)
    return (
        name,
        data["cluster"] or "",
        where,
        told["readQueueNums"],
        told["writeQueueNums"],
        perm or "none",
    )
