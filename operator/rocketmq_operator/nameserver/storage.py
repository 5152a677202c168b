"""Files of the server, replaced atomically: a reader sees the old or the new, never half.

A new file is written beside the old one first. What a killed write left there is removed when the
file is loaded. A link stays one. A file that is a mount point (``docker run -v``, ``subPath``) can
only be rewritten, as Java rewrites every file (``MixAll.string2File``); its backup is there then.
"""

import contextlib
import errno
import glob
import os
import tempfile
from pathlib import Path

from rocketmq_operator.errors import BodyError, StorageError
from rocketmq_operator.nameserver.kvconfig import KvConfig
from rocketmq_operator.protocol import properties

_UNFINISHED = ".tmp"


def load_kv(path: Path) -> KvConfig:
    """The KV store in ``path``; a missing file is an empty store. Raises StorageError."""
    data = _read(path, "KV store")
    try:
        return KvConfig() if data is None else KvConfig.read(data)
    except BodyError as error:
        raise StorageError(
            f"KV store {path} is not what a NameServer writes: {error}. Nothing was overwritten; "
            "repair the file, or move it away to start with an empty store"
        ) from error


def load_properties(path: Path, *, required: bool) -> dict[str, str]:
    """The properties in ``path``; none if it may be and is missing. Raises StorageError."""
    data = _read(path, "properties file")
    if data is None and required:
        raise StorageError(f"properties file {path} does not exist; create it or correct the path")
    try:
        return properties.parse(data or b"")
    except BodyError as error:
        raise StorageError(
            f"properties file {path}: {error}. Write four hexadecimal digits after \\u, "
            "or \\\\u for a backslash"
        ) from error


def _read(path: Path, what: str) -> bytes | None:
    _remove_unfinished(path)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            f"{what} {path} cannot be read: {error.strerror}. Make it a file that user "
            f"{os.getuid()} may read"
        ) from error


def _remove_unfinished(path: Path) -> None:
    """Also those of its backup. A directory that cannot be changed has none of ours."""
    path = Path(os.path.realpath(path))  # never raises, whatever the link
    for left in path.parent.glob(f".{glob.escape(path.name)}.*{_UNFINISHED}"):
        with contextlib.suppress(OSError):
            left.unlink()


def save(path: Path, data: bytes, *, backup: bool = False) -> None:
    """Replace ``path``; on return the new content survives a power cut. Raises StorageError.

    ``backup`` keeps the old content beside it as ``<path>.bak``, as Java does.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if backup and path.exists():
            _replace(path.with_name(f"{path.name}.bak"), path.read_bytes())
        _replace(path, data)
        _sync_directory(path.parent)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}. Nothing was changed; make directory "
            f"{path.parent} writable for user {os.getuid()} and give it space"
        ) from error


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if error.errno != errno.EBUSY:
            raise
        _rewrite(path, data)


def _rewrite(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o644


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
