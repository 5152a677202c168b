"""A real Prometheus finds what the dashboard and the recording rules ask for."""

import json
from pathlib import Path

from harness import monitoring
from harness.product import Make, Nsc
from harness.prometheus import Prometheus, scrapes
from harness.server import Server
from harness.wait import until

INTERVAL = "20s"


def queries(nsc: Nsc) -> list[str]:
    """Every query of the dashboard, for this cluster, and what the rules record."""
    names = {"namespace": nsc.namespace, "cluster": nsc.name, "__rate_interval": INTERVAL}
    found = [
        monitoring.filled(target["expr"], **names)
        for panel in json.loads(monitoring.DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", ())
    ]
    return [*found, "rocketmq_nameserver:route_lookups:rate5m"]


def test_every_query_of_the_dashboard_has_an_answer(make: Make, tmp_path: Path) -> None:
    nsc = make(replicas=2, networkPolicy={"managed": False})  # which lets in no Prometheus
    for server in nsc.servers().values():
        Server(server).brokers()
    with Prometheus(tmp_path, scrapes(nsc), monitoring.RULES) as prometheus:
        left = queries(nsc)

        def all_answered() -> bool:
            left[:] = [query for query in left if not prometheus.query(query)]
            return not left

        until(all_answered, timeout=60, what=f"answers to {left}", interval=1)
        servers = nsc.pods().keys()
        for name in ("topics", "connections"):
            found = prometheus.query(f"rocketmq_nameserver_{name}")
            assert {each["metric"]["pod"] for each in found} == set(servers)
