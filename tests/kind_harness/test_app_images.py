"""What the product's image is built from."""

from harness.kind import appimages
from harness.wheels import wheelhouse


def test_there_are_wheels_for_the_python_that_the_dockerfile_builds_on() -> None:
    python = appimages.default_python()
    tag = f"cp{python.replace('.', '')}"
    names = [path.name for path in wheelhouse(python).iterdir()]
    assert any(tag in name for name in names)
