"""The operator as a release of its Helm chart."""

from pathlib import Path
from typing import Any, Final

from harness import generated, helm
from harness.product import DEPLOYMENT, SYSTEM, WAIT, Product
from harness.wait import until

CHART: Final = generated.ROOT / generated.OPERATOR_CHART
WAITING: Final = ("--wait", f"--timeout={WAIT:g}s")
SELECTED: Final = "deployments,poddisruptionbudgets,services"
"""Kinds whose objects select others, by labels that chart and `manifests/` write differently."""


class Release:
    """The release in a cluster, there or not yet."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def helm(self, *words: str | Path) -> str:
        """Run helm on the cluster; its stdout. Raises HarnessError."""
        return helm.helm(*words, environment=self._product.cluster.environment())

    def exists(self) -> bool:
        """Whether the chart is installed."""
        return DEPLOYMENT in self.helm("list", "--namespace", SYSTEM, "--short").split()

    def upgrade(self, *flags: str, **values: Any) -> str:
        """Install it, or change its values to these; what helm printed."""
        words = ("upgrade", "--install", DEPLOYMENT, CHART, "-n", SYSTEM, "--reset-values")
        printed = self.helm(*words, "--take-ownership", *flags, *WAITING, *helm.options(values))
        self._product.wait_for_operator()
        return printed

    def take_over(self) -> None:
        """Install it where `manifests/` had installed the operator."""
        selector = "app.kubernetes.io/component=operator"
        self._product.kubectl("-n", SYSTEM, "delete", SELECTED, "-l", selector)
        self.upgrade("--force-conflicts")

    def give_back(self) -> None:
        """Uninstall it and install the operator by `manifests/`."""
        self.uninstall()
        self._product.install()

    def uninstall(self) -> None:
        """Uninstall it and wait until its pods are gone."""
        self.helm("uninstall", DEPLOYMENT, "--namespace", SYSTEM, "--ignore-not-found", *WAITING)
        until(lambda: not self._product.operator_pods(), timeout=WAIT, what="no operator")
