"""How Kopf is set up."""

import kopf
import pytest

from rocketmq_operator.reconciler import handlers


@pytest.mark.parametrize("everywhere", [True, False])
async def test_with_namespaces_of_its_own_it_asks_for_nothing_beyond_them(
    *, everywhere: bool
) -> None:
    settings = kopf.OperatorSettings()
    await handlers.configure(settings, everywhere=everywhere)
    assert settings.scanning.disabled == (not everywhere)
