"""`python -m harness`: clusters for people, until Ctrl-C or to the end of the demo."""

import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

import click

from harness import demo, fuzz, java
from harness.binaries import binaries
from harness.embedded import EmbeddedCluster
from harness.errors import HarnessError
from harness.go_client import go_client
from harness.nameserver import NameServer
from harness.packages import require_bubblewrap
from harness.product import Product
from harness.python_client import python_client


@click.group()
def main() -> None:
    """Clusters to play with."""


@main.command()
def fetch() -> None:
    """Build and fetch what tests and demos need, unless the cache has it."""
    require_bubblewrap()
    binaries()
    java.libraries()
    java.libraries(java.OLD_VERSION)
    go_client()
    python_client()


@main.command()
def up() -> None:
    """An empty cluster."""
    with _cluster("up") as cluster:
        _stay(cluster)


@main.command("cluster")
def with_operator() -> None:
    """A cluster with the API and the operator installed, and nothing else."""
    with _cluster("cluster") as cluster:
        Product(cluster).install()
        _stay(cluster)


@main.command("demo")
@click.option("--once", is_flag=True, help="End after the last step.")
def show(*, once: bool) -> None:
    """The product's main job, step by step, with real Java peers."""
    with _cluster("demo") as cluster:
        demo.show(cluster)
        if not once:
            _stay(cluster)


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


def _cluster(name: str) -> EmbeddedCluster:
    print("starting a cluster", flush=True)
    return EmbeddedCluster(name=name)


def _stay(cluster: EmbeddedCluster) -> None:
    print(f"\nkubectl is {cluster.kubectl_path}; files in {cluster.run_dir}")
    print("Ctrl-C ends the cluster")
    print(f"KUBECONFIG={cluster.kubeconfig}", flush=True)
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
