"""Every command of docs/quickstart.md, pasted as it stands into a shell in a new clone."""

from collections.abc import Iterator

import pytest

from harness.quickstart import Desk, desk

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def user() -> Iterator[Desk]:
    with desk() as made:
        yield made


def test_the_quick_start_works_as_it_stands(user: Desk) -> None:
    printed = ""
    seconds = 0.0
    for block in user.blocks():
        pasted = user.paste(block)
        printed += pasted.printed
        seconds += pasted.seconds
        print(f"\n{pasted.commands}\n{pasted.printed}\n({pasted.seconds:.0f} s)")
    print(f"\nfrom the clone to the end of the page: {seconds:.0f} s")
    shown = [line.split() for line in printed.splitlines() if line.startswith("basic ")]
    assert ["3/3", "Running", "1/1", "Converged"] in [row[1:5] for row in shown]
    assert "broker-a" in printed
    assert user.paste("kind get clusters").printed.strip() == ""
