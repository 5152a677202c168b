"""System packages the harness needs: installed when it may, else named with the line to type."""

import os
import shutil
import subprocess
from collections.abc import Mapping

from harness.errors import HarnessError

INSTALL_TIMEOUT = 300.0
SANDBOX_TRIAL = ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "true"]


def require_bubblewrap() -> str:
    """Return the path of a `bwrap` that works here, installing the Debian package if root."""
    require({"bwrap": "bubblewrap"})
    path = str(shutil.which("bwrap"))
    trial = subprocess.run(SANDBOX_TRIAL, capture_output=True, text=True, timeout=30, check=False)
    if trial.returncode != 0:
        raise HarnessError(
            f"{path} cannot make a sandbox here: {trial.stderr.strip()}. Pods of the embedded "
            "cluster need user namespaces: set sysctl kernel.unprivileged_userns_clone=1 and, on "
            "Ubuntu, kernel.apparmor_restrict_unprivileged_userns=0; in Docker use --privileged"
        )
    return path


def require(programs: Mapping[str, str]) -> None:
    """Make sure that programs are in PATH, installing the Debian package of each if root.

    Raises HarnessError with the line to type if that is not possible.
    """
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        _install(missing, sorted({programs[name] for name in missing}))


def _install(missing: list[str], packages: list[str]) -> None:
    wanted = " ".join(packages)
    line = f"apt-get update && apt-get install --yes --no-install-recommends {wanted}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise HarnessError(f"missing here: {', '.join(missing)}; type: sudo sh -c '{line}'")
    print(f"installing the Debian packages {wanted} ...", flush=True)
    done = subprocess.run(
        line,
        shell=True,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT,
        check=False,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode != 0 or not all(map(shutil.which, missing)):
        raise HarnessError(f"`{line}` failed: {(done.stderr or done.stdout).strip()[-2000:]}")
