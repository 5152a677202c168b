"""How much memory a process uses, as Linux tells (proc(5))."""

from pathlib import Path


def resident_memory(pid: int) -> int:
    """Bytes in memory now."""
    return _field(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """Bytes in memory at most so far."""
    return _field(pid, "VmHWM")


def _field(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"/proc/{pid}/status has no {name}")
