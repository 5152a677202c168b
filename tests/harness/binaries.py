"""The control plane's programs, built once from the pinned Go modules beside this file."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.gobuild import GoModule

GO_MODULE = Path(__file__).parent / "golang"
PROGRAMS = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "etcd": "go.etcd.io/etcd/server/v3",
}


@dataclass(frozen=True)
class Binaries:
    """Programs of one Kubernetes version in one directory."""

    directory: Path
    version: str

    def path(self, program: str) -> Path:
        """Path of one of PROGRAMS."""
        return self.directory / program


def binaries() -> Binaries:
    """Return the pinned programs, building them first if the cache has none.

    A cold build takes 6 to 10 minutes on 2 cores and prints what it is at. Raises HarnessError
    if there is no suitable Go toolchain or the build fails.
    """
    version = kubernetes_version((GO_MODULE / "go.mod").read_text())
    module = GoModule(GO_MODULE, _build_flags(version))
    directory = cache_dir() / f"kubernetes-{module.fingerprint(sorted(PROGRAMS.items()))}"
    if not directory.is_dir():
        with locked(directory.with_suffix(".lock")):
            if not directory.is_dir():
                _build(module, version, directory)
    return Binaries(directory, version)


def kubernetes_version(go_mod: str) -> str:
    """The version of k8s.io/kubernetes that a go.mod requires, such as `v1.35.3`."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise HarnessError(f"{GO_MODULE / 'go.mod'} requires no k8s.io/kubernetes")
    return found[1]


def _build_flags(version: str) -> list[str]:
    major, minor = version.removeprefix("v").split(".")[:2]
    package = "k8s.io/component-base/version"
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    stamped = " ".join(f"-X {package}.{name}={value}" for name, value in stamps.items())
    return ["-trimpath", "-ldflags", f"-s -w {stamped}"]


def _build(module: GoModule, version: str, directory: Path) -> None:
    print(f"building Kubernetes {version} and etcd; 6 to 10 min once, then cached", flush=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as scratch:
        target = Path(scratch) / "bin"
        target.mkdir()
        module.build(list(PROGRAMS.values()), target)
        (target / "server").rename(target / "etcd")
        target.rename(directory)
