"""The only place that looks at the clock. Faces ask it and pass the answer down."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def yesterday() -> date:
    """The last day that is over in UTC."""
    return now().date() - timedelta(days=1)
