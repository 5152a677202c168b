"""Times as the Kubernetes API writes them: RFC 3339, UTC, whole seconds."""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """``2026-01-31T12:00:00Z`` for an aware datetime."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """The aware datetime of an RFC 3339 text; ``ValueError`` for anything else."""
    return datetime.fromisoformat(text)
