"""The two periods of a comparison: whole days, any lengths, in either order, that share no day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput


@dataclass(frozen=True)
class Span:
    """The days from `since` to `until`, both included.

    refuses    empty_range    it ends before it begins
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise BadInput(
                f"The range from {self.since} to {self.until} is empty.", "Give the earlier day first.", code="empty_range"
            )

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    @classmethod
    def parse(cls, text: str) -> Span:
        """From `2026-03-01..2026-03-07`; a single day stands for itself.

        refuses    bad_day, empty_range
        """
        since, dots, until = text.partition("..")
        return cls(parse_day(since.strip()), parse_day((until if dots else since).strip()))


def need_apart(then: Span, now: Span) -> None:
    """refuses    overlapping_periods    a day would be on both sides of the difference"""
    if then.since <= now.until and now.since <= then.until:
        raise BadInput(
            f"{then.since} to {then.until} and {now.since} to {now.until} share days.",
            "Compare periods that do not overlap.",
            code="overlapping_periods",
        )
