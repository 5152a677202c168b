"""The pictures in the docs, from a real cluster with real brokers, clients and a Prometheus."""

import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Final

from harness import monitoring, panels, screen
from harness.cluster import Cluster
from harness.java.pods import LookupsPod
from harness.plugin import BIN
from harness.product import ROOT, Nsc, Product
from harness.prometheus import HTTP, Prometheus, scrapes
from harness.statuspages import NAMESPACE, diverge, stage
from harness.topics import make_topics

DIRECTORY: Final = ROOT / "docs" / "images"
TOPICS: Final = ("orders", "payments", "shipments", "invoices", "returns")
COLUMNS: Final = 124
SECONDS: Final = 150.0
"""How long the graphs are."""
RESTART_AFTER: Final = 60.0


def write(cluster: Cluster) -> None:
    """Write all of them: some four minutes."""
    product = Product(cluster)
    product.install()
    product.kubectl("create", "namespace", NAMESPACE)
    with stage(product) as there:
        nsc, brokers = there
        nsc.patch(networkPolicy={"managed": False})  # which lets in no Prometheus
        master = cluster.address(brokers["master"].address)
        make_topics([master], nsc.servers().values(), TOPICS)
        _write_dashboard(nsc)
        _write_pages(nsc)
        diverge(there)
        _write_plugin(nsc)


def _write_dashboard(nsc: Nsc) -> None:
    names = {"namespace": nsc.namespace, "cluster": nsc.name, "__rate_interval": "20s"}
    dashboard = json.loads(monitoring.DASHBOARD.read_text())
    clients = LookupsPod(
        nsc.workspace, nsc.addresses("namesrvAddr"), TOPICS[0], brokers=1, renew_every=50
    )
    with (
        tempfile.TemporaryDirectory(prefix="prometheus-") as directory,
        Prometheus(Path(directory), scrapes(nsc), monitoring.RULES) as prometheus,
        clients,
    ):
        time.sleep(RESTART_AFTER)
        pod = f"{nsc.name}-nameserver-1"
        nsc.product.cluster.kill(nsc.namespace, pod, "nameserver", signal.SIGKILL)
        time.sleep(SECONDS - RESTART_AFTER)
        panels.draw(dashboard, prometheus, names, SECONDS, DIRECTORY / "dashboard.png")


def _write_pages(nsc: Nsc) -> None:
    address = nsc.servers(HTTP)[f"{nsc.name}-nameserver-0"]
    for name, dark in (("light", False), ("dark", True)):
        target = DIRECTORY / f"status-page-{name}.png"
        screen.page(f"http://{address}/", target, width=1000, height=640, dark=dark)
    target = DIRECTORY / "topic-page.png"
    screen.page(f"http://{address}/topics/{TOPICS[0]}", target, width=1000, height=200)


def _write_plugin(nsc: Nsc) -> None:
    environment = os.environ | nsc.product.cluster.environment()
    words = ("status", nsc.name, "-n", nsc.namespace)
    output = screen.typed([BIN / "kubectl-nsc", *words], environment, columns=COLUMNS)
    shown = f"kubectl nsc status {nsc.name} -n {nsc.namespace}"
    screen.terminal(shown, output, DIRECTORY / "plugin-status.png", columns=COLUMNS)
