"""The file that a report is written to."""

import io
import tarfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rocketmq_operator.errors import StorageError


def write(path: Path, files: Sequence[tuple[str, str]], moment: datetime) -> None:
    """Write texts, by name, into a new tar.gz that only its owner reads. Raises StorageError."""
    try:
        path.touch(mode=0o600)
        with tarfile.open(path, "w:gz") as archive:
            for name, text in files:
                _add(archive, name, text.encode(), moment)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}; name another file with -o") from error


def _add(archive: tarfile.TarFile, name: str, data: bytes, moment: datetime) -> None:
    member = tarfile.TarInfo(f"nsc-report/{name}")
    member.size, member.mtime, member.mode = len(data), int(moment.timestamp()), 0o600
    archive.addfile(member, io.BytesIO(data))
