"""Become another program that dies with its parent: `launch.py PARENT_PID PROGRAM ...`.

The death signal survives exec; the parent's identity is checked after it is set, so a parent
that died in between leaves nothing behind either.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set the death signal, then exec the program named on the command line."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(f"the parent {parent} of {program[0]} is gone")
    os.execvp(program[0], program)


if __name__ == "__main__":
    main()
