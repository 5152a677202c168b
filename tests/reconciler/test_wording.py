"""Texts that fit where they are kept."""

import pytest

from rocketmq_operator.reconciler.wording import cut, listed


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d", "e"], "a, b, c, and 2 more"),
        (["a very long name", "b"], "a very long name, and 1 more"),
    ],
)
def test_a_list_names_as_many_as_fit_and_how_many_are_left(items: list[str], text: str) -> None:
    assert listed(items, most=9) == text


@pytest.mark.parametrize("length", [0, 100, 101, 50_000])
def test_a_text_is_never_longer_than_it_may_be(length: int) -> None:
    found = cut("x" * length, 100)
    assert len(found) <= 100
    assert found.endswith(" more characters") == (length > 100)
