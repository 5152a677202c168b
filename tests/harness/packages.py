"""System packages the harness needs: installed when it may, else named with the line to type."""

import os
import shutil
import subprocess

from harness.errors import HarnessError

INSTALL_TIMEOUT = 300.0
SANDBOX_TRIAL = ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "true"]


def require_bubblewrap() -> str:
    """Return the path of a `bwrap` that works here, installing the Debian package if root."""
    path = shutil.which("bwrap") or _install("bubblewrap", "bwrap")
    trial = subprocess.run(SANDBOX_TRIAL, capture_output=True, text=True, timeout=30, check=False)
    if trial.returncode != 0:
        raise HarnessError(
            f"{path} cannot make a sandbox here: {trial.stderr.strip()}. Pods of the embedded "
            "cluster need user namespaces: set sysctl kernel.unprivileged_userns_clone=1 and, on "
            "Ubuntu, kernel.apparmor_restrict_unprivileged_userns=0; in Docker use --privileged"
        )
    return path


def _install(package: str, program: str) -> str:
    line = f"apt-get update && apt-get install --yes --no-install-recommends {package}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise HarnessError(f"{program} is missing; type: sudo sh -c '{line}'")
    print(f"installing the Debian package {package} ...", flush=True)
    done = subprocess.run(
        line,
        shell=True,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT,
        check=False,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    )
    found = shutil.which(program)
    if done.returncode != 0 or found is None:
        raise HarnessError(f"`{line}` failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return found
