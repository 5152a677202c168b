"""What the HTTP side shows of a server, as plain data. Pure."""

from rocketmq_operator.nameserver.brokers import Group, Live
from rocketmq_operator.nameserver.routes import RouteTable


def brokers(routes: RouteTable) -> list[dict[str, object]]:
    """Every address of every broker name, sorted by name and id."""
    return [
        _broker(routes, group, broker_id, address)
        for _, group in sorted(routes.groups.items())
        for broker_id, address in sorted(group.addresses.items())
    ]


def _broker(routes: RouteTable, group: Group, broker_id: int, address: str) -> dict[str, object]:
    live = routes.live_of(group, address)
    return {
        "cluster": group.cluster,
        "name": group.name,
        "id": broker_id,
        "address": address,
        "zone": group.zone,
        "topics": routes.topics.count(group.name),
        **_liveness(live),
    }


def _liveness(live: Live | None) -> dict[str, object]:
    version = None if live is None else live.version
    return {
        "haServerAddr": None if live is None else live.identity.ha_address,
        "lastUpdate": 0 if live is None else live.last_update,
        "provisional": live is not None and live.provisional,
        "heartbeatTimeoutMillis": 0 if live is None else live.identity.timeout,
        "dataVersion": {
            "counter": version.counter if version else 0,
            "stateVersion": version.state_version if version else 0,
            "timestamp": version.timestamp if version else 0,
        },
    }


def metrics(samples: list[tuple[str, str, str, list[tuple[str, float]]]]) -> str:
    """Prometheus text of (name, type, help, [(labels, value)])."""
    lines: list[str] = []
    for name, kind, words, values in samples:
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{labels} {value:.15g}" for labels, value in values]
    return "\n".join(lines) + "\n"
