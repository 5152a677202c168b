"""What something answers while something else goes on."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def sampled(ask: Callable[[], T], interval: float = 0.4) -> Iterator[list[T]]:
    """The answers of `ask` during the body, one every `interval` seconds at most, at least one.

    What `ask` raises is raised at the end of the body.
    """
    answers: list[T] = []
    end = threading.Event()

    def repeat() -> None:
        answers.append(ask())
        while not end.wait(interval):
            answers.append(ask())

    with ThreadPoolExecutor(1, thread_name_prefix="sampling") as pool:
        sampling = pool.submit(repeat)
        try:
            yield answers
        finally:
            end.set()
        sampling.result()
