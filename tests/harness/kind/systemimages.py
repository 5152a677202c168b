"""The images that Kubernetes itself needs, of the harness's own programs, as files."""

import re
from pathlib import Path
from typing import Final

from harness.binaries import GO_MODULE, Binaries
from harness.kind import networkpolicies, rootfs
from harness.kind.archive import write_archive

REGISTRY: Final = "registry.k8s.io"
PAUSE: Final = f"{REGISTRY}/pause:3.10"
"""What kind's configuration of containerd asks for."""
PROVISIONER: Final = "local/local-path-provisioner:v0.0.30"
BUSYBOX: Final = "local/busybox:bookworm"
KUBERNETES: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
IPTABLES: Final = ("iptables", "iptables-save", "iptables-restore")
"""And the same with ip6; all of them are one program."""


def etcd_tag() -> str:
    """Tag of our image of etcd, as kubeadm writes such tags."""
    return f"{_version('go.etcd.io/etcd/server/v3').removeprefix('v')}-0"


def coredns_tag() -> str:
    """Tag of our image of CoreDNS."""
    return _version("github.com/coredns/coredns")


def write_system_images(
    target: Path, control_plane: Binaries, node: Binaries, storage: Binaries
) -> None:
    """Write one file per image into a directory, each named as kubeadm asks for it."""
    tag = control_plane.version
    for name in KUBERNETES:
        _single(target, f"{REGISTRY}/{name}:{tag}", control_plane.path(name))
    _single(target, f"{REGISTRY}/etcd:{etcd_tag()}", control_plane.path("etcd"))
    coredns = f"{REGISTRY}/coredns/coredns:{coredns_tag()}"
    _single(target, coredns, node.path("coredns"), entrypoint=True)
    _single(target, PAUSE, node.path("pause"), entrypoint=True)
    _single(target, PROVISIONER, storage.path("local-path-provisioner"))
    proxy, policies = node.path("kube-proxy"), networkpolicies.PROGRAM.built()
    _with_iptables(target, f"{REGISTRY}/kube-proxy:{tag}", proxy, rootfs.PROXY)
    _with_iptables(target, networkpolicies.IMAGE, policies, rootfs.POLICIES)
    _busybox(target)


def _single(target: Path, reference: str, program: Path, *, entrypoint: bool = False) -> None:
    path = f"/usr/local/bin/{program.name}"
    write_archive(
        target / f"{program.name}.tar",
        reference,
        files={path: program},
        entrypoint=[path] if entrypoint else [],
    )


def _with_iptables(
    target: Path, reference: str, program: Path, root: rootfs.RootFilesystem
) -> None:
    families = [*IPTABLES, *(name.replace("ip", "ip6", 1) for name in IPTABLES)]
    write_archive(
        target / f"{program.name}.tar",
        reference,
        files={f"/usr/local/bin/{program.name}": program},
        links={f"/usr/sbin/{name}": "xtables-nft-multi" for name in families},
        base=root.build(),
    )


def _busybox(target: Path) -> None:
    applets = ("sh", "mkdir", "rm")
    write_archive(
        target / "busybox.tar",
        BUSYBOX,
        files={},
        links={f"/bin/{name}": "busybox" for name in applets},
        base=rootfs.BUSYBOX.build(),
    )


def _version(module: str) -> str:
    text = (GO_MODULE / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"{module} is not in {GO_MODULE / 'go.mod'}")
    return found[1]
