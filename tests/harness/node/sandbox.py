"""The bubblewrap command line of a container."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ETC = "/run/.node/etc"
# Programs of this machine run in containers with this machine's libraries.
SYSTEM_DIRECTORIES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
SYSTEM_FILES = ("/etc/ssl", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
NODE_FILES = ("hosts", "host.conf", "nsswitch.conf", "passwd", "group", "resolv.conf")


@dataclass(frozen=True)
class Mount:
    """A path of this machine at a path in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Sandbox:
    """All that a container is to see; `image` has paths of this machine by those in it."""

    hostname: str
    etc: Path
    image: Mapping[str, str]
    mounts: Sequence[Mount]
    uid: int
    gid: int
    working_dir: str
    read_only_root: bool


def bwrap_arguments(sandbox: Sandbox, command: Sequence[str], info_fd: int) -> list[str]:
    """`bwrap ... -- command`; the environment is the one bwrap is started with.

    The command is process 1 of its PID namespace, as in a container: it gets the signals that
    it has handlers for, and everything it started ends with it.
    """
    identity = ["--unshare-user", "--uid", str(sandbox.uid), "--gid", str(sandbox.gid)]
    isolation = ["--unshare-pid", "--as-pid-1", "--unshare-ipc", "--unshare-uts"]
    life = ["--hostname", sandbox.hostname, "--new-session", "--die-with-parent"]
    return [
        *identity,
        *isolation,
        *life,
        *_system(sandbox),
        *_mounts(sandbox.mounts),
        *_uncovered(sandbox),
        *(["--remount-ro", "/"] if sandbox.read_only_root else []),
        *("--chdir", sandbox.working_dir),
        *("--info-fd", str(info_fd)),
        "--",
        *command,
    ]


def _system(sandbox: Sandbox) -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_DIRECTORIES:
        path = f"/{name}"
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    for path in SYSTEM_FILES:
        words += ["--ro-bind-try", path, path]
    for path, source in sandbox.image.items():
        words += ["--ro-bind-try", source, path]
    # A directory is bound and not the files in it, so that a rename can replace them.
    words += ["--ro-bind", str(sandbox.etc), ETC]
    for name in NODE_FILES:
        words += ["--symlink", f"{ETC}/{name}", f"/etc/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev"]
    return [*words, "--dir", "/var", "--dir", "/tmp", "--chmod", "1777", "/tmp"]


def _uncovered(sandbox: Sandbox) -> list[str]:
    """The image's paths once more where a volume hides them: a checkout may lie below /tmp."""
    targets = [f"{mount.target.rstrip('/')}/" for mount in sandbox.mounts]
    hidden = [path for path in sandbox.image if path.startswith(tuple(targets))]
    return [word for path in hidden for word in ("--ro-bind-try", sandbox.image[path], path)]


def _mounts(mounts: Sequence[Mount]) -> list[str]:
    """Outer paths first: a later mount hides what an earlier one put below it."""
    words = []
    for mount in sorted(mounts, key=lambda each: each.target.rstrip("/").count("/")):
        option = "--ro-bind" if mount.read_only else "--bind"
        words += [option, str(mount.source), mount.target]
    return words
