"""A real Prometheus and its promtool, of Debian's package, unpacked and not installed."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import yaml

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.loopback import free_ports
from harness.processes import Child, start
from harness.product import MANIFESTS, SYSTEM, Nsc
from harness.wait import until

PACKAGE: Final = "prometheus"
TIMEOUT: Final = 300.0
SCRAPE: Final = "2s"
HTTP: Final = 8080
OPERATOR_HTTP: Final = 8081
"""Where servers and operator tell their metrics."""
MONITORS: Final = MANIFESTS / "monitoring/monitors.yaml"
ENDPOINTS: Final = ("endpoints", "podMetricsEndpoints")
"""Of a ServiceMonitor and of a PodMonitor."""


class Scrape(NamedTuple):
    """What a monitor leads to: addresses, each with the labels that the Prometheus operator adds.

    `honor_labels`: where a target tells a label of the same name, the target's counts.
    """

    honor_labels: bool
    targets: Mapping[str, Mapping[str, str]]


def scrapes(nsc: Nsc) -> list[Scrape]:
    """The servers and the operator's replicas, as the monitors of `manifests/` would have them."""
    cluster = nsc.product.cluster
    path = f"/api/v1/namespaces/{SYSTEM}/pods"
    operators = {
        pod: cluster.address(f"{cluster.get(f'{path}/{pod}')['status']['podIP']}:{OPERATOR_HTTP}")
        for pod in nsc.product.operator_pods()
    }
    honored = {
        each["kind"]: endpoint.get("honorLabels", False)
        for each in yaml.safe_load_all(MONITORS.read_text())
        for name in ENDPOINTS
        for endpoint in each["spec"].get(name, ())
    }
    return [
        Scrape(honored["PodMonitor"], _labelled(nsc.namespace, nsc.servers(HTTP))),
        Scrape(honored["ServiceMonitor"], _labelled(SYSTEM, operators)),
    ]


def _labelled(namespace: str, pods: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {address: {"namespace": namespace, "pod": pod} for pod, address in pods.items()}


def program(name: str) -> Path:
    """`prometheus` or `promtool`. Raises HarnessError where the package cannot be had."""
    directory = cache_dir() / PACKAGE
    with locked(cache_dir() / f"{PACKAGE}.lock"):
        if not (directory / "usr/bin" / name).exists():
            _unpack(directory)
    return directory / "usr/bin" / name


def _unpack(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    print(f"fetching Debian's package {PACKAGE} ...", flush=True)
    line = f"(apt-get download {PACKAGE} || (apt-get update && apt-get download {PACKAGE}))"
    done = subprocess.run(
        f"{line} && dpkg-deb --extract {PACKAGE}_*.deb .",
        shell=True,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(directory, ignore_errors=True)
        raise HarnessError(f"`{line}` failed: {done.stderr.strip()[-1000:]}")


def promtool(*words: str | Path) -> str:
    """What promtool prints. Raises HarnessError with it if it finds something wrong."""
    done = subprocess.run(
        [program("promtool"), *words], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode != 0:
        raise HarnessError(f"promtool {' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Prometheus:
    """Scrapes every other second, with `rules`, from the `with` statement to its end."""

    def __init__(self, directory: Path, scrapes: Sequence[Scrape], rules: Path) -> None:
        self._directory = directory
        self._scrapes = scrapes
        self._rules = rules
        self._child: Child | None = None
        self.address = f"127.0.0.1:{free_ports('127.0.0.1', 1)[0]}"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now. Raises HTTPError for one that is none."""
        return self._asked("query", query=expression)

    def range(self, expression: str, begin: float, end: float, step: float) -> list[dict[str, Any]]:
        """The series that an expression had between two times, in seconds since the epoch."""
        return self._asked("query_range", query=expression, start=begin, end=end, step=step)

    def _asked(self, what: str, **parameters: str | float) -> list[dict[str, Any]]:
        url = f"http://{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found

    def _configuration(self) -> str:
        jobs = [
            {
                "job_name": f"rocketmq-{number}",
                "honor_labels": scrape.honor_labels,
                "static_configs": [
                    {"targets": [address], "labels": dict(labels)}
                    for address, labels in scrape.targets.items()
                ],
            }
            for number, scrape in enumerate(self._scrapes)
        ]
        return json.dumps(  # which is YAML as well
            {
                "global": {"scrape_interval": SCRAPE, "evaluation_interval": SCRAPE},
                "rule_files": [str(self._rules)],
                "scrape_configs": jobs,
            }
        )

    def __enter__(self) -> Self:
        configuration = self._directory / "prometheus.yml"
        configuration.write_text(self._configuration())
        self._child = start(
            [
                program("prometheus"),
                f"--config.file={configuration}",
                f"--storage.tsdb.path={self._directory / 'data'}",
                f"--web.listen-address={self.address}",
                f"--web.console.templates={self._directory}",
                f"--web.console.libraries={self._directory}",
            ],
            log=self._directory / "prometheus.log",
        )
        wanted = sum(len(scrape.targets) for scrape in self._scrapes)
        try:
            until(
                lambda: len(self.query("up == 1")) == wanted,
                timeout=60,
                what="Prometheus to scrape every target",
                interval=0.5,
                retry_on=(OSError,),
            )
        except BaseException:
            self._child.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self._child.stop()
