"""Whether servers say the same: nothing is measured of one that answers something else."""

from collections.abc import Sequence

from harness.errors import HarnessError
from harness.frames import Answer, unordered


def body_lengths(answers: Sequence[Answer], reference: Sequence[Answer], who: str) -> list[int]:
    """How long each body is. Raises HarnessError if one does not mean what the reference does."""
    for answer, wanted in zip(answers, reference, strict=True):
        if not same(answer, wanted):
            raise HarnessError(
                f"{who} answers {answer.code} {answer.body[:300]!r} where Java answers "
                f"{wanted.code} {wanted.body[:300]!r}"
            )
    return [len(answer.body) for answer in answers]


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers mean the same: lists have no order, a field that is null is absent."""
    if one.code != other.code:
        return False
    return one.body == other.body or meaning(one.value) == meaning(other.value)


def meaning(value: object) -> object:
    """A value without nulls and without the order of its lists."""
    return unordered(without_nulls(value))


def without_nulls(value: object) -> object:
    """A value without the fields that are null."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
