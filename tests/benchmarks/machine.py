"""What the figures were measured on, and with what."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Final

from benchmarks import rust, servers
from harness.errors import HarnessError
from harness.java.libraries import VERSION, libraries
from harness.shell import attempt, run

CPU_INFO: Final = Path("/proc/cpuinfo")
CONGESTION: Final = Path("/proc/sys/net/ipv4/tcp_congestion_control")


def machine() -> dict[str, str]:
    """Processor, cores, memory and kernel."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": _cpu(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{pages * size / servers.GIB:.0f} GiB",
        "kernel": platform.release(),
        "TCP congestion control": CONGESTION.read_text().strip(),
    }


def versions() -> dict[str, str]:
    """Of everything that is compared, and of what it runs on."""
    names = ("rocketmq-operator", "uvloop", "msgspec")
    found = {name: metadata.version(name) for name in names}
    return found | {
        "commit": _commit(),
        "Python": platform.python_version(),
        "RocketMQ": VERSION,
        "JVM": attempt(libraries().java, "-version").stderr.splitlines()[-1],
        "JVM heap": f"{servers.heap() >> 20} MiB",
        "rocketmq-rust": rust.VERSION,
        "gcc": run("gcc", "-dumpfullversion").strip(),
    }


def _cpu() -> str:
    for line in CPU_INFO.read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    try:
        return run("git", "-C", Path(__file__).parent, "describe", "--always", "--dirty").strip()
    except HarnessError:
        return "unknown"
