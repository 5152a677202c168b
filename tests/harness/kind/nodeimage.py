"""The image of a kind node, built of Debian packages and Go modules."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.binaries import CONTROL_PLANE, GO_MODULE, NODE, STORAGE, Binaries, binaries
from harness.errors import HarnessError
from harness.kind import archive, networkpolicies, rootfs, systemimages
from harness.kind.engine import Engine
from harness.shell import run

HERE: Final = Path(__file__).parent
FILES: Final = HERE / "node"
KIND_FILES: Final = "images/base/files"
"""In kind's module: what its own node images are made of beside packages."""
SCRIPTS: Final = ("usr/local/bin", "kind/bin")
SOURCES: Final = (
    *sorted(FILES.iterdir()),
    Path(__file__),
    Path(archive.__file__),
    Path(networkpolicies.__file__),
    Path(rootfs.__file__),
    Path(systemimages.__file__),
)
IMPORT_TIMEOUT: Final = 300.0
PULL_TIMEOUT: Final = 600.0
DOWNLOAD_TIMEOUT: Final = 300.0


def node_image(engine: Engine) -> str:
    """The reference of the image, built first if the engine does not have it.

    Programs and root filesystems come from the cache; without it this takes 10 min on 2 cores.
    """
    programs = [binaries(each) for each in (CONTROL_PLANE, NODE, STORAGE)]
    directories = [*(each.directory for each in programs), networkpolicies.PROGRAM.built().parent]
    reference = f"rocketmq-operator/kind-node:{programs[0].version}-{_fingerprint(directories)}"
    if not engine.image_id(reference):
        root = import_root(engine, rootfs.NODE)
        print(f"building the image {reference} ...", flush=True)
        with _context(*programs) as context:
            engine.build(context, reference, ROOT=root)
    return reference


def pulled_node_image(engine: Engine) -> str | None:
    """The node image that this version of kind is released with, or None if no registry has it."""
    text = (_kind_module() / "pkg/apis/config/defaults/image.go").read_text()
    reference = text.partition('const Image = "')[2].partition('"')[0]
    if engine.image_id(reference):
        return reference
    print(f"pulling {reference} ...", flush=True)
    try:
        engine.docker("pull", "--quiet", reference, timeout=PULL_TIMEOUT)
    except HarnessError as error:
        print(f"{error}; building a node image instead", flush=True)
        return None
    return reference


def import_root(engine: Engine, root: rootfs.RootFilesystem) -> str:
    """The reference of an image that is a root filesystem, imported if the engine lacks it."""
    path = root.build()
    reference = f"rocketmq-operator/rootfs:{path.stem}"
    if not engine.image_id(reference):
        with path.open("rb") as stream:
            search = f"{root.programs}:{archive.PATH}".removeprefix(":")
            words = ("import", f"--change=ENV PATH={search}", "-", reference)
            engine.docker(*words, stdin=stream, timeout=IMPORT_TIMEOUT)
    return reference


def _fingerprint(directories: Sequence[Path]) -> str:
    """Programs lie in directories named by what they are built from."""
    digest = hashlib.sha256(repr([each.name for each in directories]).encode())
    for path in SOURCES:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _context(control_plane: Binaries, node: Binaries, storage: Binaries) -> Iterator[Path]:
    """The directory that becomes the root of the image, over the packages' files."""
    with tempfile.TemporaryDirectory(prefix="kind-node-") as scratch:
        root = Path(scratch)
        _copy_kind_files(root)
        _copy(node.path("kubelet"), root / "usr/bin/kubelet", 0o755)
        _copy(node.path("kubeadm"), root / "usr/bin/kubeadm", 0o755)
        _copy(control_plane.path("kubectl"), root / "usr/bin/kubectl", 0o755)
        _copy(FILES / "load-images", root / "usr/local/bin/load-images", 0o755)
        units = root / "etc/systemd/system"
        _copy(FILES / "load-images.conf", units / "containerd.service.d/load-images.conf")
        _copy(FILES / "10-bridge.conflist", root / "etc/cni/net.d/10-bridge.conflist")
        for name in ("default-cni.yaml", "default-storage.yaml"):
            _copy(FILES / name, root / "kind/manifests" / name)
        _copy(FILES / "Dockerfile", root / "Dockerfile")
        (root / "kind/version").write_text(control_plane.version)
        images = root / "kind/images"
        images.mkdir()
        systemimages.write_system_images(images, control_plane, node, storage)
        yield root


def _copy_kind_files(root: Path) -> None:
    """Copied one by one: files of the module cache are read-only, and their modes all alike."""
    source = _kind_module() / KIND_FILES
    for path in source.rglob("*"):
        if path.is_file():
            name = path.relative_to(source)
            _copy(path, root / name, 0o755 if str(name.parent) in SCRIPTS else 0o644)


def _kind_module() -> Path:
    """In Go's module cache, which a cache of programs may outlive."""
    words = ("go", "-C", GO_MODULE, "mod", "download", "-json", "sigs.k8s.io/kind")
    return Path(json.loads(run(*words, timeout=DOWNLOAD_TIMEOUT))["Dir"])


def _copy(source: Path, target: Path, mode: int = 0o644) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)
