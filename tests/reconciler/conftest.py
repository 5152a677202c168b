"""Fixtures of the reconciler's tests."""

import pytest

from rocketmq_operator.reconciler import reconcile


@pytest.fixture
def _status_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No status is put off: nobody waits for it here."""
    monkeypatch.setattr(reconcile, "STATUS_INTERVAL", 0.0)
