"""Root filesystems of Debian packages, cached as tar files."""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.cache import cache_dir, locked
from harness.packages import require
from harness.shell import run

SUITE: Final = "bookworm"
"""Its systemd (252) still boots on cgroup v1, and its containerd (1.6) serves Kubernetes 1.35."""
MIRROR: Final = "http://deb.debian.org/debian"
TIMEOUT: Final = 900.0
UNREAD: Final = ("man", "doc", "locale", "info")
"""Below /usr/share; what no program in a container reads."""


@dataclass(frozen=True)
class RootFilesystem:
    """What is in one. `variant` is mmdebstrap's: `extract` runs no maintainer scripts.

    `programs` is where programs are beside the usual directories.
    """

    name: str
    packages: tuple[str, ...]
    variant: str = "minbase"
    programs: str = ""

    def build(self) -> Path:
        """The tar file, made first if the cache has none: up to 90 s each.

        Raises HarnessError if mmdebstrap is missing or fails.
        """
        words = self._command()
        digest = hashlib.sha256(repr(words).encode()).hexdigest()[:16]
        path = cache_dir() / f"rootfs-{self.name}-{digest}.tar"
        if not path.exists():
            require({"mmdebstrap": "mmdebstrap"})
            with locked(path.with_suffix(".lock")):
                if not path.exists():
                    self._make(words, path)
        return path

    def _command(self) -> list[str]:
        return [
            "mmdebstrap",
            f"--variant={self.variant}",
            f"--include={','.join(self.packages)}",
            '--aptopt=Acquire::Languages "none"',
            *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in UNREAD),
            # The JRE's packages put links there.
            '--essential-hook=mkdir -p "$1/usr/share/man/man1"',
            SUITE,
        ]

    def _make(self, words: list[str], path: Path) -> None:
        print(f"making a root filesystem of Debian packages for {self.name} ...", flush=True)
        started = time.monotonic()
        scratch = path.with_suffix(".new.tar")
        run(*words, scratch, os.environ.get("DEBIAN_MIRROR", MIRROR), timeout=TIMEOUT)
        scratch.rename(path)
        print(f"made in {time.monotonic() - started:.0f} s", flush=True)


NODE: Final = RootFilesystem(
    "node",
    (
        *("systemd", "systemd-sysv", "dbus", "containerd", "runc", "containernetworking-plugins"),
        *("iptables", "nftables", "iproute2", "conntrack", "ethtool", "socat", "libseccomp2"),
        *("mount", "util-linux", "e2fsprogs", "kmod", "procps", "jq", "bash", "curl"),
        "ca-certificates",
    ),
)
PROXY: Final = RootFilesystem("kube-proxy", ("iptables", "nftables"), "extract")
POLICIES: Final = RootFilesystem("kube-router", ("iptables", "ipset"), "extract")
BUSYBOX: Final = RootFilesystem("busybox", ("busybox-static",), "extract")
PYTHON: Final = RootFilesystem("python", ("python3", "python3-venv", "dash"), "extract")
JRE: Final = RootFilesystem(
    "jre",
    ("openjdk-17-jre-headless", "dash", "sed"),
    "extract",
    "/usr/lib/jvm/java-17-openjdk-amd64/bin",
)
