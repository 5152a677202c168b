"""The quick start as a new user goes through it: a clone, an engine, kind, and what the page says.

Where no registry can be had, `kind` and `docker build` are given what they else would pull.
"""

import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from harness import shell
from harness.binaries import KIND, binaries
from harness.cache import cache_dir, locked
from harness.images import JAVA_IMAGE
from harness.kind import appimages, configuration, rootfs
from harness.kind.cluster import prepare_images
from harness.kind.engine import Engine
from harness.kind.engines import engine
from harness.kind.network import closed_network
from harness.kind.nodeimage import import_root
from harness.rundir import LOGS, run_directory
from harness.wheels import ROOT, wheelhouse

PAGE: Final = Path("docs/quickstart.md")
CLUSTER: Final = "rocketmq"
BROKER_IMAGE: Final = "apache/rocketmq:5.3.3"
PASTE_TIMEOUT: Final = 600.0
FENCE: Final = "```"
STAND_IN: Final = """\
#!/bin/sh
# Creates clusters of the node image that is here, with the broker's image in them.
set -e
case "$1 $2" in
  "create cluster") {kind} "$@" {options}; exec {kind} load docker-image --name {cluster} {image};;
  *) exec {kind} "$@";;
esac
"""


class Pasted(NamedTuple):
    """Commands that were run, what they printed, and the seconds they took."""

    commands: str
    printed: str
    seconds: float


@contextmanager
def desk() -> Iterator["Desk"]:
    """A user's machine with a new clone on it; in the end his cluster is gone."""
    with ExitStack() as stack:
        run_dir = stack.enter_context(run_directory("quickstart"))
        stack.enter_context(locked(cache_dir() / "kind.lock"))
        running = stack.enter_context(engine(run_dir / LOGS / "dockerd.log"))
        node, offline = prepare_images(running)
        network = stack.enter_context(closed_network(running, node))
        running.docker("tag", JAVA_IMAGE, BROKER_IMAGE)
        clone = run_dir / "clone"
        shell.run("git", "clone", "--quiet", ROOT, clone)
        made = Desk(clone, _environment(running, run_dir, network))
        if offline:
            _give_what_is_pulled(running, made, node, run_dir)
        stack.callback(made.paste, f"kind delete cluster --name {CLUSTER}")
        yield made


class Desk:
    """A clone, and the environment of a shell in it."""

    def __init__(self, clone: Path, environment: dict[str, str]) -> None:
        self.clone = clone
        self.environment = environment

    def blocks(self) -> list[str]:
        """What the page has people paste, a text for each block of it."""
        found: list[str] = []
        inside = False
        for line in (self.clone / PAGE).read_text().splitlines(keepends=True):
            if line.startswith(FENCE):
                inside = line.strip() == f"{FENCE}sh"
                if inside:
                    found.append("")
            elif inside:
                found[-1] += line
        return found

    def paste(self, commands: str) -> Pasted:
        """Run a block, which ends at the first command that fails. Raises HarnessError."""
        began = time.monotonic()
        words = ("bash", "-euo", "pipefail", "-c", commands)
        printed = shell.run(*words, cwd=self.clone, env=self.environment, timeout=PASTE_TIMEOUT)
        return Pasted(commands, printed, time.monotonic() - began)


def _environment(running: Engine, run_dir: Path, network: str) -> dict[str, str]:
    programs = run_dir / "bin"
    programs.mkdir()
    for name, path in (
        ("kubectl", binaries(KIND).path("kubectl")),
        ("kind", binaries(KIND).path("kind")),
    ):
        (programs / name).symlink_to(path)
    variables = running.variables()
    return variables | {
        "PATH": f"{programs}:{variables['PATH']}",
        "KUBECONFIG": str(run_dir / "kubeconfig"),
        "KIND_EXPERIMENTAL_DOCKER_NETWORK": network,
    }


def _give_what_is_pulled(running: Engine, desk: Desk, node: str, run_dir: Path) -> None:
    """The node image, the broker's, the base of the product's, and its wheels."""
    kind = Path(desk.environment["PATH"].partition(":")[0], "kind")
    real = kind.resolve()
    kind.unlink()
    ports = configuration.published_ports(running)
    configured = configuration.write(run_dir, running, ports, own_node_image=True)
    options = f"--image={node} --config={configured} --wait=120s"
    text = STAND_IN.format(
        kind=shlex.quote(str(real)), options=options, cluster=CLUSTER, image=BROKER_IMAGE
    )
    kind.write_text(text)
    kind.chmod(0o755)
    shutil.copytree(wheelhouse(appimages.DEBIAN_PYTHON), desk.clone / "wheels")
    given = {"BASE": import_root(running, rootfs.PYTHON), "PIP_NO_INDEX": "1"}
    desk.environment["ARGS"] = f"--network=none {_build_arguments(given)}"


def _build_arguments(given: Mapping[str, str]) -> str:
    return " ".join(f"--build-arg {name}={value}" for name, value in given.items())
