"""Run a program inside a running container: `python -I -S enter.py PID DIRECTORY PROGRAM ...`.

bubblewrap leaves a container in a user namespace below the one that owns its mounts. So: join
the owner of the mounts first (this process may, having made it), then the other namespaces,
and last, in a child that is born in the PID namespace, the container's own user namespace.
"""

import ctypes
import fcntl
import os
import signal
import sys

NS_GET_USERNS = 0xB701
PR_SET_PDEATHSIG = 1
JOINED = ("ipc", "uts", "pid", "mnt")

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Join, run, and end as the program ended."""
    pid, directory, program = sys.argv[1], sys.argv[2], sys.argv[3:]
    spaces = {name: os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in (*JOINED, "user")}
    join(fcntl.ioctl(spaces["mnt"], NS_GET_USERNS))
    for name in JOINED:
        join(spaces[name])
    child = os.fork()
    if child == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        become(spaces["user"], directory, program)
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status) % 256)


def join(space: int) -> None:
    """Move this process into a namespace."""
    if libc.setns(space, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def become(user_space: int, directory: str, program: list[str]) -> None:
    """Turn into the program; does not return."""
    try:
        if not same_namespace(user_space, "/proc/self/ns/user"):
            join(user_space)
        os.chdir(directory)
        os.execvp(program[0], program)
    except OSError as error:
        print(error, file=sys.stderr)
    os._exit(126)


def same_namespace(opened: int, path: str) -> bool:
    """Joining the user namespace one is in is refused by the kernel."""
    return os.fstat(opened).st_ino == os.stat(path).st_ino


if __name__ == "__main__":
    main()
