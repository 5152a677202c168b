"""The control plane's programs, built once from the pinned Go modules beside this file."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from harness.cache import cache_dir, locked
from harness.errors import HarnessError

GO_MODULE = Path(__file__).parent / "golang"
PROGRAMS = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "etcd": "go.etcd.io/etcd/server/v3",
}
PROGRESS_EVERY = 15.0
BUILD_TIMEOUT = 3600.0


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
    directory = cache_dir() / f"kubernetes-{_fingerprint(version)}"
    if not directory.is_dir():
        with locked(directory.with_suffix(".lock")):
            if not directory.is_dir():
                _build(version, directory)
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


def _fingerprint(version: str) -> str:
    digest = hashlib.sha256(repr((_build_flags(version), sorted(PROGRAMS.items()))).encode())
    for name in ("go.mod", "go.sum"):
        digest.update((GO_MODULE / name).read_bytes())
    return digest.hexdigest()[:16]


def _build(version: str, directory: Path) -> None:
    go = _go()
    print(f"building Kubernetes {version} and etcd; 6 to 10 min once, then cached", flush=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="building-") as scratch:
        target = Path(scratch) / "bin"
        target.mkdir()
        command = [go, "build", "-v", *_build_flags(version), "-o", f"{target}/"]
        _run_with_progress([*command, *PROGRAMS.values()])
        (target / "server").rename(target / "etcd")
        target.rename(directory)


def _run_with_progress(command: list[str]) -> None:
    started = time.monotonic()
    build = subprocess.Popen(
        command,
        cwd=GO_MODULE,
        env=os.environ | {"CGO_ENABLED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output: list[str] = []
    reader = threading.Thread(target=output.extend, args=(build.stdout or (),))
    reader.start()
    try:
        _report_until_done(build, output, started)
    finally:
        build.kill()
        reader.join()
    if build.returncode != 0:
        raise HarnessError(f"go build failed in {GO_MODULE}:\n" + "".join(output[-20:]))
    print(f"built in {time.monotonic() - started:.0f} s", flush=True)


def _report_until_done(build: subprocess.Popen[str], output: list[str], started: float) -> None:
    while (elapsed := time.monotonic() - started) < BUILD_TIMEOUT:
        try:
            build.wait(PROGRESS_EVERY)
        except subprocess.TimeoutExpired:
            last = output[-1].strip() if output else "the download of the modules"
            elapsed = time.monotonic() - started
            print(f"  {elapsed:4.0f} s: {len(output)} packages, last {last}", flush=True)
        else:
            return
    raise HarnessError(f"go build took more than {BUILD_TIMEOUT:.0f} s in {GO_MODULE}")


def _go() -> str:
    wanted = re.search(r"^go (\S+)", (GO_MODULE / "go.mod").read_text(), re.MULTILINE)
    version = wanted[1] if wanted else "?"
    go = shutil.which("go")
    if go is None:
        raise HarnessError(
            f"Go {version} or newer is needed to build the test cluster and `go` is not in PATH; "
            "get it from https://go.dev/dl/ or your distribution"
        )
    return go
