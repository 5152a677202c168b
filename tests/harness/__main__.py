"""`python -m harness`: clusters for people, until Ctrl-C or to the end of the demo."""

import signal
import sys
import time
from types import FrameType

import click

from harness import demo, java
from harness.binaries import binaries
from harness.embedded import EmbeddedCluster
from harness.errors import HarnessError
from harness.go_client import go_client
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
