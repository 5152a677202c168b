"""The product as it was at an earlier commit: its tree, its manifests and its image."""

import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from harness.errors import HarnessError
from harness.images import PRODUCT_IMAGE, REPOSITORY, Image, product_image
from harness.shell import attempt

COMMIT: Final = "b490dac4e273c2bc633578185c8f1501917b706f"
"""Before the charts, warm starts and NameServerKVConfigs."""
IMAGE: Final = f"{PRODUCT_IMAGE.partition(':')[0]}:previous"
CODE: Final = REPOSITORY / "operator"


def extract(directory: Path) -> None:
    """Write the files of that commit into a directory; its manifests name IMAGE.

    Raises HarnessError where this clone's history does not have the commit.
    """
    archive = directory / "tree.tar"
    done = _archive(archive)
    if done.returncode != 0:  # a shallow clone
        attempt("git", "-C", REPOSITORY, "fetch", "--quiet", "--depth=1", "origin", COMMIT)
        done = _archive(archive)
    if done.returncode != 0:
        raise HarnessError(
            f"the version to upgrade from, commit {COMMIT}, is not in the history of {REPOSITORY}; "
            f"get it by `git fetch --unshallow` ({done.stderr.strip()})"
        )
    with tarfile.open(archive) as files:
        files.extractall(directory, filter="data")
    deployment = directory / "manifests/deployment.yaml"
    deployment.write_text(deployment.read_text().replace(PRODUCT_IMAGE, IMAGE))


def _archive(target: Path) -> subprocess.CompletedProcess[str]:
    return attempt("git", "-C", REPOSITORY, "archive", f"--output={target}", COMMIT)


def image(directory: Path) -> Image:
    """The product of a directory that `extract` wrote; this checkout's code is not in it."""
    now = product_image()
    return replace(now, binds=now.binds | {str(CODE): str(directory / "operator")})
