"""Container images written as files, without an engine: one layer, one name."""

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
EPOCH: Final = "1970-01-01T00:00:00Z"


def write_archive(
    target: Path,
    reference: str,
    *,
    files: Mapping[str, Path],
    links: Mapping[str, str] | None = None,
    base: Path | None = None,
    entrypoint: Sequence[str] = (),
) -> None:
    """Write an image as `docker save` does (image-spec v1.2).

    `files` are programs by their path in the image, `links` symbolic links by theirs; `base` is
    the tar file of a root filesystem below them.
    """
    with _layer(files, links or {}, base) as layer, tarfile.open(target, "w") as archive:
        digest = hashlib.file_digest(layer, "sha256").hexdigest()
        configuration = _configuration(digest, entrypoint)
        name = f"{hashlib.sha256(configuration).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [reference], "Layers": ["layer.tar"]}]
        _add(archive, name, configuration)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
        archive.addfile(_member("layer.tar", layer.seek(0, io.SEEK_END)), _rewound(layer))


def _configuration(layer: str, entrypoint: Sequence[str]) -> bytes:
    config = {"Env": [f"PATH={PATH}"], "Entrypoint": list(entrypoint)}
    rootfs = {"type": "layers", "diff_ids": [f"sha256:{layer}"]}
    kind = {"created": EPOCH, "architecture": "amd64", "os": "linux"}
    return json.dumps({**kind, "config": config, "rootfs": rootfs}).encode()


@contextmanager
def _layer(
    files: Mapping[str, Path], links: Mapping[str, str], base: Path | None
) -> Iterator[io.BufferedRandom]:
    with tempfile.TemporaryDirectory() as scratch, Path(scratch, "layer").open("w+b") as layer:
        if base is not None:
            with base.open("rb") as below:
                shutil.copyfileobj(below, layer)
        with tarfile.TarFile(
            fileobj=_rewound(layer), mode="w" if base is None else "a", format=tarfile.GNU_FORMAT
        ) as tar:
            _fill(tar, files, links, base is None)
        yield _rewound(layer)


def _fill(
    tar: tarfile.TarFile, files: Mapping[str, Path], links: Mapping[str, str], bare: bool
) -> None:
    if bare:
        temporary = tarfile.TarInfo("tmp")
        temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(temporary)
    for path, source in files.items():
        member = _member(path.lstrip("/"), source.stat().st_size, 0o755)
        with source.open("rb") as content:
            tar.addfile(member, content)
    for path, points_to in links.items():
        link = tarfile.TarInfo(path.lstrip("/"))
        link.type, link.linkname = tarfile.SYMTYPE, points_to
        tar.addfile(link)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    archive.addfile(_member(name, len(content)), io.BytesIO(content))


def _member(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    """Owned by root, of no time, so that equal contents make equal images."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member


def _rewound(stream: io.BufferedRandom) -> io.BufferedRandom:
    stream.seek(0)
    return stream
