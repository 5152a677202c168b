"""How much processor time a process used, as Linux tells (proc(5))."""

import os
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
USER_TIME: Final = 11
"""Place of utime among the fields behind the program's name; stime follows."""


def cpu_seconds(pid: int) -> float:
    """Seconds in user and kernel mode since its start; in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[USER_TIME]) + int(fields[USER_TIME + 1])) / TICKS


def busy_seconds() -> float:
    """Seconds that all cores did anything since boot, or were taken away by the machine's host."""
    cores = Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(int, cores[:8])
    return (user + nice + system + interrupts + soft_interrupts + stolen) / TICKS
