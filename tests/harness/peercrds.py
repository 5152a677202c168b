"""CRDs of the projects for whose operators ours makes objects, out of their Go modules."""

import json
import shutil
from pathlib import Path
from typing import Final, NamedTuple

from harness.cache import cache_dir, locked
from harness.errors import HarnessError
from harness.shell import run

DOWNLOAD_TIMEOUT: Final = 600.0


class Source(NamedTuple):
    """A Go module, the checksum that go.sum would hold, and files in it."""

    module: str
    checksum: str
    files: tuple[str, ...]


SOURCES: Final = (
    Source(
        "github.com/cert-manager/cert-manager@v1.19.2",
        "h1:jSprN1h5pgNDSl7HClAmIzXuTxic/5FXJ32kbQHqjlM=",
        ("deploy/crds/cert-manager.io_certificates.yaml",),
    ),
    Source(
        "github.com/prometheus-operator/prometheus-operator@v0.87.1",
        "h1:zjzxO10Rv3goA/GDbE3Vgf2TNhhcOp7fZbRG0Tkm3OY=",
        (
            "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        ),
    ),
)


def peer_crds() -> list[Path]:
    """The files, downloaded unless the cache has them. Raises HarnessError."""
    return [path for source in SOURCES for path in _files(source)]


def _files(source: Source) -> list[Path]:
    directory = cache_dir() / "crds" / source.module.replace("/", "_")
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / Path(name).name for name in source.files]
    with locked(directory / "lock"):
        if not all(path.exists() for path in paths):
            module = _download(source)
            for name, path in zip(source.files, paths, strict=True):
                shutil.copyfile(module / name, path)
    return paths


def _download(source: Source) -> Path:
    words = ("go", "mod", "download", "-json", source.module)
    told = json.loads(run(*words, timeout=DOWNLOAD_TIMEOUT))
    if told["Sum"] != source.checksum:
        raise HarnessError(
            f"{source.module} has the checksum {told['Sum']}, not {source.checksum}: "
            "its contents are not what was pinned"
        )
    return Path(told["Dir"])
