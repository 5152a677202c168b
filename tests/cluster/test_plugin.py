"""`kubectl nsc` on a real cluster, where it comes by kubectl and through a kubelet."""

import tarfile
from pathlib import Path

import pytest
import yaml

from harness.plugin import Plugin
from harness.product import Make, Product


def test_a_page_tells_all_of_a_healthy_cluster(make: Make, plugin: Plugin) -> None:
    nsc = make(replicas=2)
    text = plugin.by_kubectl("status", nsc.name).stdout
    assert text.startswith(f"{nsc.namespace}/{nsc.name}  Running\n")
    assert f"  {nsc.name}-nameserver-1   Serving   yes" in text
    assert "Not fine" not in text
    assert "What to do next" not in text
    assert "\x1b" not in text
    found = plugin.json("status", nsc.name)
    assert (found["ready"], found["views"], found["next"]) == ("2/2", "Converged", [])
    assert [each["version"] for each in found["servers"]] == [nsc.status()["version"]] * 2
    listed = plugin.text("status", "-A", "-o", "table")
    assert [nsc.namespace, nsc.name, "2/2"] in [row.split()[:3] for row in listed.splitlines()]
    assert yaml.safe_load(plugin.text("status", "-o", "yaml"))[0]["name"] == nsc.name


@pytest.mark.needs("nodes")
@pytest.mark.parametrize("way", ["proxy", "forward"])
def test_servers_are_asked_through_the_kubelet(make: Make, plugin: Plugin, way: str) -> None:
    make(replicas=2, kvConfig=[{"kvNamespace": "shop", "entries": {"region": "eu-1"}}])
    told = plugin.run("kv", "get", "shop", "region", "--reach", way)
    assert (told.stdout, told.stderr) == ("eu-1\n", "")


@pytest.mark.needs("nodes")
def test_a_report_has_the_logs_of_servers_and_operator(
    product: Product, make: Make, plugin: Plugin, tmp_path: Path
) -> None:
    nsc = make(replicas=1)
    file = tmp_path / "report.tar.gz"
    plugin.run("report", nsc.name, "-o", file)
    with tarfile.open(file) as archive:
        logs = {each.name for each in archive.getmembers() if each.name.endswith(".log")}
    servers = {f"{nsc.namespace}/{nsc.name}/servers/{pod}-nameserver.log" for pod in nsc.pods()}
    operators = {f"operator/{pod}-operator.log" for pod in product.operator_pods()}
    assert logs == {f"nsc-report/{name}" for name in servers | operators}
