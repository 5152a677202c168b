"""Console entry points of what runs in containers.

Process 1 of a container gets no signal that it has no handler for, so a SIGTERM during the imports
would be lost and the pod would linger for its whole grace period. The handler comes first.
"""

import os
import signal
from types import FrameType

EARLY_EXIT = 128 + signal.SIGTERM


def nameserver() -> int:
    """``rocketmq-nameserver``."""
    signal.signal(signal.SIGTERM, _leave)
    from rocketmq_operator.nameserver.__main__ import main  # noqa: PLC0415 - see above

    return main()


def operator() -> None:
    """``rocketmq-operator``."""
    signal.signal(signal.SIGTERM, _leave)
    # The Kubernetes client cannot be imported where nothing names a home directory.
    os.environ.setdefault("HOME", "/")
    from rocketmq_operator.reconciler.__main__ import main  # noqa: PLC0415 - see above

    main()


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    os._exit(EARLY_EXIT)
