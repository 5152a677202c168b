"""From a container's specification to what is started for it."""

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.images import SYSTEM_PATH, Image
from harness.node.context import PodContext
from harness.node.environment import (
    command_line,
    container_environment,
    expand,
    own_address,
)
from harness.node.instance import Launch
from harness.node.objects import Object
from harness.node.sandbox import Mount, Sandbox
from harness.node.sources import MissingSourceError

MESSAGE_PATH = "/dev/termination-log"
MESSAGE_BYTES = 4096
LOG_MESSAGE_BYTES = 2048
PUBLISHED_DATA = "..data"


class RefusedError(Exception):
    """The container's specification forbids to start it."""


@dataclass(frozen=True)
class Prepared:
    """One instance about to start."""

    launch: Launch
    container_id: str
    message_file: Path

    def last_words(self, container: Object, exit_code: int) -> str:
        """The termination message: the file's, or the end of the log if that was asked for."""
        text = _tail(self.message_file, MESSAGE_BYTES)
        from_log = container.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        if not text and from_log and exit_code != 0:
            text = _tail(self.launch.log, LOG_MESSAGE_BYTES)
        return text


def prepare(context: PodContext, container: Object, image: Image) -> Prepared:
    """Decide everything about the next instance of a container and make its files.

    Raises MissingSourceError, UnknownFieldError, NoCommandError, RefusedError.
    """
    instance = str(time.time_ns())  # other nodes have logs of a pod of this name, too
    base = _base_environment(context, image)
    variables = container_environment(context.pod, container, context.node.sources, base)
    command = command_line(container, image, variables)
    message_file = context.directory / "messages" / instance
    message_file.parent.mkdir(exist_ok=True)
    message_file.touch(mode=0o666)
    mounts = _mounts(context, container, variables)
    mounts.append(Mount(message_file, container.get("terminationMessagePath") or MESSAGE_PATH))
    launch = Launch(
        bwrap=context.node.bwrap,
        sandbox=_sandbox(context, container, image, mounts),
        command=[own_address(word, context.ip) for word in command],
        environment=variables,
        log=context.node.paths.container_logs(context.key, container["name"]) / f"{instance}.log",
    )
    return Prepared(launch, f"bubblewrap://{secrets.token_hex(32)}", message_file)


def _base_environment(context: PodContext, image: Image) -> dict[str, str]:
    return {
        "PATH": SYSTEM_PATH,
        "HOME": "/",
        "HOSTNAME": hostname(context.pod),
        **image.env,
        **context.node.api.service_environment(),
    }


def hostname(pod: Object) -> str:
    """The host name that its containers see."""
    name: str = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return name[:63]


def user_of(pod: Object, container: Object, image_user: int) -> tuple[int, int]:
    """User and group id that a container runs as. Raises RefusedError."""
    security = pod["spec"].get("securityContext", {}) | container.get("securityContext", {})
    uid = security.get("runAsUser", image_user)
    if uid == 0 and security.get("runAsNonRoot"):
        raise RefusedError(
            "container has runAsNonRoot and image will run as root "
            f"(container: {container['name']})"
        )
    return uid, security.get("runAsGroup", uid)


def _sandbox(context: PodContext, container: Object, image: Image, mounts: list[Mount]) -> Sandbox:
    uid, gid = user_of(context.pod, container, image.user)
    security = container.get("securityContext", {})
    return Sandbox(
        hostname=hostname(context.pod),
        etc=context.etc,
        image=image.binds,
        mounts=mounts,
        uid=uid,
        gid=gid,
        working_dir=container.get("workingDir") or image.working_dir,
        read_only_root=security.get("readOnlyRootFilesystem", False),
    )


def _mounts(context: PodContext, container: Object, variables: Mapping[str, str]) -> list[Mount]:
    mounts = []
    for mount in container.get("volumeMounts", ()):
        volume = context.volume_paths[mount["name"]]
        published = (volume / PUBLISHED_DATA).is_symlink()
        below = mount.get("subPath") or expand(mount.get("subPathExpr", ""), variables)
        source = _below(volume, below, published=published) if below else volume
        read_only = published or mount.get("readOnly", False)
        mounts.append(Mount(source, mount["mountPath"], read_only))
    return mounts


def _below(volume: Path, sub_path: str, *, published: bool) -> Path:
    """A subPath's target; fixed at the start, as by a kubelet, so updates do not reach it."""
    path = volume / sub_path
    if published:
        path = Path(os.path.realpath(path))
        if not path.exists():
            raise MissingSourceError(f"subPath {sub_path!r} is not in the volume")
    elif not path.exists():
        path.mkdir(parents=True)
    return path


def _tail(path: Path, size: int) -> str:
    if not path.exists():
        return ""
    return path.read_bytes()[-size:].decode(errors="replace").strip()
