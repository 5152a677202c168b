"""The end-to-end suite on a kind cluster: side by side what can be, then alone what must be."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness import phases
from harness.kind.cluster import RUNNING, KindCluster
from harness.product import MANIFESTS, Product
from harness.release import Release
from harness.selection import ALONE, OPTION

TESTS: Final = Path(__file__).resolve().parents[1]
ENGINE_TESTS: Final = TESTS / "kind_harness"
CLUSTER_TESTS: Final = TESTS / "cluster"
LONGEST: Final = tuple(CLUSTER_TESTS / f"test_{name}.py" for name in ("upgrade", "demo", "brokers"))
"""First, so that nobody waits for them at the end."""
WORKERS: Final = 4
"""More of them are slower on two cores."""
SIDE_BY_SIDE: Final = (f"--numprocesses={WORKERS}", "--dist=load", "--maxschedchunk=1")
"""One test at a time to whoever is free: they take from 1 to 70 s."""
NO_TESTS: Final = 5
"""Exit code of pytest (`pytest.ExitCode`)."""
TIMEOUT: Final = 3600.0


def run(arguments: Sequence[str]) -> int:
    """Run everything with further words for pytest; its exit code, and the time split printed."""
    with phases.phase("tests of engines"):
        codes = [_pytest([ENGINE_TESTS], *arguments)]
    with KindCluster(name="tests") as cluster:
        with phases.phase("install the operator by its chart"):
            _install(Product(cluster))
        running = {RUNNING: str(cluster.run_dir)}
        words = (*SIDE_BY_SIDE, f"-mnot {ALONE}", *arguments)
        others = sorted(set(CLUSTER_TESTS.glob("test_*.py")).difference(LONGEST))
        with phases.phase(f"tests, {WORKERS} at a time"):
            codes.append(_pytest([*LONGEST, *others], *words, **running))
        with phases.phase("tests that run alone"):
            codes.append(_pytest([CLUSTER_TESTS], f"-m{ALONE}", *arguments, **running))
    print(f"time: {phases.split()}")
    failed = [code for code in codes if code not in {0, NO_TESTS}]
    return failed[0] if failed else min(codes)


def _install(product: Product) -> None:
    """In a namespace as strict as Pod Security can be, which Helm would not make."""
    product.kubectl("apply", "-f", MANIFESTS / "namespace.yaml")
    Release(product).upgrade()


def _pytest(where: Sequence[Path], *words: str, **variables: str) -> int:
    paths = map(str, where)
    command = [sys.executable, "-m", "pytest", *paths, f"{OPTION}={KindCluster.kind}", *words]
    return subprocess.run(
        command, env=os.environ | variables, timeout=TIMEOUT, check=False
    ).returncode
