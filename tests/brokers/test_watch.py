"""How a lag between two servers is read from samples of what they show."""

from collections.abc import Sequence

import pytest

from harness.watch import Lag, Sample, lag


def shown(*values: str | None, start: float = 0.0) -> list[Sample]:
    """Samples, one each half second, each answered a tenth later."""
    times = [start + number / 2 for number in range(len(values))]
    return [
        Sample(time, time + 0.1, None if value is None else {"s": value})
        for time, value in zip(times, values, strict=True)
    ]


A, B, C = ["a"] * 6, ["b"] * 6, ["c"] * 6


@pytest.mark.parametrize(
    ("one", "other", "seconds"),
    [
        (A + B, A + B, 0.0),
        (A + B, [*A, "a", *B[1:]], 0.0),
        (A + B, [*A, *["a"] * 5, "b"], 1.9),
        ([*A, "c", *B], [*A, "a", *B], 0.0),
        (A + C, [*A, *A], float("inf")),
        (A + C + B, [*A, *A, *B], 2.4),
        (A + [None] * 6 + B, [*A, *A, *B], 2.4),
    ],
    ids=["equal", "within the sampling", "late", "short", "never", "passed", "silent"],
)
def test_lag(one: Sequence[str | None], other: Sequence[str | None], seconds: float) -> None:
    samples = shown(*one), shown(*other)
    assert lag(*samples, "s").seconds == pytest.approx(seconds)
    assert lag(*reversed(samples), "s").seconds == pytest.approx(seconds)


def test_the_worst_moment_is_named() -> None:
    assert lag(shown(*A, *C), shown(*A, *A), "s") == Lag(float("inf"), "s", "c")
