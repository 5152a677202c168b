"""`python -m harness up`: an empty cluster to play with, until Ctrl-C."""

import signal
import sys
import time
from types import FrameType

from harness.embedded import EmbeddedCluster
from harness.errors import HarnessError

USAGE = "usage: python -m harness up"


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code."""
    if arguments != ["up"]:
        print(USAGE, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _up()
    except HarnessError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopping", flush=True)
    return 0


def _up() -> None:
    started = time.monotonic()
    with EmbeddedCluster(name="up") as cluster:
        print(f"ready after {time.monotonic() - started:.1f} s; files in {cluster.run_dir}")
        print(f"kubectl is {cluster.kubectl_path}")
        print(f"KUBECONFIG={cluster.kubeconfig}", flush=True)
        while True:
            signal.pause()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
