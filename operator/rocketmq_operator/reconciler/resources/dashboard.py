"""The Grafana dashboard of NameServers: of all clusters, or of one in a ConfigMap of its own."""

import json
from hashlib import blake2s
from itertools import accumulate
from typing import Any, Final, NamedTuple

from rocketmq_operator.reconciler.clustermetrics import PREFIX
from rocketmq_operator.reconciler.kinds import CONFIG_MAP, Key, Object
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import AddedMetadata, Cluster

FOUND_BY: Final = {"grafana_dashboard": "1"}
"""The label by which Grafana's sidecar finds dashboards unless it is told another."""
FILE: Final = "rocketmq-nameservers.json"
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
TITLE: Final = "RocketMQ NameServers"
ALL: Final = "rocketmq-nameservers"
"""The uid of the dashboard of all clusters; a uid has at most 40 characters."""

_CLUSTER: Final = 'namespace="$namespace",name="$cluster"'
_SERVER: Final = '{namespace="$namespace",pod=~"$cluster-nameserver-[0-9]+"}'


class Panel(NamedTuple):
    """One panel; ``queries`` are legend and PromQL, ``width`` is of 24.

    ``steps`` are colours, each from a value up; ``more`` are defaults of its fields.
    """

    title: str
    text: str
    unit: str
    width: int
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    height: int = 8
    steps: tuple[tuple[str, int | None], ...] = ()
    more: tuple[tuple[str, Any], ...] = ()


class Row(NamedTuple):
    """A heading and the lines of panels below it."""

    title: str
    lines: tuple[tuple[Panel, ...], ...]


def _cluster(metric: str, more: str = "") -> str:
    return f"{PREFIX}{metric}{{{_CLUSTER}{more}}}"


def _rate(metric: str, selector: str = _SERVER) -> str:
    return f"rate(rocketmq_{metric}{selector}[$__rate_interval])"


def _number(title: str, text: str, width: int, *queries: tuple[str, str], bad: str = "") -> Panel:
    steps = (("green", None), (bad, 1)) if bad else ()
    return Panel(title, text, "short", width, queries, "stat", 4, steps)


_ANSWERS: Final = {
    "0": {"text": "no", "color": "text", "index": 0},
    "1": {"text": "yes", "color": "blue", "index": 1},
}
_YES_OR_NO: Final = (
    ("mappings", [{"type": "value", "options": _ANSWERS}]),
    ("custom", {"fillOpacity": 70}),
)
_STATE: Final = Row(
    "Cluster",
    (
        (
            _number(
                "Servers ready",
                "Of the servers that are wanted, those that are ready.",
                6,
                ("ready", _cluster("servers", ',state="ready"')),
                ("wanted", _cluster("servers", ',state="wanted"')),
            ),
            _number(
                "Brokers online",
                "Brokers that a server knows.",
                4,
                ("online", _cluster("brokers", ',state="online"')),
            ),
            _number(
                "Brokers offline",
                "Brokers that no server knows any more.",
                4,
                ("offline", _cluster("brokers", ',state="offline"')),
                bad="red",
            ),
            _number(
                "Brokers not seen alike",
                "Brokers that some servers know and others do not.",
                5,
                ("disagreed", _cluster("brokers", ',state="disagreed"')),
                bad="orange",
            ),
            _number(
                "Keys that drifted",
                "KV and configuration keys that differ from what is wanted.",
                5,
                ("keys", f"sum({_cluster('drifted_keys')})"),
                bad="orange",
            ),
        ),
        (
            Panel(
                "Conditions",
                "Which conditions were true, over time.",
                "short",
                24,
                (("{{type}}", _cluster("condition", ',status="True"')),),
                "state-timeline",
                7,
                more=_YES_OR_NO,
            ),
        ),
    ),
)
_LOOKUPS: Final = _rate("nameserver_route_lookups_total")
_SERVERS: Final = Row(
    "Servers",
    (
        (
            Panel(
                "Lookups",
                "Route requests answered each second.",
                "reqps",
                12,
                (("{{pod}}", _LOOKUPS),),
            ),
            Panel(
                "Answered from the cache",
                "The part of lookups that a finished answer was kept for.",
                "percentunit",
                12,
                (("{{pod}}", f"{_rate('nameserver_reply_cache_hits_total')} / {_LOOKUPS}"),),
                more=(("min", 0), ("max", 1)),
            ),
        ),
        (
            Panel(
                "Brokers known",
                "Broker addresses that each server knows; the lines lie on each other.",
                "short",
                8,
                (
                    ("{{pod}}", f"rocketmq_nameserver_brokers{_SERVER}"),
                    (
                        "{{pod}}, provisional",
                        f"rocketmq_nameserver_brokers_provisional{_SERVER}",
                    ),
                ),
            ),
            Panel(
                "Topics",
                "Topics with a route.",
                "short",
                8,
                (("{{pod}}", f"rocketmq_nameserver_topics{_SERVER}"),),
            ),
            Panel(
                "Connections",
                "Open remoting connections.",
                "short",
                8,
                (("{{pod}}", f"rocketmq_nameserver_connections{_SERVER}"),),
            ),
        ),
        (
            Panel(
                "Requests by name",
                "Other requests than cached lookups, each second.",
                "reqps",
                12,
                (("{{request}}", f"sum by (request) ({_rate('nameserver_requests_total')})"),),
            ),
            Panel(
                "Trouble",
                "What servers refused or lost, each second.",
                "ops",
                12,
                (
                    (
                        "unreadable frames",
                        f"sum({_rate('nameserver_frames_rejected_total')})",
                    ),
                    ("brokers expired", f"sum({_rate('nameserver_brokers_expired_total')})"),
                    ("writes that failed", f"sum({_rate('nameserver_write_errors_total')})"),
                ),
            ),
        ),
        (
            Panel(
                "Time since start",
                "It falls to zero when a server is restarted.",
                "s",
                12,
                (("{{pod}}", f"time() - rocketmq_nameserver_start_time_seconds{_SERVER}"),),
            ),
            Panel(
                "Writes",
                "KV edits and configuration updates made durable, each second.",
                "ops",
                12,
                (
                    ("KV", f"sum({_rate('nameserver_kv_writes_total')})"),
                    ("configuration", f"sum({_rate('nameserver_config_writes_total')})"),
                ),
            ),
        ),
    ),
)
_WITHIN: Final = f"sum by (le) ({_rate('operator_reconcile_seconds_bucket', '')})"
_OPERATOR: Final = Row(
    "Operator",
    (
        (
            Panel(
                "Reconciles",
                "Passes of the operator each second, by result.",
                "ops",
                8,
                (("{{result}}", f"sum by (result) ({_rate('operator_reconciles_total', '')})"),),
            ),
            Panel(
                "Time of a reconcile",
                "The time that 99 of 100 passes are done within.",
                "s",
                8,
                (("p99", f"histogram_quantile(0.99, {_WITHIN})"),),
            ),
            Panel(
                "Queue",
                "Clusters that wait, and how long the first has waited.",
                "short",
                8,
                (
                    ("clusters", "max(rocketmq_operator_queue_depth)"),
                    ("seconds", "max(rocketmq_operator_queue_oldest_seconds)"),
                ),
            ),
        ),
        (
            Panel(
                "Calls of the API server",
                "By method and status.",
                "reqps",
                12,
                (
                    (
                        "{{verb}} {{code}}",
                        f"sum by (verb, code) ({_rate('operator_api_calls_total', '')})",
                    ),
                ),
            ),
            Panel(
                "Calls of servers",
                "By result.",
                "reqps",
                8,
                (("{{result}}", f"sum by (result) ({_rate('operator_wire_calls_total', '')})"),),
            ),
            Panel(
                "Replicas that lead",
                "One works, the others stand by.",
                "short",
                4,
                (("leading", "sum(rocketmq_operator_leading)"),),
                "stat",
                steps=(("red", None), ("green", 1), ("red", 2)),
            ),
        ),
    ),
)


def build(cluster: Cluster) -> Object | None:
    """The ConfigMap with the dashboard of this cluster alone, or None."""
    given = cluster.spec.monitoring.grafana_dashboard
    if not given.enabled:
        return None
    added = AddedMetadata(given.labels or FOUND_BY)
    text = json.dumps(of_one(cluster.key))
    return {**child(cluster, CONFIG_MAP, cluster.names.dashboard, added), "data": {FILE: text}}


def of_all() -> Object:
    """The dashboard in which people choose the cluster, as Grafana imports it."""
    namespaces = _asked("namespace", "Namespace", f"{PREFIX}servers")
    clusters = _asked("cluster", "Cluster", f'{PREFIX}servers{{namespace="$namespace"}}', "name")
    return _dashboard(TITLE, ALL, [namespaces, clusters], (_STATE, _SERVERS, _OPERATOR))


def of_one(key: Key) -> Object:
    """The same of one cluster, without the operator, which belongs to all of them."""
    uid = f"rocketmq-{blake2s(f'{key}'.encode(), digest_size=8).hexdigest()}"
    fixed = [_fixed("namespace", key.namespace), _fixed("cluster", key.name)]
    return _dashboard(f"{TITLE} {key}", uid, fixed, (_STATE, _SERVERS))


def _dashboard(title: str, uid: str, variables: list[Object], rows: tuple[Row, ...]) -> Object:
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
    }
    return {
        "title": title,
        "uid": uid,
        "tags": ["rocketmq"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [source, *variables]},
        "annotations": {"list": []},
        "links": [],
        "panels": _panels(rows),
    }


def _asked(name: str, label: str, series: str, of: str = "") -> Object:
    query = {"query": f"label_values({series}, {of or name})", "refId": name}
    more = {"refresh": 2, "sort": 1, "includeAll": False, "multi": False}
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        **more,
    }


def _fixed(name: str, value: str) -> Object:
    return {"name": name, "type": "constant", "query": value, "hide": 2}


def _panels(rows: tuple[Row, ...]) -> list[Object]:
    """Every panel with its number and place, from top to bottom."""
    panels: list[Object] = []
    top = 0
    for row in rows:
        panels.append(_heading(row.title, top))
        top += 1
        for line in row.lines:
            lefts = accumulate((panel.width for panel in line), initial=0)
            panels += [_placed(panel, left, top) for panel, left in zip(line, lefts, strict=False)]
            top += max(panel.height for panel in line)
    return [{"id": number, **panel} for number, panel in enumerate(panels, 1)]


def _heading(title: str, top: int) -> Object:
    place = {"x": 0, "y": top, "w": 24, "h": 1}
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": place}


def _placed(panel: Panel, left: int, top: int) -> Object:
    at_once = {"instant": True} if panel.kind == "stat" else {}
    targets = [
        {"refId": letter, "datasource": SOURCE, "expr": query, "legendFormat": legend, **at_once}
        for letter, (legend, query) in zip("ABC", panel.queries, strict=False)
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": {"x": left, "y": top, "w": panel.width, "h": panel.height},
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": {},
    }


def _defaults(panel: Panel) -> Object:
    if not panel.steps:
        return {"unit": panel.unit, **dict(panel.more)}
    steps = [{"color": color, "value": value} for color, value in panel.steps]
    coloured = {"thresholds": {"mode": "absolute", "steps": steps}, "color": {"mode": "thresholds"}}
    return {"unit": panel.unit, **coloured, **dict(panel.more)}
