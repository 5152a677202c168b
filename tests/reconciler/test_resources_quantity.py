"""Quantities as the API server writes them; test_resources_accepted.py asks the server itself."""

from decimal import Decimal

import pytest

from rocketmq_operator.reconciler.resources.quantity import canonical, value


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("100m", "100m"),
        ("0.1", "100m"),
        ("1000m", "1"),
        (2, "2"),
        ("1500", "1500"),
        ("1000", "1k"),
        ("1.5", "1500m"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1536Mi", "1536Mi"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("0", "0"),
        ("0Gi", "0"),
        ("1e3", "1e3"),
        ("1E", "1E"),
        ("+5", "+5"),
        ("1.500", "1.500"),
        ("1.50", "1500m"),
        ("0.0000000001", "1n"),
    ],
)
def test_canonical_text(text: str | int, written: str) -> None:
    assert canonical(text) == written
    assert canonical(written) == written


def test_value_orders_different_spellings() -> None:
    assert value("900Mi") < value("1Gi") < value("1.1e9") < value("1100000001")
    assert value("500m") == Decimal("0.5")


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "ten", "1Gi2", "1e19", "1" * 33])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        canonical(text)
