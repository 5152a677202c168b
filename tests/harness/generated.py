"""Files of the repository that are made from others."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from harness import argocd, monitoring, values
from harness.binaries import binaries
from harness.shell import run

ROOT: Final = Path(__file__).resolve().parents[2]
OPERATOR_CHART: Final = Path("charts/rocketmq-operator")
CLUSTER_CHART: Final = Path("charts/nameserver-cluster")
INSTALL: Final = Path("manifests/install.yaml")
RBAC: Final = ("clusterrole", "leases-role", "user-clusterroles")
BETWEEN: Final = re.compile(r"(?<=<!-- values -->\n).*(?=<!-- end of values -->)", re.DOTALL)
HEADING: Final = "# Made of manifests/ and crds/ by `make generated`.\n"
SCOPES: Final = [
    {
        "if": {"properties": {"scope": {"const": "Namespaces"}}, "required": ["scope"]},
        "then": {"properties": {"namespaces": {"minItems": 1}}},
        "else": {"properties": {"namespaces": {"maxItems": 0}}},
    }
]
"""Namespaces are listed where the scope asks for it and nowhere else."""
SCHEMAS: Final[Mapping[Path, dict[str, Any]]] = {
    OPERATOR_CHART: {"allOf": SCOPES},
    CLUSTER_CHART: {},
}
"""The charts, each with what its schema says of values together."""


def files() -> dict[Path, str]:
    """The text of each by its path in the repository. Raises HarnessError."""
    return dict(_all())


def write() -> list[Path]:
    """Write those that are not as they should be; which ones."""
    changed = {path: text for path, text in files().items() if current(path) != text}
    for path, text in changed.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)
    return list(changed)


def current(path: Path) -> str | None:
    """What is there now."""
    return (ROOT / path).read_text() if (ROOT / path).exists() else None


def _all() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        yield OPERATOR_CHART / "files/crds" / path.name, path.read_text()
    for name in RBAC:
        text = (ROOT / f"manifests/{name}.yaml").read_text()
        yield OPERATOR_CHART / f"files/rbac/{name}.yaml", text
    for chart, keywords in SCHEMAS.items():
        known = values.read((ROOT / chart / "values.yaml").read_text())
        yield chart / "values.schema.json", values.schema(known, **keywords)
        yield chart / "README.md", _readme(chart, values.table(known))
    yield argocd.CONFIG_MAP.relative_to(ROOT), argocd.config_map()
    for path, text in (
        (monitoring.RULES, monitoring.rules()),
        (monitoring.DASHBOARD, monitoring.dashboard()),
    ):
        yield path.relative_to(ROOT), text
        yield OPERATOR_CHART / "files/monitoring" / path.name, text
    yield INSTALL, HEADING + kustomized()


def _readme(chart: Path, table: str) -> str:
    return BETWEEN.sub(lambda _: table, (ROOT / chart / "README.md").read_text())


def kustomized() -> str:
    """What `kubectl kustomize manifests` prints."""
    return run(binaries().path("kubectl"), "kustomize", ROOT / "manifests")
