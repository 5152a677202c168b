"""Programs of Kubernetes and kind, built once from the pinned Go modules beside this file."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.gobuild import GoModule

GO_MODULE = Path(__file__).parent / "golang"
CMD: Final = "k8s.io/kubernetes/cmd"
SOURCES: Final = ("go.mod", "go.sum", "coredns/main.go", "pause/main.go")

Programs = Mapping[str, str]
"""Main packages by the name of their program."""

CONTROL_PLANE: Final[Programs] = {
    "kube-apiserver": f"{CMD}/kube-apiserver",
    "kube-controller-manager": f"{CMD}/kube-controller-manager",
    "kube-scheduler": f"{CMD}/kube-scheduler",
    "kubectl": f"{CMD}/kubectl",
    "etcd": "go.etcd.io/etcd/server/v3",
}
NODE: Final[Programs] = {
    "kubelet": f"{CMD}/kubelet",
    "kube-proxy": f"{CMD}/kube-proxy",
    "kubeadm": f"{CMD}/kubeadm",
    "coredns": "./coredns",
    "pause": "./pause",
}
STORAGE: Final[Programs] = {
    # Apart from the others: its logging library has the name of theirs in other letters.
    "local-path-provisioner": "github.com/rancher/local-path-provisioner",
}
KIND: Final[Programs] = {"kind": "sigs.k8s.io/kind", "kubectl": f"{CMD}/kubectl"}


@dataclass(frozen=True)
class Binaries:
    """Programs of one Kubernetes version in one directory."""

    directory: Path
    version: str

    def path(self, program: str) -> Path:
        """Path of one of the programs that were asked for."""
        return self.directory / program


def binaries(programs: Programs = CONTROL_PLANE) -> Binaries:
    """Return the pinned programs, building them first if the cache has none.

    A cold build of the control plane takes 6 to 10 minutes on 2 cores and prints what it is at.
    Raises HarnessError if there is no suitable Go toolchain or the build fails.
    """
    version = kubernetes_version((GO_MODULE / "go.mod").read_text())
    module = GoModule(GO_MODULE, _build_flags(version))
    name = module.fingerprint(sorted(programs.items()), files=SOURCES)
    directory = cache_dir() / f"kubernetes-{name}"
    if not directory.is_dir():
        with locked(directory.with_suffix(".lock")):
            if not directory.is_dir():
                print(
                    f"building {', '.join(programs)} ({version}); cached from then on", flush=True
                )
                _build(module, programs, directory)
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


def _build(module: GoModule, programs: Programs, directory: Path) -> None:
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as scratch:
        target = Path(scratch) / "bin"
        target.mkdir()
        module.build(list(programs.values()), target)
        if "etcd" in programs:  # `go build` calls it by the last part of its package's path
            (target / "server").rename(target / "etcd")
        target.rename(directory)
