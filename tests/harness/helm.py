"""Helm, and what checks charts and manifests: programs built from the module in `charttools`."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from harness.cache import cache_dir
from harness.gobuild import GoModule, GoProgram
from harness.shell import run

Object = dict[str, Any]
DIRECTORY: Final = Path(__file__).parent / "charttools"
VERSION: Final = "helm.sh/helm/v4/internal/version.version"
TIMEOUT: Final = 180.0


def _module() -> GoModule:
    found = re.search(r"helm\.sh/helm/v4 (v\S+)", (DIRECTORY / "go.mod").read_text())
    stamp = f"-s -w -X {VERSION}={found[1] if found else '?'}"
    return GoModule(DIRECTORY, ("-trimpath", "-buildvcs=false", "-ldflags", stamp))


MODULE: Final = _module()
HELM: Final = GoProgram("helm", MODULE, "helm.sh/helm/v4/cmd/helm")
UNITTEST: Final = GoProgram(
    "helm-unittest", MODULE, "github.com/helm-unittest/helm-unittest/cmd/helm-unittest"
)
KUBECONFORM: Final = GoProgram(
    "kubeconform", MODULE, "github.com/yannh/kubeconform/cmd/kubeconform"
)


def fetch() -> None:
    """Build all of them unless the cache has them: a minute and a half. Raises HarnessError."""
    for program in (HELM, UNITTEST, KUBECONFORM):
        program.built()


def helm(*words: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Run helm, apart from whatever the user has of it; its stdout.

    Raises HarnessError, with what it printed, if it fails.
    """
    home = str(cache_dir() / "helm-home")
    homes = {f"HELM_{name}_HOME": home for name in ("CACHE", "CONFIG", "DATA")}
    env = {**os.environ, **homes, **(environment or {})}
    return run(HELM.built(), *words, env=env, timeout=TIMEOUT)


def template(
    chart: Path, values: Mapping[str, Any] | None = None, *, name: str, namespace: str
) -> list[Object]:
    """The objects that a release of the chart with these values would make.

    Raises HarnessError if the schema refuses the values.
    """
    given = options(values or {})
    return documents(helm("template", name, chart, "--namespace", namespace, *given))


def documents(text: str) -> list[Object]:
    """The objects in YAML; by libyaml, as definitions are long."""
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def options(values: Mapping[str, Any]) -> list[str]:
    """The values as helm's command line takes them."""
    return [f"--set-json={key}={json.dumps(value)}" for key, value in values.items()]
