"""`python -m harness`: clusters for people, until Ctrl-C or to the end of the demo."""

import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

import click

from harness import (
    argocd,
    argosync,
    demo,
    fuzz,
    generated,
    helm,
    java,
    kstatus_program,
    phases,
    pictures,
    prometheus,
    statuspages,
    suite,
)
from harness.binaries import KIND, binaries
from harness.cluster import Cluster
from harness.errors import HarnessError
from harness.go_client import go_client
from harness.images import PRODUCT_IMAGE
from harness.kind import imagereport
from harness.kind.cluster import KindCluster, prepare_images
from harness.kind.engines import engine
from harness.kinds import DEFAULT_KIND, KINDS, cluster_class
from harness.nameserver import NameServer
from harness.packages import require_bubblewrap
from harness.peercrds import peer_crds
from harness.product import Product
from harness.python_client import python_client
from harness.rundir import LOGS, run_directory

chosen_kind = click.option(
    "--cluster", "kind", type=click.Choice(tuple(KINDS)), default=DEFAULT_KIND, show_default=True
)


@click.group()
def main() -> None:
    """Clusters to play with."""


@main.command()
@chosen_kind
def fetch(kind: str) -> None:
    """Build and fetch what tests and demos need, unless the cache has it."""
    if kind == KindCluster.kind:
        _fetch_for_nodes()
        return
    require_bubblewrap()
    binaries()
    java.libraries()
    java.libraries(java.OLD_VERSION)
    go_client()
    python_client()
    kstatus_program.PROGRAM.built()
    argocd.GOPHER.built()
    argosync.PROGRAM.built()
    prometheus.program("prometheus")
    helm.fetch()
    peer_crds()


@main.command()
@chosen_kind
def up(kind: str) -> None:
    """An empty cluster."""
    with _cluster(kind, "up") as cluster:
        _stay(cluster)


@main.command("cluster")
@chosen_kind
def with_operator(kind: str) -> None:
    """A cluster with the API and the operator installed, and nothing else."""
    with _cluster(kind, "cluster") as cluster:
        Product(cluster).install()
        _stay(cluster)


@main.command("demo")
@chosen_kind
@click.option("--once", is_flag=True, help="End after the last step.")
def show(*, kind: str, once: bool) -> None:
    """The product's main job, step by step, with real Java peers."""
    with _cluster(kind, "demo") as cluster:
        demo.show(cluster)
        if not once:
            _stay(cluster)


@main.command("status-pages")
def write_status_pages() -> None:
    """Write docs/status.md from a real run."""
    with _cluster(DEFAULT_KIND, "pages") as cluster:
        statuspages.write(cluster)


@main.command("pictures")
def write_pictures() -> None:
    """Write docs/images from a real run; Chromium is installed for it."""
    with _cluster(DEFAULT_KIND, "pictures") as cluster:
        pictures.write(cluster)


@main.command("generated")
def write_generated() -> None:
    """Write the files that are made from others."""
    for path in generated.write():
        print(path)


@main.command("suite", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run_suite(arguments: tuple[str, ...]) -> None:
    """The end-to-end suite on real nodes; ARGUMENTS are pytest's."""
    sys.exit(suite.run(arguments))


@main.command("fuzz")
@click.option("--frames", default=1_000_000, show_default=True)
@click.option("--seed", default=None, type=int, help="As a run before told; else a new one.")
def send_nonsense(*, frames: int, seed: int | None) -> None:
    """Random and mutated frames against our NameServer."""
    chosen = random.randrange(1 << 30) if seed is None else seed
    print(f"{frames} frames, seed {chosen}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-") as directory,
        NameServer(Path(directory)) as server,
    ):
        print(fuzz.run(server.address, server.pid, frames=frames, seed=chosen))
        if "Traceback" in server.log.read_text(errors="replace"):
            raise HarnessError("a traceback is in the server's log")


def _fetch_for_nodes() -> None:
    with phases.phase("programs and jars"):
        binaries(KIND)
        helm.HELM.built()
        java.libraries()
    with (
        run_directory("fetch") as directory,
        engine(directory / LOGS / "dockerd.log") as running,
    ):
        before = running.image_id(PRODUCT_IMAGE)
        prepare_images(running)
        if running.image_id(PRODUCT_IMAGE) != before:
            print(imagereport.measure(running))
    print(phases.split())


def _cluster(kind: str, name: str) -> Cluster:
    print("starting a cluster", flush=True)
    return cluster_class(kind)(name=name)


def _stay(cluster: Cluster) -> None:
    print(f"\nkubectl is {cluster.kubectl_path}; files in {cluster.kubeconfig.parent}")
    print("Ctrl-C ends the cluster")
    reach = [f"{name}={value}" for name, value in cluster.environment().items() if "NSC" in name]
    print(*reach, f"KUBECONFIG={cluster.kubeconfig}", sep="\n", flush=True)
    while True:
        signal.pause()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run() -> int:
    """Run one command; the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    started = time.monotonic()
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except HarnessError as error:
        print(f"\nfailed after {time.monotonic() - started:.0f} s: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, click.Abort):
        print("\nstopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run())
